"""Harmonize a score with an untrained model."""

from pathlib import Path
from typing import Any

import music21
import numpy as np
import pytest
import torch

from pipeline.cli import main
from pipeline.decoding.sampling import Sampling
from pipeline.evaluation.metrics.voice_leading import voice_leading
from pipeline.tools.inference.harmonize import given_voices, harmonize_score, with_placeholders
from pipeline.tools.inference.prompt import PromptError
from pipeline.tools.inference.threads import one_thread
from tests.helpers.melodies import stepwise
from tests.helpers.untrained import untrained

TUNE = "tinyNotation: 3/4 d4 e f# g2."


@pytest.fixture
def choir(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one harmonizer of four voices."""
    project = tmp_path / "project"

    def four_parts(params: dict[str, Any]) -> None:
        params["datasets"]["tunes"]["quantize"]["parts"] = {"default": ["Soprano", "Alto", "Tenor", "Bass"]}

    untrained(finished, project, {"choir": stepwise()}, "harmonize", four_parts)
    monkeypatch.chdir(project)
    return project


@pytest.mark.usefixtures("choir")
def test_the_given_melody_keeps_its_key_and_gets_three_voices() -> None:
    (made,) = harmonize_score(TUNE)
    assert made.grid.voices == 4
    melody = made.grid.pitch[:, 0][~made.grid.tied[:, 0]]
    assert melody.tolist() == [62, 64, 66, 67]


@pytest.mark.usefixtures("choir")
def test_samples_differ_and_a_beam_search_does_not() -> None:
    one, two = harmonize_score(TUNE, sampling=Sampling(1.0), seed=5, count=2)
    assert one.grid != two.grid
    assert harmonize_score(TUNE)[0].grid == harmonize_score(TUNE, seed=9)[0].grid


@pytest.mark.usefixtures("choir")
def test_a_written_harmony_opens_as_four_staves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["harmonize", TUNE, "--out", str(tmp_path / "choral.musicxml")])
    assert "4 voices" in capsys.readouterr().err
    score = music21.converter.parse(tmp_path / "choral.musicxml", forceSource=True)
    assert [part.partName for part in score.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    clefs = [part.recurse().getElementsByClass("Clef").first() for part in score.parts]
    assert type(clefs[2]).__name__ == "Treble8vbClef"
    melody = [note.pitch.midi for note in score.parts[0].stripTies().recurse().notes]
    assert melody == [62, 64, 66, 67]


@pytest.mark.usefixtures("choir")
@pytest.mark.parametrize(
    ("given", "harmonizer", "message"),
    [
        ([0, 1, 2, 3], None, r"given voices \[0, 1, 2, 3\]: tunes has voices 0 to 3; at least one"),
        ([], None, "at least one must be given"),
        ([4], None, "tunes has voices 0 to 3"),
        ([0], "choire", "there is no experiment 'choire'; did you mean 'choir'"),
        ([0, 3], None, "no_such_part"),
    ],
)
def test_a_score_that_cannot_be_harmonized_is_one_message(
    given: list[int], harmonizer: str | None, message: str
) -> None:
    with pytest.raises(PromptError, match=message):
        harmonize_score(TUNE, given, harmonizer)


def test_a_data_set_of_one_voice_cannot_be_harmonized() -> None:
    with pytest.raises(PromptError, match="tunes has a single voice; to harmonize, train an experiment"):
        given_voices([0], 1, "tunes")


def test_given_voices_have_their_positions() -> None:
    row = {
        **{"tokens": [256, 72, 48, 200, 50, 257], "n_steps": 2, "steps_per_bar": None, "step_in_bar": None},
        "phrase_end": [False, True],
    }
    example = with_placeholders(row, [0, 3], 4)
    assert example.source.tolist() == [72, 256, 256, 48, 200, 256, 256, 50]
    assert example.phrase_end is not None
    assert np.flatnonzero(example.phrase_end).tolist() == [1]


@pytest.mark.usefixtures("choir")
def test_strict_voice_leading_breaks_fewer_rules() -> None:
    free, strict = (harmonize_score(TUNE, voice_leading=level, beam=1)[0].grid for level in ("off", "strict"))
    broken = [voice_leading(grid) for grid in (free, strict)]
    assert broken[1].crossings + broken[1].out_of_range < broken[0].crossings + broken[0].out_of_range


@pytest.mark.usefixtures("choir")
def test_passes_revise_harmonies_and_keep_the_melody() -> None:
    (made,) = harmonize_score(TUNE, beam=1, passes=1)
    assert made.grid.pitch[:, 0][~made.grid.tied[:, 0]].tolist() == [62, 64, 66, 67]


@pytest.mark.usefixtures("choir")
@pytest.mark.parametrize("wrong", [{"beam": 0}, {"passes": -1}, {"count": 0}])
def test_a_beam_or_count_below_one_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(PromptError, match="allowed are"):
        harmonize_score(TUNE, **wrong)  # type: ignore[arg-type]


def test_decoding_uses_one_thread_and_restores_the_number() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
