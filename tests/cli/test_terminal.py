"""No command prints control characters, for any content of scores, names and arguments."""

import copy
import json
import os
import shutil
import unicodedata
from contextlib import suppress
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML

from pipeline.cli import application, main
from pipeline.core.text import safe, safe_line
from stages import download, encode, families, filter, parse, quantize, split
from tests.helpers import sections
from tests.helpers.paths import ROOT

EVIL = "\x1b[2J\x9b31m\x07\N{RIGHT-TO-LEFT OVERRIDE}\x7f"
MUSIC = "CDEF|GABc|dcBA|GFED|CEGc|BGEC|DFAd|cAFD|]"
SCORE = f"""X:1{EVIL}
T:Title{EVIL}
C:Composer{EVIL}
O:Origin{EVIL}
M:4/4
L:1/4
K:C
V:1 name="Part{EVIL}"
{MUSIC}

X:2{EVIL}
T:Broken
L:1/4
K:C
4{EVIL}CDEF|]
"""
NUMBER = "-[2J\ufffd31m-\N{RIGHT-TO-LEFT OVERRIDE}"  # EVIL in the field X: after reading
PIECE = f"songs/all{EVIL}#1{NUMBER}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose data stages have run on a score with control characters in every field."""
    root = tmp_path_factory.mktemp("hostile")
    for file in ("dvc.yaml", "versions.yaml"):
        shutil.copy(ROOT / file, root)
    (root / "scores").mkdir()
    (root / f"scores/all{EVIL}.abc").write_text(SCORE, encoding="utf-8")
    (root / "data").mkdir()
    (root / "data/suffixes.txt").write_text(".abc\n")
    tunes = {**sections.dataset("songs"), "split": {"kind": "none"}}
    source = {**sections.corpus("scores")["source"], "licence": f"licence{EVIL}", "citation": f"us{EVIL}"}
    params = {
        "engine": sections.ENGINE,
        "defaults": {},
        "corpora": {"songs": {**sections.corpus("scores"), "source": source}},
        "families": sections.FAMILIES,
        "datasets": {"tunes": tunes},
        "experiments": {"first": sections.continuing("tunes"), "choir": sections.harmonizing("tunes")},
    }
    with (root / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(copy.deepcopy(params), file)
    before = Path.cwd()
    os.chdir(root)
    try:
        download.run("songs")
        parse.run("songs")
        families.run()
        for stage in (quantize, filter, split, encode):
            stage.run("tunes")
    finally:
        os.chdir(before)
    return root


def controls(text: str) -> set[str]:
    """Characters that control a terminal."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return {letter for letter in text if unicodedata.category(letter) in kinds and letter not in "\n\t"}


COMMANDS = {
    "check": [],
    "corpora": [EVIL],
    "filter-report": ["tunes"],
    "books": ["tunes"],
    "summary": ["download", "parse", "encode"],
    "explain": ["--all"],
    "show": [PIECE],
    "trace": [PIECE],
    "encode": [f"scores/all{EVIL}.abc", "--dataset", "tunes"],
    "decode": ["tokens.txt"],
    "generate": ["--experiment", "first", "--prompt", f"scores/all{EVIL}.abc", "--piece", EVIL],
    "harmonize": [f"scores/all{EVIL}.abc", "--piece", EVIL],
    "cross-validate": ["--experiment", EVIL],
    "benchmark": [EVIL],
    "schema": [],
    "add": ["scores", "--name", EVIL],
    "columns": [EVIL],
    "export-hub": ["tunes", f"out{EVIL}"],
    "next": [],
    "report": ["--experiment", EVIL],
}
MORE = (
    ["show", EVIL],
    ["trace", EVIL],
    ["trace", f"songs/all{EVIL}#2{NUMBER}"],
    ["trace", "--row", f"tunes/{EVIL}/00000:1"],
    ["summary", EVIL],
    ["books", EVIL],
    ["encode", EVIL, "--dataset", "tunes"],
    ["decode", EVIL],
    ["generate", "--experiment", "first", "--prompt", EVIL],
    ["generate", "--experiment", "first", "--prompt", f"tinyNotation: {EVIL}"],
    ["generate", "--experiment", "first", "--prompt", "tinyNotation: \udcfc"],
    ["encode", "\udcfc", "--dataset", "tunes"],
)


def test_every_command_is_tried() -> None:
    assert set(typer.main.get_command(application()).commands) == set(COMMANDS)


@pytest.mark.parametrize("arguments", [*([name, *rest] for name, rest in COMMANDS.items()), *MORE])
def test_a_command_prints_no_control_character(
    arguments: list[str], hostile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(hostile)
    (hostile / "tokens.txt").write_text(f'# {{"title": {json.dumps(EVIL)}}}\n256 60 {EVIL} 257\n')
    with suppress(SystemExit):
        main(arguments)
    printed = capsys.readouterr()
    assert controls(printed.out + printed.err) == set()
    assert printed.out + printed.err


def test_a_title_is_still_recognized(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(hostile)
    main(["show", PIECE])
    assert "songs/all\\u001b[2J\\u009b31m\\u0007\\u202e\\u007f#1" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["Grüße", "新しい", "a\tb\nc", "…", "½", "🎵"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text
    assert "\n" not in safe_line(text)
