import errno
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.core.files import replacing, replacing_folder, write_text
from pipeline.core.parquet import differences
from pipeline.core.schemas import FAMILIES, GRIDS, NOTES, SPLITS, TOKENS
from pipeline.core.tables import TableError, read_table, readable, write_table
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
    with pytest.raises(TableError, match=r"columns expected: title is missing, .*`dvc repro`"):
        read_table(tmp_path / "a.parquet", FAMILIES)


def test_a_message_names_the_columns_that_differ() -> None:
    wide = pa.schema([("a", pa.int32()), ("b", pa.string()), pa.field("c", pa.int8(), nullable=False)])
    assert differences(pa.schema([("a", pa.int64()), ("c", pa.int8()), ("\x1b\n", pa.int8())]), wide) == (
        r"b is missing, \u001b\n is unknown, a is int64, not int32, c is int8, not int8 without null"
    )
    assert differences(pa.schema(list(wide)[::-1]), wide) == "the columns are repeated or in another order"
    assert differences(pa.schema([]), SPLITS).endswith(", 2 more")


def test_the_error_for_a_damaged_table_gives_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TableError, match="delete it and run `dvc repro`"):
        read_table(tmp_path / "a.parquet", SPLITS)
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "b.parquet", SPLITS)


def test_the_message_of_a_damaged_table_is_one_line(tmp_path: Path) -> None:
    """Arrow's own message about the footer contains a line feed."""
    write_table(tmp_path / "a.parquet", splits(1), SPLITS)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    content[-8 - length : -8] = b"\xff" * length
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(TableError) as caught:
        read_table(tmp_path / "a.parquet", SPLITS)
    assert "thrift" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "error",
    [
        pa.ArrowException(f"Failed to launch worker thread: {os.strerror(errno.EAGAIN)}"),
        OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        MemoryError("no memory"),
    ],
)
def test_a_table_that_the_system_cannot_open_now_is_not_to_be_deleted(error: Exception) -> None:
    with pytest.raises(TableError, match="cannot be read") as found, readable(Path("a.parquet")):
        raise error
    assert "delete" not in str(found.value)


def test_a_write_deletes_what_a_killed_process_left(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for process in (ended.pid, os.getppid()):
        (tmp_path / f"a.txt.{process}.partial").touch()
    write_text(tmp_path / "a.txt", "new")
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", f"a.txt.{os.getppid()}.partial"}
    (tmp_path / f"folder.{ended.pid}.partial/inner").mkdir(parents=True)
    with replacing_folder(tmp_path / "folder"):
        assert not (tmp_path / f"folder.{ended.pid}.partial").exists()


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
