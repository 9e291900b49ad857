"""The written shards can be opened with common libraries, without a network."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

from pipeline.core.schemas import TOKENS
from pipeline.core.vocabulary import START, STOP
from pipeline.models.base.batches import fingerprint, read_rows
from tests.helpers.melodies import ENTCHEN, scale, write_shard

TUNES = {"train": [ENTCHEN, scale(60, 5)], "valid": [scale(62, 4, 2)]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set with two shards of train, one of valid, and no test piece."""
    root = tmp_path / "tunes"
    for split, tunes in TUNES.items():
        for number, tune in enumerate(tunes):
            write_shard(root / split / f"{number:05d}.parquet", [tune])
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

    files = {split.name: f"{split}/*.parquet" for split in sorted(folder.iterdir())}
    cache = str(tmp_path / "cache")
    for split, tunes in TUNES.items():
        loaded = load_dataset("parquet", data_files=files, split=split, cache_dir=cache)
        assert list(loaded["tokens"]) == tunes
    streams = load_dataset("parquet", data_files=files, streaming=True)
    assert {split: len(list(stream)) for split, stream in streams.items()} == {"train": 2, "valid": 1}


def test_datasets_finds_the_splits_by_their_folders(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    from datasets import load_dataset

    loaded = load_dataset("parquet", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 2, "validation": 1}


def test_a_split_without_pieces_has_no_rows(folder: Path) -> None:
    rows = read_rows(folder, "test")
    assert (rows.num_rows, rows.schema) == (0, TOKENS)
    assert read_rows(folder, "test", ["tokens"]).column_names == ["tokens"]


def test_the_fingerprint_of_a_data_set_needs_no_held_out_piece(folder: Path) -> None:
    before = fingerprint(folder)
    write_shard(folder / "test/00000.parquet", [ENTCHEN])
    assert fingerprint(folder) != before
