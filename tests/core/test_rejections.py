from pathlib import Path

import pytest

from pipeline.core.accounting import Count, Rejection
from pipeline.core.rejections import read_counts, rejection_table, write_rejections
from pipeline.core.schemas import REJECTED
from pipeline.core.tables import TableError, read_table, write_table


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


def test_counts_that_cannot_be_read_name_their_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table(path, rejection_table("filter", []), REJECTED)
    with pytest.raises(TableError, match=r"a\.parquet: not readable"):
        read_counts(path)
