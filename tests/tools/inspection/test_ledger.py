"""From files to shards, nothing is lost, invented or counted twice."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.core.accounting import AccountingError
from pipeline.core.files import write_json
from pipeline.core.settings import SettingsError
from pipeline.tools.inspection.ledger import Ledger, balance_all, read_ledger
from stages import encode, families, parse, quantize, split
from stages import filter as filters
from tests.helpers import sections

# two tunes with a rest between phrases, one that is too short, one that cannot be read
SONGS = """X:1
T:First
M:4/4
L:1/4
K:C
CDEF|GAGE|z4|cBAG|FEDC|]

X:2
T:Second
M:4/4
L:1/4
K:G
GABc|dedB|AGFE|D2G2|]

X:3
T:Short
M:4/4
L:1/4
K:C
C4|]
"""
BAD = "X:1\nT:A length without a note\nM:4/4\nL:1/4\nK:C\n4CDEF|]\n"
PARAMS = {
    "engine": sections.ENGINE,
    "families": sections.FAMILIES,
    "corpora": {"songs": sections.corpus("scores")},
    "datasets": {
        "tunes": {
            **sections.dataset("songs"),
            "quantize": {**sections.QUANTIZE, "rests": "split", "min_rest": 4},
            "filter": {**sections.FILTER, "min_notes": 2},
            "split": {"kind": "none"},
            "encode": {**sections.ENCODE, "transpose": "none", "max_rows_per_shard": 2},
        }
    },
}

KNOWN = Ledger(
    files=["a/one", "a/two", "a/broken"],
    read=["a/one#1", "a/one#2", "a/two"],
    grids=["a/one#1:1", "a/one#1:2", "a/two:1"],
    written=["a/one#1:1", "a/two:1"],
    rejected={"parse": ["a/broken"], "quantize": ["a/one#2"], "filter": ["a/one#1:2"]},
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of two files, run from the sources to the shards."""
    raw = tmp_path / "data/raw/songs"
    raw.mkdir(parents=True)
    for name, text in (("good.abc", SONGS), ("bad.abc", BAD)):
        (raw / name).write_text(text)
    files = [{"path": name, "sha256": "0", "bytes": 1} for name in ("good.abc", "bad.abc")]
    write_json(raw / "source.json", {"licence": "CC0-1.0", "citation": "us", "files": files, "ignored": []})
    with (tmp_path / "params.yaml").open("w") as file:
        YAML().dump(PARAMS, file)
    monkeypatch.chdir(tmp_path)
    parse.run("songs")
    families.run()
    for stage in (quantize, filters, split, encode):
        stage.run("tunes")
    return tmp_path


def test_every_tune_of_a_file_is_in_a_shard_or_rejected(project: Path) -> None:
    totals = balance_all(read_ledger("tunes", project))
    assert (totals.files, totals.pieces, totals.grids, totals.examples) == (2, 4, 4, 3)
    assert totals.lost == {"parse": 1, "quantize": 0, "filter": 1, "encode": 0}
    assert (
        json.loads((project / "data/cards/tunes/card.json").read_text())["examples"]["train"]["examples"] == 3
    )


def test_a_lost_shard_is_detected(project: Path) -> None:
    (project / "data/tokens/tunes/train/00001.parquet").unlink()
    with pytest.raises(AccountingError, match="1 lost: .'songs/good#2:1'"):
        balance_all(read_ledger("tunes", project))


def test_a_shard_outside_the_splits_is_reported(project: Path) -> None:
    stray = project / "data/tokens/tunes/more/00000.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"")
    with pytest.raises(AccountingError, match="more/00000"):
        read_ledger("tunes", project)


def test_an_unknown_data_set_is_one_message(project: Path) -> None:
    with pytest.raises(SettingsError, match="tunez"):
        read_ledger("tunez", project)


def test_the_counts_of_all_stages_balance() -> None:
    totals = balance_all(KNOWN)
    assert totals.lost == {"parse": 1, "quantize": 1, "filter": 1, "encode": 0}
    assert "3 files with 4 pieces" in str(totals)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda k: replace(k, files=[*k.files, "a/silent"]), "files: 1 lost: .'a/silent'"),
        (lambda k: replace(k, files=k.files[1:]), "files: 1 invented: .'a/one'"),
        (lambda k: replace(k, grids=k.grids[:2]), "pieces after parse: 1 lost: .'a/two'"),
        (lambda k: replace(k, written=k.written[1:]), "grids after quantize: 1 lost: .'a/one#1:1'"),
        (lambda k: replace(k, written=[*k.written, "a/two:9"]), "1 invented: .'a/two:9'"),
        (lambda k: replace(k, written=[*k.written, "a/two:1"]), "1 grids are counted twice: .'a/two:1'"),
        (lambda k: replace(k, written=[*k.written, "a/one#1:2"]), "counted twice: .'a/one#1:2'"),
        (lambda k: replace(k, read=[*k.read, "a/broken"]), "1 pieces are counted twice: .'a/broken'"),
    ],
)
def test_an_imbalance_is_reported(change: Callable[[Ledger], Ledger], fault: str) -> None:
    with pytest.raises(AccountingError, match=fault):
        balance_all(change(KNOWN))
