import random
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.core.accounting import Count, Rejection
from pipeline.core.files import replacing
from pipeline.core.tables import (
    FAMILIES,
    GRIDS,
    NOTES,
    REJECTED,
    SPLITS,
    TOKENS,
    TableError,
    as_lists,
    flatten,
    read_counts,
    read_table,
    rejection_table,
    write_rejections,
    write_table,
)
from tests.helpers.paths import ROOT

SPLIT_ROW = {
    "piece_id": "a/1",
    "corpus": "a",
    "tune_family": "f",
    "split": "train",
    "soft_relative": None,
    "relative_of": None,
    "relation": None,
    "likeness": None,
}


def splits(n_rows: int) -> pa.Table:
    return pa.Table.from_pylist([SPLIT_ROW] * n_rows, schema=SPLITS)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    whole = splits(6)
    pieces = pa.concat_tables([whole.slice(0, 2), whole.slice(2, 4)])
    write_table(tmp_path / "a.parquet", whole, SPLITS, {"y": "2", "x": "1"})
    write_table(tmp_path / "b.parquet", pieces, SPLITS, {"x": "1", "y": "2"})
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_table_is_read_as_written(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", splits(3), SPLITS)
    assert read_table(tmp_path / "a.parquet", SPLITS).to_pylist() == [SPLIT_ROW] * 3
    assert read_table(tmp_path / "a.parquet", SPLITS, ["split"]).column_names == ["split"]


def test_other_columns_than_expected_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="columns"):
        write_table(tmp_path / "a.parquet", splits(1).drop_columns(["split"]), SPLITS)
    write_table(tmp_path / "a.parquet", splits(1), SPLITS)
    with pytest.raises(TableError, match="expected"):
        read_table(tmp_path / "a.parquet", FAMILIES)


def test_the_error_for_a_damaged_table_gives_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TableError, match="delete it and run `dvc repro`"):
        read_table(tmp_path / "a.parquet", SPLITS)
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "b.parquet", SPLITS)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail() -> None:
        with replacing(target) as partial:
            partial.write_text("half of the ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_rejected_rows_contain_the_counts(tmp_path: Path) -> None:
    rejections = [Rejection("b/1", "short", value=3, limit=8), Rejection("a/1", "narrow", part=1)]
    write_rejections(tmp_path / "r.parquet", "filter", rejections, {"a": Count(2, 1, 1), "b": Count(1, 0, 1)})
    rows = read_table(tmp_path / "r.parquet", REJECTED).to_pylist()
    assert [(row["piece_id"], row["rule"], row["value"]) for row in rows] == [
        ("a/1", "narrow", None),
        ("b/1", "short", 3.0),
    ]
    assert read_counts(tmp_path / "r.parquet") == {"a": Count(2, 1, 1), "b": Count(1, 0, 1)}


def test_without_rejections_the_table_is_empty() -> None:
    assert rejection_table("filter", []).num_rows == 0


def test_list_columns_are_flat_arrays_inside() -> None:
    column = pa.chunked_array([pa.array([[1, 2], None]), pa.array([[], [3]], pa.list_(pa.int64()))])
    offsets, values = flatten(column)
    assert offsets.tolist() == [0, 2, 2, 2, 3]
    assert values.tolist() == [1, 2, 3]
    assert flatten(column.slice(3))[1].tolist() == [3]
    assert as_lists(offsets, np.asarray(values), pa.int32()).to_pylist() == [[1, 2], [], [], [3]]


def test_the_guide_lists_every_column() -> None:
    guide = (ROOT / "docs/data.md").read_text(encoding="utf-8")
    named = {
        name for line in guide.splitlines() if line.startswith("|") for name in re.findall(r"`(\w+)`", line)
    }
    assert sorted({*NOTES.names, *GRIDS.names, *TOKENS.names} - named) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_corrupted_table_is_read_or_named(seed: int, tmp_path: Path) -> None:
    path, dice = tmp_path / "a.parquet", random.Random(seed)
    write_table(path, splits(6), SPLITS)
    good, n_refused = path.read_bytes(), 0
    footer = int.from_bytes(good[-8:-4], "little")
    for _ in range(100):
        content = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            content[len(good) - 9 - dice.randrange(footer)] = dice.randrange(256)
        path.write_bytes(content)
        try:
            read_table(path, SPLITS)
        except TableError:
            n_refused += 1
    assert n_refused > 50


def test_counts_that_cannot_be_read_name_their_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table(path, splits(1), SPLITS)
    with pytest.raises(TableError, match=r"a\.parquet: not readable"):
        read_counts(path)
