"""Continue a prompt over given chord changes."""

from pathlib import Path

import pytest

import pipeline
from pipeline.cli import main
from pipeline.decoding.sampling import GREEDY, Sampling
from pipeline.tools.inference.changes import chords_of_steps, parse_changes
from pipeline.tools.inference.generate import Way, generate
from pipeline.tools.inference.prompt import PromptError, read_prompt
from tests.helpers.melodies import copying
from tests.helpers.untrained import untrained

BARS = "X:1\nM:4/4\nL:1/4\nK:C\nCDEF|G2G2|]"
IN_D = 'X:1\nM:4/4\nL:1/4\nK:D\n"D"DEFG|"A7"A2A2|]'
PICKUP = "X:1\nM:3/4\nL:1/4\nK:C\nG|CDE|F2|]"


@pytest.fixture
def trained(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with untrained weights of two experiments, one of them with chords."""
    project = tmp_path / "project"
    untrained(finished, project, {"plain": copying(), "songs": copying(chords=True)})
    monkeypatch.chdir(project)
    return project


def laid_out(prompt: str, chords: str, n_steps: int | None = None) -> list[str | None]:
    return chords_of_steps(parse_changes(chords), read_prompt(prompt, "tunes"), n_steps)


@pytest.mark.parametrize(
    ("entry", "chord"),
    [("Am7", "A:min7"), ("G/B", "G:maj/3"), ("F#m7b5", "F#:hdim7"), ("N.C.", "N"), ("A:min7", "A:min7")],
)
def test_chords_are_spelled_as_in_scores_or_in_harte_syntax(entry: str, chord: str) -> None:
    (change,) = parse_changes(entry)
    assert (change.chord, change.beats) == (chord, None)


def test_a_number_after_a_colon_is_a_length_in_beats() -> None:
    assert [(c.chord, c.beats) for c in parse_changes(["G:7", "G7:2", "A:min:3"])] == [
        ("G:maj", 7),
        ("G:7", 2),
        ("A:min", 3),
    ]


@pytest.mark.parametrize(
    ("chords", "message"),
    [
        ("", "chords: none given; expected one chord per bar"),
        ("Am H7", '"H7" is no chord symbol'),
        ("Am:0", "lasts for 0 beats; allowed are 1 to"),
        ("Am:99999999999999", "beats; allowed are 1 to"),
        ("Am | F", r'"\|" is no chord symbol'),
    ],
)
def test_an_entry_that_is_no_chord_is_refused_before_a_model_is_loaded(chords: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        Way(GREEDY, chords=chords)


@pytest.mark.usefixtures("trained")
def test_one_chord_lasts_for_one_bar() -> None:
    assert laid_out(BARS, "Am F") == ["A:min"] * 4 + ["F:maj"] * 4


@pytest.mark.usefixtures("trained")
def test_chords_with_beats_last_as_long_as_given() -> None:
    assert laid_out(BARS, "Am:3 F:1 C") == ["A:min"] * 3 + ["F:maj"] + ["C:maj"] * 4


@pytest.mark.usefixtures("trained")
def test_changes_are_repeated_in_a_longer_continuation() -> None:
    assert laid_out(BARS, "C:1 G:1", 5) == ["C:maj", "G:maj", "C:maj", "G:maj", "C:maj"]


@pytest.mark.usefixtures("trained")
def test_changes_begin_at_the_next_bar_line() -> None:
    assert laid_out(PICKUP, "C G") == [None, *["C:maj"] * 3, *["G:maj"] * 3]
    with_chords = PICKUP.replace("F2", '"F"F2')
    assert laid_out(with_chords, "C")[:2] == ["F:maj", "C:maj"]


@pytest.mark.usefixtures("trained")
def test_a_beat_that_is_no_whole_number_of_steps_is_refused() -> None:
    with pytest.raises(PromptError, match="1/8 is no whole number of steps"):
        laid_out(PICKUP.replace("3/4", "6/8"), "C:1")


@pytest.mark.usefixtures("trained")
def test_without_a_time_signature_a_chord_needs_a_length() -> None:
    free = BARS.replace("M:4/4", "M:none")
    with pytest.raises(PromptError, match='such as "Am:4"'):
        laid_out(free, "Am")
    assert laid_out(free, "Am:2") == ["A:min"] * 2


@pytest.mark.usefixtures("trained")
def test_the_continuation_is_as_long_as_the_changes_and_has_them_in_the_key_of_the_prompt() -> None:
    way = Way(Sampling(1.0), chords="Bm G D A7", seed=2)
    (made,) = generate("songs", IN_D, way)
    begin = made.layout.mark
    assert begin == 8
    assert made.grid.n_steps <= begin + 16
    wanted = [(0, "D:maj"), (4, "A:7"), (8, "B:min"), (12, "G:maj"), (16, "D:maj"), (20, "A:7")]
    assert list(made.layout.chords) == [(step, chord) for step, chord in wanted if step < made.grid.n_steps]


@pytest.mark.usefixtures("trained")
def test_other_changes_give_another_continuation() -> None:
    def continued(chords: str) -> list[int]:
        (made,) = generate("songs", BARS, Way(Sampling(9.0), chords=chords, quarters=16))
        pitches: list[int] = made.grid.pitch[made.layout.mark :, 0].tolist()
        return pitches

    assert continued("C F G C") == continued("C F G C") != continued("F#m Ebm Bb7 Abm")


@pytest.mark.usefixtures("trained")
def test_a_beam_search_continues_over_changes() -> None:
    (made,) = generate("songs", BARS, Way(GREEDY, beam=2, chords="Am F"))
    assert made.grid.n_steps <= 16


@pytest.mark.usefixtures("trained")
def test_a_model_without_chords_refuses_them_and_one_with_chords_needs_them() -> None:
    with pytest.raises(PromptError, match="the model is not conditioned on chords"):
        generate("plain", BARS, Way(GREEDY, chords="Am F"))
    with pytest.raises(PromptError, match='give those of the continuation: --chords "Am F C G"'):
        generate("songs", BARS, Way(GREEDY))


@pytest.mark.usefixtures("trained")
def test_the_command_writes_the_chords_above_the_staff(tmp_path: Path) -> None:
    out = tmp_path / "song.musicxml"
    main(["generate", "--experiment", "songs", "--prompt", BARS, "--chords", "Am F:2 G:2", "--out", str(out)])
    assert [symbol.harte for symbol in pipeline.read(out).chords][:1] == ["A:min"]


@pytest.mark.usefixtures("trained")
def test_in_python_a_score_is_continued_over_changes() -> None:
    made = pipeline.load_model("songs").generate(BARS, chords=["Am", "F"], temperature=1.0, seed=4)
    assert made.prompt_steps == 8
    assert made.chords[:9] == [None] * 8 + ["A:min"]
