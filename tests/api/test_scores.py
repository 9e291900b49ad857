"""A score from file to tokens to file in Python, without a project."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import pipeline
from pipeline.datasets.encoding.encode import PROJECT_VERSION
from pipeline.errors import PipelineError
from tests.helpers.musicxml_text import TIME_4_4, measure, note, score
from tests.helpers.paths import ROOT

TUNE = "tinyNotation: 3/4 d4 e8 f# g4 a2."
TWO_TUNES = "X:1\nT:First\nM:2/4\nL:1/4\nK:G\nGA|B2|]\n\nX:2\nT:Second\nM:4/4\nL:1/4\nK:Am\nABcd|]\n"


def two_parts(*names: str) -> bytes:
    """A part on C5 above a part on C4."""
    attributes = f"<divisions>1</divisions>{TIME_4_4}"
    parts = [measure(note(name, 4), attributes) for name in ("C5", "C4")]
    return score(*parts, names=names or ("Soprano", "Bass"))


def alone(code: str, *, stdin: bool = False, folder: Path) -> str:
    """What a program prints that runs on its own, at the top level of its file or of standard input."""
    file = folder / "program.py"
    file.write_text(code)
    command = [sys.executable, *(["-"] if stdin else [str(file)])]
    done = subprocess.run(
        command,
        input=code if stdin else None,
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=True,
    )
    return done.stdout


def test_importing_the_package_imports_no_library(tmp_path: Path) -> None:
    code = "import sys, pipeline\nprint(sorted({'numpy', 'pyarrow', 'pandas', 'torch'} & set(sys.modules)))"
    assert alone(code, folder=tmp_path) == "[]\n"


@pytest.mark.parametrize("stdin", [False, True])
def test_a_program_without_a_main_guard_reads_a_file(stdin: bool, tmp_path: Path) -> None:
    (tmp_path / "tune.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nC2D2|]\n")
    code = "import pipeline\nprint(pipeline.encode(pipeline.read('tune.abc').quantize(1)).tolist())\n"
    code += "import sys\nprint('torch' in sys.modules)"
    assert alone(code, stdin=stdin, folder=tmp_path) == "[256, 60, 188, 62, 190, 257]\nFalse\n"


def test_notes_are_exact() -> None:
    part = pipeline.read("tinyNotation: 4/4 trip{c8 d e} f2.").parts[0]
    assert part.onset_quarters == [0, Fraction(1, 3), Fraction(2, 3), 1]
    assert part.duration_quarters[-1] == 3


def test_a_score_has_title_key_and_meter() -> None:
    score = pipeline.read(TWO_TUNES, piece=1)
    assert (score.title, score.key, score.meter) == ("First", "G major", "2/4")


@pytest.mark.parametrize("piece", [2, "2", "Second", "prompt#2"])
def test_a_piece_of_a_collection_is_named_by_number_title_or_name(piece: str | int) -> None:
    assert pipeline.read(TWO_TUNES, piece=piece).key == "A minor"


def test_a_broken_tune_does_not_hide_another_that_is_named() -> None:
    text = f"{TWO_TUNES}\nX:3\nT:Broken\nM:4/4\nL:1/4\nK:C\n4CDEF|]\n"
    assert pipeline.read(text, piece=2).title == "Second"
    for read in (pipeline.read, pipeline.read_all):
        with pytest.raises(pipeline.PipelineError, match="piece 3: bad_syntax"):
            read(text)


def test_a_collection_needs_a_choice() -> None:
    with pytest.raises(pipeline.PipelineError, match=r"2 pieces.*prompt#1 \(First\), prompt#2 \(Second\)"):
        pipeline.read(TWO_TUNES)
    with pytest.raises(pipeline.PipelineError, match="did you mean 'Second'"):
        pipeline.read(TWO_TUNES, piece="Secnd")


@pytest.mark.parametrize("suffix", [".mid", ".musicxml"])
def test_tokens_saved_as_a_score_are_read_back(suffix: str, tmp_path: Path) -> None:
    grid = pipeline.read(TUNE).quantize(2)
    path = pipeline.decode(pipeline.encode(grid), like=grid).save(tmp_path / f"tune{suffix}")
    assert pipeline.read(path).quantize(2) == grid


def test_a_grid_is_saved_as_sound(tmp_path: Path) -> None:
    assert pipeline.read(TUNE).quantize().save(tmp_path / "tune.wav").read_bytes().startswith(b"RIFF")


def test_a_score_is_encoded_on_sixteenths_by_default() -> None:
    score = pipeline.read(TUNE)
    assert np.array_equal(pipeline.encode(score), pipeline.encode(score.quantize(4)))


def test_transposing_moves_notes_and_key_and_comes_back() -> None:
    grid = pipeline.read(TWO_TUNES, piece=1).quantize(1)
    higher = grid.transpose(5)
    assert (higher.pitch[0, 0] - grid.pitch[0, 0], higher.layout.key_fifths) == (5, 0)
    assert higher.transpose(-5) == grid


@pytest.mark.parametrize(("parts", "pitches"), [(None, [72]), (1, [60]), ("Bas", [60]), ("all", [72, 60])])
def test_parts_are_chosen_by_name_or_number(
    parts: int | str | None, pitches: list[int], tmp_path: Path
) -> None:
    (tmp_path / "two.musicxml").write_bytes(two_parts())
    grid = pipeline.read(tmp_path / "two.musicxml").quantize(1, parts)
    assert grid.pitch[0].tolist() == pitches


def test_the_part_named_melody_is_taken_before_the_top_one(tmp_path: Path) -> None:
    (tmp_path / "band.musicxml").write_bytes(two_parts("Strings", "Melody"))
    assert pipeline.read(tmp_path / "band.musicxml").quantize(1).pitch[0].tolist() == [60]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps_per_quarter": 0}, "quantize.steps_per_quarter: .*found 0"),
        ({"rests": "no"}, "quantize.rests: .*found 'no'"),
        ({"parts": 3}, "there is no part 3"),
        ({"parts": "Flute"}, "its parts have no names"),
        ({"steps_per_quarter": 1, "on_inexact": "reject"}, "cannot be quantized: inexact"),
    ],
)
def test_a_wrong_setting_is_one_line(settings: dict[str, object], message: str) -> None:
    with pytest.raises(pipeline.PipelineError, match=message) as caught:
        pipeline.read(TUNE).quantize(**settings)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none.abc", "no such file"),
        ("", "no such file"),
        (".", "is a folder"),
        ("broken.abc", "bad_syntax"),
        ("x.pdf", "x.pdf"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    path: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\n4CDEF|]\n")
    Path("x.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(pipeline.PipelineError, match=message) as caught:
        pipeline.read(path)
    assert "\n" not in str(caught.value)


def test_a_file_read_in_a_child_process_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "all.abc").write_text(TWO_TUNES)
    trusted, isolated = (pipeline.read_all(tmp_path / "all.abc", isolated=choice) for choice in (False, True))
    assert [score.name for score in isolated] == [score.name for score in trusted] == ["all#1", "all#2"]
    assert all(a.quantize() == b.quantize() for a, b in zip(trusted, isolated, strict=True))


def test_the_version_is_that_of_the_project() -> None:
    assert pipeline.__version__ == PROJECT_VERSION


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(pipeline, "reed")
    assert {"read", "encode", "load_model"} <= set(dir(pipeline))


def test_one_bad_tune_loses_no_other_when_errors_are_warnings(tmp_path: Path) -> None:
    path = tmp_path / "all.abc"
    path.write_text("X:1\nT:One\nK:C\nCDEF|\n\nX:2\nT:Two\nK:C\nC[D|\n\nX:3\nT:Three\nK:G\nGABc|\n")
    with pytest.raises(PipelineError, match="2"):
        pipeline.read_all(path)
    with pytest.warns(UserWarning, match="all.abc"):
        scores = pipeline.read_all(path, errors="warn")
    assert [score.title for score in scores] == ["One", "Three"]
