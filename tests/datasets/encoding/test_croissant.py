"""The Croissant metadata of a data set."""

import hashlib
from pathlib import Path
from typing import Any

import mlcroissant
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.datasets.encoding.croissant import make_croissant
from tests.helpers.melodies import ENTCHEN, scale, write_shard

CARD = {
    "dataset": "tunes",
    "project_version": "1.2.3",
    "vocabulary": {"size": 258},
    "voices": 1,
    "steps_per_quarter": 4,
    "corpora": {
        "b": {"kept": 2, "licences": ["CC0-1.0"], "citations": ["Us 1900"]},
        "a": {"kept": 1, "licences": ["CC-BY-4.0", "CC0-1.0"], "citations": ["Them 1800"]},
        "none": {"kept": 0, "licences": ["secret"], "citations": ["Nobody"]},
    },
}


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    root = tmp_path / "tokens/tunes"
    write_shard(root / "train/00000.parquet", [ENTCHEN])
    write_shard(root / "train/00001.parquet", [scale(60, 5)])
    write_shard(root / "test/00000.parquet", [scale(62, 4)])
    return sorted(root.glob("*/*.parquet"))


def made(shards: list[Path]) -> dict[str, Any]:
    return make_croissant(CARD, shards, shards[0].parents[3] / "cards/tunes")


def test_every_shard_is_found_from_the_card_and_has_its_sum(shards: list[Path]) -> None:
    folder = shards[0].parents[3] / "cards/tunes"
    folder.mkdir(parents=True)
    files = made(shards)["distribution"]
    assert [file["@id"] for file in files] == ["test-00000", "train-00000", "train-00001"]
    for file in files:
        content = (folder / file["contentUrl"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_the_fields_are_the_columns_of_the_shard(shards: list[Path]) -> None:
    described = made(shards)
    for records in described["recordSet"]:
        source = {field["source"]["fileObject"]["@id"] for field in records["field"]}
        assert records["@id"] == f"rows-{source.pop()}"
        columns = [field["source"]["extract"]["column"] for field in records["field"]]
        assert columns == pq.read_schema(shards[0]).names


def test_lists_are_repeated_and_numbers_are_numbers(shards: list[Path]) -> None:
    fields = {field["name"]: field for field in made(shards)["recordSet"][0]["field"]}
    kinds = {name: (field["dataType"], field.get("repeated", False)) for name, field in fields.items()}
    assert kinds["tokens"] == ("sc:Integer", True)
    assert kinds["phrase_end"] == ("sc:Boolean", True)
    assert kinds["title"] == ("sc:Text", False)
    assert kinds["n_steps"] == ("sc:Integer", False)


def test_licences_and_citations_are_those_of_the_corpora_in_the_data_set(shards: list[Path]) -> None:
    described = made(shards)
    assert described["license"] == ["CC-BY-4.0", "CC0-1.0"]
    assert described["citeAs"] == "Them 1800; Us 1900"
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.0"


def judged(path: Path) -> mlcroissant.Dataset:
    """Validate with the reader of MLCommons, which raises on an error."""
    dataset = mlcroissant.Dataset(jsonld=str(path))
    assert dataset.metadata.ctx.issues.errors == set()
    return dataset


def test_the_records_are_the_rows_that_pandas_reads(finished: Path) -> None:
    dataset = judged(finished / "data/cards/tunes/croissant.json")
    rows = pd.read_parquet(finished / "data/tokens/tunes/train/00000.parquet")
    records = list(dataset.records("rows-train-00000"))
    assert len(records) == len(rows) > 0
    for record, (_, row) in zip(records, rows.iterrows(), strict=True):
        read = {name.split("/")[-1]: value for name, value in record.items()}
        assert read["piece_id"].decode() == row["piece_id"]
        assert read["tokens"] == row["tokens"].tolist()
        assert read["n_steps"] == row["n_steps"]


@pytest.mark.parametrize(
    "card", sorted(Path("data/cards").glob("*/croissant.json")), ids=lambda c: c.parent.name
)
def test_the_metadata_of_every_data_set_here_is_valid(card: Path) -> None:
    assert judged(card).metadata.record_sets
