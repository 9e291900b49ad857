"""The shards as they stand, by the programs that people open them with; no network."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

from pipeline.tables import TOKENS, write_table
from pipeline.vocabulary import START, STOP
from tests.melodies import ENTCHEN, scale, write_shard

TUNES = {"train": [ENTCHEN, scale(60, 5)], "valid": [scale(62, 4, 2)]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set with two shards of train, one of valid, and a test split without rows."""
    root = tmp_path / "tunes"
    for split, tunes in TUNES.items():
        for number, tune in enumerate(tunes):
            write_shard(root / split / f"{number:05d}.parquet", [tune])
    write_table(root / "test/00000.parquet", TOKENS.empty_table(), TOKENS)
    return root


def everything() -> list[list[int]]:
    return sorted(tune for tunes in TUNES.values() for tune in tunes)


def test_pandas_reads_the_folder(folder: Path) -> None:
    frame = pd.read_parquet(folder)
    assert sorted(tokens.tolist() for tokens in frame["tokens"]) == everything()
    assert frame["tokens"][0].dtype == np.uint16
    assert sorted(frame["split"]) == ["train", "train", "valid"]


def test_pyarrow_reads_the_folder_as_a_data_set(folder: Path) -> None:
    found = ds.dataset(folder, format="parquet")
    assert found.schema.remove_metadata() == TOKENS
    assert sorted(found.to_table()["tokens"].to_pylist()) == everything()
    assert found.count_rows(filter=ds.field("split") == "valid") == 1


def test_duckdb_reads_the_folder(folder: Path) -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select split, tokens[1], tokens[-1], len(tokens) from read_parquet(?) order by all",
            [f"{folder}/*/*.parquet"],
        ).fetchall()
    lengths = sorted((split, len(tune)) for split, tunes in TUNES.items() for tune in tunes)
    assert rows == [(split, START, STOP, length) for split, length in lengths]


def test_polars_reads_the_folder(folder: Path) -> None:
    frame = pl.read_parquet(folder / "**/*.parquet")
    assert frame.schema["tokens"] == pl.List(pl.UInt16)
    assert sorted(frame["tokens"].to_list()) == everything()


def test_datasets_loads_the_splits_offline(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "1")  # it reads them when it is imported
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    from datasets import load_dataset

    # a shard without rows is beyond this reader: it takes the size of the first row group for its batches
    files = {split: f"{folder}/{split}/*.parquet" for split in TUNES}
    loaded = load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert {split: loaded[split].num_rows for split in loaded} == {"train": 2, "valid": 1}
    assert loaded["train"][0]["tokens"] == ENTCHEN
