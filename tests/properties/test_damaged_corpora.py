"""A corpus of good, damaged and hostile files of every format, through all data stages."""

import copy
import hashlib
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.core.schemas import REJECTED
from pipeline.core.tables import read_table
from pipeline.formats.readers import SUFFIXES
from pipeline.tools.inspection.ledger import balance_all, read_ledger
from stages import download, encode, families, filter, parse, quantize, split
from tests.helpers import sections
from tests.helpers.fuzzing import TINY, TOKENS, seeds, spoil
from tests.helpers.hostile import hostile_files
from tests.helpers.paths import ROOT

N_SPOILT = 60  # files with random damage
SMALL = 40_000  # bytes; the larger hostile files have tests of their own
ENDINGS = {"abc": ".abc", "musicxml": ".musicxml", "midi": ".mid", "kern": ".krn", "jsb_json": ".json"}
OUTPUTS = ("notes", "rejected", "families.parquet", "grids", "filtered", "splits", "tokens", "cards")


def write_corpus(folder: Path) -> None:
    """Per format one good file, the hostile ones, and good ones cut, flipped and mixed."""
    for hostile in hostile_files():
        if len(hostile.content) <= SMALL:
            (folder / f"hostile-{hostile.name}").write_bytes(hostile.content)
    good = seeds()
    del good[TOKENS]
    for number in range(N_SPOILT):
        spoilt = spoil(good, 29, number)
        (folder / f"spoilt-{number}{ENDINGS.get(spoilt.format, '.txt')}").write_bytes(spoilt.content)
    for name, content in TINY.items():
        (folder / f"good-{name}{ENDINGS.get(name, '.txt')}").write_bytes(content)
        (folder / f"cut-{name}{ENDINGS.get(name, '.txt')}").write_bytes(content[: len(content) // 2])


def write_project(root: Path) -> None:
    shutil.copy(ROOT / "dvc.yaml", root)
    (root / "scores").mkdir()
    (root / "data").mkdir()
    (root / "data/suffixes.txt").write_text("".join(f"{suffix}\n" for suffix in sorted(SUFFIXES)))
    write_corpus(root / "scores")
    dataset = {
        **sections.dataset("songs"),
        "quantize": {**sections.QUANTIZE, "steps_per_quarter": 4},
        "filter": {**sections.FILTER, "min_notes": 3},
        "encode": {**sections.ENCODE, "transpose": "none"},
        "split": {**sections.SPLIT, "valid": 0.3, "test": 0.3},
    }
    params = {
        "engine": sections.ENGINE,
        "defaults": {},
        "corpora": {"songs": sections.corpus("scores")},
        "families": sections.FAMILIES,
        "datasets": {"tunes": dataset},
        "experiments": {},
    }
    with (root / "params.yaml").open("w") as file:
        YAML().dump(copy.deepcopy(params), file)


def run_all() -> dict[str, str]:
    """Run the data stages with an empty piece cache; the sha256 of each output."""
    shutil.rmtree(".cache", ignore_errors=True)
    download.run("songs")
    parse.run("songs")
    families.run()
    for stage in (quantize, filter, split, encode):
        stage.run("tunes")
    files = [path for name in OUTPUTS for path in sorted(Path("data").glob(f"{name}/**/*"))]
    files = [path for path in [*files, Path("data/families.parquet")] if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    root, before = tmp_path_factory.mktemp("damaged"), Path.cwd()
    write_project(root)
    os.chdir(root)
    try:
        yield root, run_all()
    finally:
        os.chdir(before)


def test_no_file_and_no_piece_is_lost(outputs: tuple[Path, dict[str, str]]) -> None:
    root, _ = outputs
    n_files = sum(path.suffix in SUFFIXES for path in (root / "scores").iterdir())
    totals = balance_all(read_ledger("tunes"))
    assert totals.files == n_files > N_SPOILT
    assert totals.examples > 10
    assert totals.lost["parse"] > N_SPOILT


def test_every_rejection_has_a_rule_and_a_reason(outputs: tuple[Path, dict[str, str]]) -> None:
    root, _ = outputs
    for path in sorted((root / "data/rejected").glob("*/*.parquet")):
        for row in read_table(path, REJECTED).to_pylist():
            assert row["rule"], row
            assert row["detail"] or row["limit"] is not None, row


def test_a_second_run_in_another_order_gives_the_same_bytes(outputs: tuple[Path, dict[str, str]]) -> None:
    root, before = outputs
    files = sorted((root / "scores").iterdir())
    random.Random(1).shuffle(files)
    for path in files:  # a new order in the folder, new times and inodes
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    assert run_all() == before
