from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.core.portions import open_table
from pipeline.core.schemas import NOTES, SPLITS
from pipeline.core.tables import TableError, read_table, write_table
from pipeline.datasets.columns.chunks import in_portions, read_portions
from tests.helpers.notes_text import notes_table, part


def tunes(*names: str) -> pa.Table:
    """A split of pieces of these names."""
    row = {"corpus": "a", "tune_family": "f", "split": "train", "soft_relative": None}
    rows = [{**row, "piece_id": name, "relative_of": f"b/{n}"} for n, name in enumerate(names)]
    return pa.Table.from_pylist(rows, schema=SPLITS)


def names_of(portions: list[pa.Table]) -> list[list[str]]:
    return [portion["piece_id"].to_pylist() for portion in portions]


@pytest.fixture
def two_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.datasets.columns.chunks.ROWS_AT_ONCE", 2)


@pytest.mark.parametrize("size", [1000, 4096, 9999])
def test_portions_give_the_same_bytes_as_all_at_once(tmp_path: Path, size: int) -> None:
    whole = tunes(*(f"a/{n:05d}" for n in range(10_000)))
    notes = {"x": "1"}
    write_table(tmp_path / "once.parquet", whole, SPLITS, notes)
    with open_table(tmp_path / "portions.parquet", SPLITS, notes) as table:
        for begin in range(0, whole.num_rows, size):
            table.add(whole.slice(begin, size))
    assert table.n_rows == whole.num_rows
    assert (tmp_path / "portions.parquet").read_bytes() == (tmp_path / "once.parquet").read_bytes()


def test_a_row_group_has_4096_rows_and_a_table_without_rows_none(tmp_path: Path) -> None:
    for n, groups in ((0, []), (4096, [4096]), (4097, [4096, 1])):
        write_table(tmp_path / "a.parquet", tunes(*(f"a/{i:04d}" for i in range(n))), SPLITS)
        found = pq.ParquetFile(tmp_path / "a.parquet").metadata
        assert [found.row_group(i).num_rows for i in range(found.num_row_groups)] == groups
        assert read_table(tmp_path / "a.parquet", SPLITS).num_rows == n


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.parquet"
    write_table(target, tunes("a/1"), SPLITS)

    def fail() -> None:
        with open_table(target, SPLITS) as table:
            table.add(tunes("a/2"))
            table.add(tunes("a/3").drop_columns(["split"]))

    with pytest.raises(TableError, match="columns"):
        fail()
    assert read_table(target, SPLITS)["piece_id"].to_pylist() == ["a/1"]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.usefixtures("two_rows_at_once")
def test_a_piece_is_never_cut(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", tunes("a/1", "a/2", "a/2", "a/2", "a/3", "a/4", "a/5"), SPLITS)
    found = names_of(list(read_portions([tmp_path / "a.parquet"], SPLITS)))
    assert found == [["a/1", "a/2", "a/2", "a/2"], ["a/3", "a/4"], ["a/5"]]


@pytest.mark.usefixtures("two_rows_at_once")
def test_unsorted_rows_of_several_files_are_read_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.core.tables.ROWS_PER_GROUP", 2)
    write_table(tmp_path / "b.parquet", tunes("b/2", "b/1", "b/4", "a/9", "b/3"), SPLITS)
    write_table(tmp_path / "a.parquet", tunes("a/3", "b/0", "a/1"), SPLITS)
    portions = read_portions([tmp_path / "b.parquet", tmp_path / "a.parquet"], SPLITS, columns=["piece_id"])
    assert names_of(list(portions)) == [["a/1", "a/3"], ["a/9", "b/0"], ["b/1", "b/2"], ["b/3", "b/4"]]


def test_the_parts_of_a_piece_are_in_order(tmp_path: Path) -> None:
    notes = notes_table(part("a/1", "60:1", 1, "Bass"), part("a/1", "72:1", 0, "Soprano"))
    write_table(tmp_path / "a.parquet", notes, NOTES)
    (portion,) = read_portions([tmp_path / "a.parquet"], NOTES, keys=("piece_id", "part"))
    assert portion["part_name"].to_pylist() == ["Soprano", "Bass"]


def test_no_rows_are_one_portion_without_rows(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", tunes(), SPLITS)
    assert names_of(list(read_portions([tmp_path / "a.parquet"], SPLITS))) == [[]]
    assert names_of(list(in_portions(tunes()))) == [[]]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"b\.parquet: no such file"):
        list(read_portions([tmp_path / "b.parquet"], SPLITS))
