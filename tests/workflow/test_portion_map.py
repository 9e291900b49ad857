"""Large tables are distributed over the workers of ``engine``, small ones are not."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.tables import TableError
from pipeline.workflow.portion_map import ROWS_FOR_WORKERS, portion_map


def write(path: Path, n_rows: int) -> Path:
    pq.write_table(pa.table({"piece_id": pa.nulls(n_rows)}), path)
    return path


def test_a_small_table_is_processed_here(tmp_path: Path) -> None:
    assert portion_map([write(tmp_path / "a.parquet", ROWS_FOR_WORKERS - 1)]) is map


def test_a_large_table_is_processed_by_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("engine: {kind: serial, workers: 1, address: null}\n", encoding="utf-8")
    halves = [write(tmp_path / name, ROWS_FOR_WORKERS // 2) for name in ("a.parquet", "b.parquet")]
    mapped = portion_map(halves)
    assert mapped is not map
    assert list(mapped(abs, [-2, -1])) == [2, 1]


def test_a_missing_table_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such file"):
        portion_map([tmp_path / "none.parquet"])
