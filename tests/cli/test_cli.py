import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline.cli import main
from pipeline.corpora.sources.catalogue import catalogue
from pipeline.formats import readers
from pipeline.workflow.interruption import INTERRUPTED
from tests.helpers.paths import ROOT
from tests.helpers.reading import READ

COMMANDS = """
check add corpora filter-report books summary explain show trace encode decode generate harmonize report
export-hub columns cross-validate benchmark schema next
""".split()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(arguments)
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The message of a mistake, which ends with exit status 1 and no traceback."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_the_corpora_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, "corpora")
    assert [name for name in catalogue() if name not in printed] == []
    assert "github.com/jukedeck/nottingham-dataset" in printed


def test_without_a_command_the_usage_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_gives_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"python -m pipeline {command}" in capsys.readouterr().out


def test_every_command_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^  ([a-z][a-z-]*)", capsys.readouterr().out, re.MULTILINE)
    assert listed == COMMANDS


@pytest.mark.usefixtures("project")
def test_an_interrupted_command_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.tools.crossvalidation.study.read_study", interrupt)
    with pytest.raises(SystemExit) as ended:
        main(["cross-validate", "--experiment", "x"])
    assert ended.value.code == INTERRUPTED
    assert capsys.readouterr().err.strip() == "interrupted"


@pytest.mark.usefixtures("project")
def test_a_filter_report_counts_rule_by_rule(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, "filter-report", "tunes")
    assert [line.split() for line in printed.splitlines() if line.strip().startswith("min_notes")] == [
        ["min_notes", "8", "too_few_notes", "1", "1", "3"]
    ]
    assert "3 of 4 grids of tunes would be kept." in printed


@pytest.mark.usefixtures("project")
def test_a_misspelt_data_set_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'tunes'" in refused(capsys, "filter-report", "tune")
    assert "did you mean 'tunes'" in refused(capsys, "show", "songs/all#1", "--dataset", "tune")


@pytest.mark.usefixtures("project")
def test_a_piece_is_drawn_in_its_own_key_and_its_tokens_are_those_of_the_shard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = run(capsys, "show", "songs/all#1")
    assert "  C4 |o...|" in printed
    assert "train/00000.parquet:0 (transposed by +5):\nSTART, onset F4, onset G4" in printed


@pytest.mark.usefixtures("project")
def test_a_filtered_piece_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, "show", "songs/all#3")
    assert "onset C4, tied C4 x3" in printed
    assert "this piece is in no shard" in printed


@pytest.mark.usefixtures("project")
def test_a_piece_of_phrases_is_shown_phrase_by_phrase(capsys: pytest.CaptureFixture[str]) -> None:
    both = run(capsys, "show", "songs/all#5", "--dataset", "phrases")
    second = run(capsys, "show", "songs/all#5:2", "--dataset", "phrases")
    assert both.count("START") == 2
    assert second.count("START") == 1


@pytest.mark.usefixtures("project")
def test_a_piece_without_a_grid_points_to_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert "python -m pipeline trace 'songs/all#4'" in refused(capsys, "show", "songs/all#4")


@pytest.mark.usefixtures("project")
def test_a_trace_is_printed_stage_by_stage(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, "trace", "--row", "tunes/train/00000:0", "--step", "5")
    assert "step 5 (onset D5): bar 2 (tick 50400)" in printed
    stages = [line for line in printed.split("\n\n")[1].splitlines() if not line.startswith(" ")]
    assert stages[:4] == ["source", "parse", "families", "quantize@tunes"]


@pytest.mark.usefixtures("project")
def test_a_step_without_a_row_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
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
def test_tokens_can_be_printed_as_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert "START, onset F4" in run(capsys, "encode", "scores/all.abc", "--dataset", "tunes", "--names")


def test_tokens_are_drawn_from_the_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("256 60 188 257"))
    assert run(capsys, "decode", "-") == "step 0\n  C4 |o-|\n\n"


def test_invalid_tokens_are_refused_with_their_position(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "x").write_text("256 60 61 188 257")
    assert "line 1: step 2" in refused(capsys, "decode", str(tmp_path / "x"))
    assert "cannot be opened" in refused(capsys, "decode", str(tmp_path / "none"))


@pytest.mark.usefixtures("project")
def test_the_summary_of_a_stage_is_of_one_key_or_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "summary", "filter@tunes").splitlines()[0] == "filter@tunes"
    both = [line for line in run(capsys, "summary", "filter").splitlines() if line.startswith("filter@")]
    assert both == ["filter@tunes", "filter@phrases"]
    assert "there is no 'nix'" in refused(capsys, "summary", "filter@nix")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_into_80_columns(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*filter(None, [command]), "--help"])
    assert ended.value.code == 0
    assert [line for line in capsys.readouterr().out.splitlines() if len(line) > 80] == []


def test_every_command_is_summarized_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "command",
    [
        ["corpora"],
        ["columns"],
        ["columns", "notes"],
        ["summary", "check", "parse", "encode"],
        ["filter-report", "tunes"],
        ["books", "tunes"],
        ["trace", "songs/all#1"],
        ["trace", "songs/all#4"],
        ["show", "songs/all#1"],
        ["next"],
    ],
)
def test_output_fits_into_80_columns(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, *command).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("words", [["nix"], ["check", "--nix"], ["show"], ["generate", "--count", "two"]])
def test_wrong_usage_ends_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Usage:")
    assert "--help" in printed


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"entchen {pipeline.__version__}\n"


def test_commands_that_need_no_torch_import_none(tmp_path: Path) -> None:
    code = "import sys; from pipeline.cli import main, GROUPS; print({'torch', 'pandas'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.stdout == "set()\n"


def test_a_list_of_numbers_is_given_as_one_or_as_several_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["--given", "0", "3"], ["--given", "0", "--given", "3"]):
        assert "there is no experiment 'nix'" in refused(
            capsys, "harmonize", "tune.abc", *words, "--experiment", "nix"
        )


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["generate", "harmonize", "decode"])
def test_a_format_that_cannot_be_written_is_refused_before_any_work(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {
        "generate": ["--experiment", "nix", "--prompt", "nix.abc"],
        "harmonize": ["nix.abc"],
        "decode": ["nix"],
    }[command]
    assert "'.pdf': no such format" in refused(capsys, command, *words, "--out", "x.pdf")


@pytest.mark.usefixtures("project")
def test_the_path_of_the_report_is_printed_if_it_exists(capsys: pytest.CaptureFixture[str]) -> None:
    assert "`dvc repro report` writes it" in refused(capsys, "report")


def test_the_report_of_an_experiment_without_results_names_the_stage_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_text("experiments: {first: {dataset: tunes}}")
    monkeypatch.chdir(tmp_path)
    assert "`dvc repro evaluate@first` writes it" in refused(capsys, "report", "--experiment", "first")
