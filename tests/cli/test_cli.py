import io
import re
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.corpora.sources.catalogue import catalogue
from pipeline.formats import readers
from tests.helpers.reading import READ

COMMANDS = """
check corpora filter-report books summary explain show trace encode decode generate harmonize cross-validate
benchmark report schema
""".split()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(arguments)
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said of a mistake, which ends with exit status 1 and no traceback."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_the_corpora_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "corpora")
    assert [name for name in catalogue() if name not in said] == []
    assert "github.com/jukedeck/nottingham-dataset" in said


def test_without_a_command_the_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_gives_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"python -m pipeline {command}" in capsys.readouterr().out


def test_no_command_is_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^    ([a-z][a-z-]*)", capsys.readouterr().out, re.MULTILINE)
    assert listed == COMMANDS


@pytest.mark.usefixtures("project")
def test_a_filter_report_counts_rule_by_rule(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "filter-report", "tunes")
    assert [line.split() for line in said.splitlines() if line.strip().startswith("min_notes")] == [
        ["min_notes", "8", "too_few_notes", "1", "1", "3"]
    ]
    assert "3 of 4 grids of tunes would be kept." in said


@pytest.mark.usefixtures("project")
def test_a_misspelt_data_set_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'tunes'" in refused(capsys, "filter-report", "tune")
    assert "did you mean 'tunes'" in refused(capsys, "show", "songs/all#1", "--dataset", "tune")


@pytest.mark.usefixtures("project")
def test_a_piece_is_drawn_in_its_own_key_and_named_as_the_shard_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = run(capsys, "show", "songs/all#1")
    assert "  C4 |o...|" in said
    assert "train/00000.parquet:0 (transposed by +5):\nSTART, onset F4, onset G4" in said


@pytest.mark.usefixtures("project")
def test_a_filtered_piece_is_shown_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "show", "songs/all#3")
    assert "onset C4, tied C4 x3" in said
    assert "no shard holds this piece" in said


@pytest.mark.usefixtures("project")
def test_a_piece_of_phrases_is_shown_phrase_by_phrase(capsys: pytest.CaptureFixture[str]) -> None:
    both = run(capsys, "show", "songs/all#5", "--dataset", "phrases")
    second = run(capsys, "show", "songs/all#5:2", "--dataset", "phrases")
    assert both.count("START") == 2
    assert second.count("START") == 1


@pytest.mark.usefixtures("project")
def test_a_piece_without_a_grid_points_to_its_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert "python -m pipeline trace 'songs/all#4'" in refused(capsys, "show", "songs/all#4")


@pytest.mark.usefixtures("project")
def test_a_story_is_told_stage_by_stage(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "trace", "--row", "tunes/train/00000:0", "--step", "5")
    assert "step 5 (onset D5): bar 2 (tick 50400)" in said
    stages = [line for line in said.split("\n\n")[1].splitlines() if not line.startswith(" ")]
    assert stages[:4] == ["source", "parse", "families", "quantize@tunes"]


@pytest.mark.usefixtures("project")
def test_a_step_without_a_row_means_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--row" in refused(capsys, "trace", "songs/all#1", "--step", "5")


@pytest.mark.usefixtures("project")
def test_a_file_becomes_tokens_and_a_score_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = tmp_path / "all.tokens"
    text.write_text(run(capsys, "encode", "scores/all.abc", "--dataset", "tunes"))
    main(["decode", str(text), "--out", str(tmp_path / "song.musicxml")])
    (source,) = readers.split("song-1.musicxml", (tmp_path / "song-1.musicxml").read_bytes())
    piece = readers.read(source, READ)
    assert piece.title == "The Long One"
    assert piece.parts[0].pitch.tolist()[:5] == [60, 62, 64, 66, 67]
    assert piece.parts[0].key_fifths == 1


@pytest.mark.usefixtures("project")
def test_tokens_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "START, onset F4" in run(capsys, "encode", "scores/all.abc", "--dataset", "tunes", "--names")


def test_tokens_are_drawn_from_the_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("256 60 188 257"))
    assert run(capsys, "decode", "-") == "step 0\n  C4 |o-|\n\n"


def test_wrong_tokens_are_refused_with_their_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "x").write_text("256 60 61 188 257")
    assert "line 1: step 2" in refused(capsys, "decode", str(tmp_path / "x"))
    assert "cannot be opened" in refused(capsys, "decode", str(tmp_path / "none"))


@pytest.mark.usefixtures("project")
def test_what_stages_made_is_shown_of_one_key_or_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "summary", "filter@tunes").splitlines()[0] == "filter@tunes"
    both = [line for line in run(capsys, "summary", "filter").splitlines() if line.startswith("filter@")]
    assert both == ["filter@tunes", "filter@phrases"]
    assert "there is no 'nix'" in refused(capsys, "summary", "filter@nix")
