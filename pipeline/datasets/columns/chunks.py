"""Read and write tables larger than memory in portions of whole pieces.

A stage that treats every piece independently processes one portion after the other;
its output has the same bytes as if all rows had been written at once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.core.parquet import ROWS_PER_GROUP, Digest, compact, noted, write_groups
from pipeline.core.tables import of_schema, read_table

ROWS_AT_ONCE = 4 * ROWS_PER_GROUP


def read_portions(
    paths: Sequence[Path],
    schema: pa.Schema,
    *,
    keys: Sequence[str] = ("piece_id",),
    columns: Sequence[str] | None = None,
) -> Iterator[pa.Table]:
    """Yield all rows of some files in order, about ROWS_AT_ONCE at a time, never part of a piece.

    Sorted files are read once. Unsorted rows are gathered from all files for every
    portion, which takes time but no extra memory.

    Args:
        paths: files of the same schema; at least one.
        keys: the columns that the rows are sorted by, piece_id first.
        columns: the columns to read; None: all.

    Yields:
        Portions in one chunk; a single portion without rows if there are no rows.

    Raises:
        TableError: a file is missing, damaged or of another schema.
    """
    known = pa.concat_tables([read_table(path, schema, keys) for path in paths])
    order = pc.sort_indices(known, [(key, "ascending") for key in keys]).to_numpy()
    borders = _borders(known["piece_id"].take(pa.array(order)))
    del known
    rows = _Rows(paths, columns)
    if not len(order):
        yield rows.take(order)
    for begin, end in pairwise(borders):
        yield rows.take(order[begin:end])


def in_portions(table: pa.Table) -> Iterator[pa.Table]:
    """Yield the rows of a table with contiguous pieces in the portions of ``read_portions``."""
    if not table.num_rows:
        yield table
    for begin, end in pairwise(_borders(table["piece_id"])):
        yield table.slice(begin, end - begin).combine_chunks()


@contextmanager
def open_table(
    path: Path, schema: pa.Schema, metadata: Mapping[str, str] | None = None
) -> Iterator[PortionWriter]:
    """Open a table to add portions to; the file is written only if no error occurs.

    Raises:
        TableError: the columns of a portion differ from the schema.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The schema at the start of the file contains the digest, so all rows are read before one is written.
    with tempfile.TemporaryFile(dir=path.parent) as spool:
        table = PortionWriter(path, schema, spool)
        yield table
        digest = table.finish()
        spool.seek(0)
        with pa.ipc.open_stream(spool) as stream:
            groups = (pa.Table.from_batches([batch]) for batch in stream)
            write_groups(path, groups, noted(schema, metadata, digest))


class PortionWriter:
    """Rows to be written to a file; one row group is in memory.

    Attributes:
        n_rows: number of rows added.
    """

    def __init__(self, path: Path, schema: pa.Schema, spool: BinaryIO) -> None:
        self.n_rows = 0
        self._path = path
        self._schema = schema
        self._sink = Digest(spool)
        self._stream = self._sink.stream(schema)
        self._waiting: pa.Table = schema.empty_table()

    def add(self, portion: pa.Table) -> None:
        """Add the next rows, in order."""
        self.n_rows += portion.num_rows
        rows = pa.concat_tables([self._waiting, of_schema(self._path, portion, self._schema)])
        whole = rows.num_rows // ROWS_PER_GROUP * ROWS_PER_GROUP
        for begin in range(0, whole, ROWS_PER_GROUP):
            self._stream.write_table(compact(rows.slice(begin, ROWS_PER_GROUP)))
        self._waiting = compact(rows.slice(whole))

    def finish(self) -> str:
        """Finish the rows and return the digest of all."""
        if self._waiting.num_rows:
            self._stream.write_table(self._waiting)
        self._stream.close()
        return self._sink.hexdigest()


class _Rows:
    """Access to rows of several files by number; reads only the row groups that contain them."""

    def __init__(self, paths: Sequence[Path], columns: Sequence[str] | None) -> None:
        self._files = [pq.ParquetFile(path) for path in paths]
        self._columns = None if columns is None else list(columns)
        self._groups = [
            (file, group) for file in self._files for group in range(file.metadata.num_row_groups)
        ]
        sizes = [file.metadata.row_group(group).num_rows for file, group in self._groups]
        self._ends = np.cumsum(np.array(sizes, np.int64))

    def take(self, rows: NDArray[np.uint64]) -> pa.Table:
        """Return the rows with these numbers, in this order."""
        wanted = rows.astype(np.int64)
        group = np.searchsorted(self._ends, wanted, side="right")
        needed = np.unique(group)
        read = [self._files[0].schema_arrow.empty_table().select(self._names())]
        read += [self._read(number) for number in needed.tolist()]
        sizes = np.array([table.num_rows for table in read], np.int64)
        shift = np.cumsum(sizes)[:-1] - (self._ends[needed] - sizes[1:])
        places = wanted + shift[np.searchsorted(needed, group)]
        found = pa.concat_tables(read)
        return _take(found, places).combine_chunks()

    def _names(self) -> list[str]:
        return self._columns or self._files[0].schema_arrow.names

    def _read(self, number: int) -> pa.Table:
        file, group = self._groups[number]
        return file.read_row_group(group, columns=self._columns)


def _take(table: pa.Table, places: NDArray[np.int64]) -> pa.Table:
    """Rows by number; consecutive rows are not copied."""
    if (np.diff(places) == 1).all():
        return table.slice(int(places[0]) if len(places) else 0, len(places))
    return table.take(pa.array(places))


def _borders(piece_ids: pa.ChunkedArray) -> list[int]:
    """Borders of the portions: at the first new piece after a given number of rows."""
    n = len(piece_ids)
    ids = piece_ids.combine_chunks()
    starts = np.flatnonzero(np.append(True, pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)))
    borders = np.append(starts, n)[np.searchsorted(starts, np.arange(0, n, ROWS_AT_ONCE))]
    return [int(border) for border in np.unique(np.append(borders, n))]
