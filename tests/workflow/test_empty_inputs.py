"""Every stage whose input has no rows, or lacks a file: it runs, or ends in one message with a remedy."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from pipeline.errors import PipelineError
from pipeline.formats.readers import SUFFIXES
from stages import download, encode, evaluate, families, filter, parse, quantize, report, split, train
from tests.helpers import sections
from tests.helpers.paths import ROOT
from tests.helpers.project import tune

STAGES = {
    "parse": parse,
    "families": families,
    "quantize": quantize,
    "filter": filter,
    "split": split,
    "encode": encode,
    "train": train,
    "evaluate": evaluate,
    "report": report,
}
TRAIN, *HELD_OUT = (f"tokens/tunes/{name}/00000.parquet" for name in ("train", "valid", "test"))
TABLES = [  # of the report; the other inputs of the report are tried in tests/report/test_page.py
    *("notes/songs.parquet", "grids/tunes.parquet", "filtered/tunes.parquet", "families.parquet"),
    *("splits/tunes.parquet", "splits/tunes.leaks.parquet", "cards/tunes/leaks.parquet", TRAIN, *HELD_OUT),
    *(f"evaluations/first/{name}.parquet" for name in ("pieces", "novelty", "surprisal", "statistics")),
    "evaluations/choir/pieces.parquet",
]
INPUTS = {  # files that are changed together are one list
    "parse songs": [["raw/songs/source.json"]],
    "families": [["notes/songs.parquet"]],
    "quantize tunes": [["notes/songs.parquet"]],
    "filter tunes": [["grids/tunes.parquet"]],
    "split tunes": [["filtered/tunes.parquet"], ["families.parquet"]],
    "encode tunes": [
        ["filtered/tunes.parquet"],
        *([f"splits/tunes.{name}"] for name in ("parquet", "audit.json", "leaks.parquet", "leaks.md")),
    ],
    "train first": [[TRAIN], HELD_OUT],
    "train choir": [[TRAIN], HELD_OUT],
    "evaluate first": [[TRAIN], HELD_OUT, ["runs/first/splits.txt"], ["runs/first/weights.safetensors"]],
    "evaluate choir": [[TRAIN], HELD_OUT, ["runs/choir/families.txt"], ["runs/choir/config.json"]],
    "report": [TABLES],
}
REMEDIES = ("dvc repro", "add pieces", "data/rejected/ lists", "not written by this project", "describes")


def run(stage: str) -> None:
    name, *key = stage.split()
    STAGES[name].run(*key)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after all stages."""
    root = tmp_path_factory.mktemp("finished")
    evaluation = {"continued_pieces": 1, "continuation_samples": 1, "scores": 1, "save_attention": False}
    first, choir = sections.continuing("tunes"), sections.harmonizing("tunes")
    first["evaluation"] |= evaluation
    choir["evaluation"] |= {"scores": 1}
    params = {
        "engine": sections.ENGINE,
        "corpora": {"songs": sections.corpus("scores")},
        "families": sections.FAMILIES,
        "datasets": {"tunes": sections.dataset("songs")},
        "experiments": {"first": first, "choir": choir},
    }
    (root / "scores").mkdir()
    (root / "scores/all.abc").write_text("".join(map(tune, range(1, 13))))
    (root / "data/crossvalidation").mkdir(parents=True)
    (root / "data/suffixes.txt").write_text("\n".join(SUFFIXES))
    (root / "data/corpora.txt").write_text("songs\n")
    for name in ("versions.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root)
    with (root / "params.yaml").open("w") as file:
        YAML().dump(json.loads(json.dumps(params)), file)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        download.run("songs")
        for stage in INPUTS:
            run(stage)
    return root


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, the current directory."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def empty(file: Path) -> None:
    """Remove all rows of a table, all members of an object, or everything."""
    if file.suffix == ".parquet":
        pq.write_table(pq.read_table(file).slice(0, 0), file)
    else:
        file.write_text("{}" if file.suffix == ".json" else "")


def outcome(stage: str) -> str:
    """The message that a stage ends with, or ""."""
    try:
        run(stage)
    except PipelineError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("change", [empty, Path.unlink], ids=["empty", "missing"])
@pytest.mark.parametrize(
    ("stage", "files"),
    [
        pytest.param(stage, files, id=f"{stage}, {files[0]}")
        for stage, changes in INPUTS.items()
        for files in changes
    ],
)
def test_an_input_without_rows_or_a_missing_one_gives_an_output_or_one_message(
    stage: str, files: list[str], change: Callable[[Path], None], project: Path
) -> None:
    for file in files:
        change(project / "data" / file)
    message = outcome(stage)
    assert message == "" or message.isprintable()
    assert message == "" or any(remedy in message for remedy in REMEDIES)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("train first", "tunes has no training piece, .*; lower valid and test"),
        ("evaluate first", "tokens/tunes/train: no training piece for the baselines; lower valid and test"),
        ("evaluate choir", "tokens/tunes/train: no training piece for the baselines; lower valid and test"),
    ],
)
def test_a_data_set_without_a_training_piece_names_the_settings_to_change(
    stage: str, message: str, project: Path
) -> None:
    empty(project / "data" / TRAIN)
    assert re.search(message, outcome(stage))
