"""Continue prompts of all kinds with a model, in the key of the prompt."""

import os
from pathlib import Path
from typing import Any

import music21
import numpy as np
import pytest

from pipeline.cli import main
from pipeline.decoding.sampling import GREEDY, Sampling
from pipeline.tools.inference.generate import Way, generate
from pipeline.tools.inference.prompt import PromptError, read_prompt
from tests.helpers.melodies import copying
from tests.helpers.project import edit
from tests.helpers.untrained import untrained

TUNE = "tinyNotation: 4/4 c4 d e f g2 g"


@pytest.fixture
def trained(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with one experiment and untrained weights."""
    project = tmp_path / "project"
    untrained(finished, project, {"first": copying()})
    monkeypatch.chdir(project)
    return project


@pytest.mark.usefixtures("trained")
def test_a_prompt_in_a_line_of_text_is_continued_in_its_own_key() -> None:
    (made,) = generate("first", "tinyNotation: 3/4 d4 e f# g2.", Way(Sampling(1.0), quarters=8))
    begins = made.layout.mark
    assert begins is not None
    assert made.grid.pitch[:4, 0].tolist() == [62, 64, 66, 67]
    assert begins < made.grid.n_steps <= begins + 8 * made.layout.steps_per_quarter


@pytest.mark.usefixtures("trained")
def test_samples_differ_and_depend_on_the_seed() -> None:
    def sampled(seed: int) -> list[list[int]]:
        found = generate("first", TUNE, Way(Sampling(1.0), quarters=8, seed=seed, count=3))
        return [made.grid.pitch[made.layout.mark :, 0].tolist() for made in found]

    assert sampled(1) == sampled(1) != sampled(2)
    assert len({tuple(each) for each in sampled(1)}) > 1


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("way", [Way(GREEDY, quarters=4), Way(Sampling(1.0), beam=3, quarters=4)])
def test_a_continuation_without_sampling_is_deterministic(way: Way) -> None:
    first, second = (generate("first", TUNE, way)[0].grid for _ in range(2))
    assert np.array_equal(first.pitch, second.pitch)
    assert np.array_equal(first.tied, second.tied)


@pytest.mark.usefixtures("trained")
def test_a_piece_is_chosen_from_a_file_of_many() -> None:
    with pytest.raises(PromptError, match=r"contains \d pieces: choose one by --piece, songs/all#1"):
        read_prompt("scores/all.abc", "tunes")
    assert read_prompt("scores/all.abc", "tunes", "2")["piece_id"] == "songs/all#2"
    with pytest.raises(PromptError, match="contains no piece '99'"):
        read_prompt("scores/all.abc", "tunes", "99")


@pytest.mark.usefixtures("trained")
def test_a_prompt_that_cannot_be_read_is_an_error_with_the_reason() -> None:
    with pytest.raises(PromptError, match="nothing in it can be read as a prompt: no_notes"):
        read_prompt("tinyNotation: 4/4 r4 r", "tunes")


def test_the_top_part_is_used_if_the_named_part_is_missing(trained: Path) -> None:
    def sopranos(params: dict[str, Any]) -> None:
        params["datasets"]["tunes"]["quantize"]["parts"] = {"default": ["Soprano"]}

    edit(trained / "params.yaml", sopranos)
    assert read_prompt("scores/all.abc", "tunes", "2")["piece_id"] == "songs/all#2"


@pytest.mark.usefixtures("trained")
def test_a_misspelt_experiment_gets_a_suggestion() -> None:
    with pytest.raises(PromptError, match="did you mean 'first'"):
        generate("frist", TUNE, Way(GREEDY))


def test_several_deterministic_continuations_are_refused() -> None:
    with pytest.raises(PromptError, match="only samples differ"):
        Way(GREEDY, count=2)


@pytest.mark.usefixtures("trained")
def test_the_command_writes_scores_that_open(tmp_path: Path) -> None:
    command = ["generate", "--experiment", "first", "--prompt", TUNE, "--quarters", "4", "--count", "2"]
    for suffix in ("mid", "musicxml", "wav"):
        main([*command, "--top-k", "9", "--out", str(tmp_path / f"tune.{suffix}")])
    for number in (1, 2):
        assert (tmp_path / f"tune-{number}.wav").read_bytes().startswith(b"RIFF")
        score = music21.converter.parse(tmp_path / f"tune-{number}.musicxml", forceSource=True)
        assert [note.pitch.midi for note in score.flatten().notes][:4] == [60, 62, 64, 65]


@pytest.mark.usefixtures("trained")
def test_without_a_file_the_continuation_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate", "--experiment", "first", "--prompt", TUNE, "--temperature", "0", "--quarters", "2"])
    assert "C4 |o" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"beam": 999_999_999}, "beam 999999999: allowed are 0 to 256"),
        ({"quarters": 10**9}, "quarters 1000000000: allowed are 1 to 4,096"),
        ({"count": 10**9}, "count 1000000000: allowed are 1 to 1,000"),
        ({"seed": -1}, "seed -1: allowed are 0 to"),
    ],
)
def test_excessive_settings_are_refused(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(PromptError, match=message):
        Way(Sampling(1.0), **wrong)  # type: ignore[arg-type]


@pytest.mark.usefixtures("trained")
def test_a_prompt_of_too_many_tokens_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long.abc").write_text("X:1\nL:1/4\nK:C\nC20000D|\n")
    with pytest.raises(PromptError, match="tokens; a prompt has at most 16,384"):
        read_prompt(str(tmp_path / "long.abc"), "tunes")


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("out", ["folder.mid", "/proc/x.mid", f"{'a' * 300}.mid", "file/x.mid"])
def test_a_path_that_cannot_be_written_is_one_message(
    out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "project/folder.mid").mkdir()
    (tmp_path / "project/file").touch()
    with pytest.raises(SystemExit):
        main(["generate", "--experiment", "first", "--prompt", TUNE, "--quarters", "1", "--out", out])
    assert "Traceback" not in (errors := capsys.readouterr().err)
    assert len(errors.splitlines()) <= 2


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    "command",
    [["encode", "pipe", "--dataset", "tunes"], ["decode", "pipe"], ["encode", ".", "--dataset", "tunes"]],
)
def test_a_pipe_in_place_of_a_file_is_refused_at_once(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "project/pipe")
    with pytest.raises(SystemExit):
        main(command)
    assert "regular file" in capsys.readouterr().err
