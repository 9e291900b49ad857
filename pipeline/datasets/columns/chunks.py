"""Read tables larger than memory in portions of whole pieces.

A stage that treats every piece independently processes one portion after the other, and
writes its rows by ``pipeline.core.portions.open_table``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.core.parquet import ROWS_PER_GROUP
from pipeline.core.tables import read_table, readable

ROWS_AT_ONCE = 4 * ROWS_PER_GROUP
# applies a function to every portion as ``map`` does; results in the order of the portions
Mapped = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


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


class _Rows:
    """Access to rows of several files by number; reads only the row groups that contain them."""

    def __init__(self, paths: Sequence[Path], columns: Sequence[str] | None) -> None:
        self._paths = list(paths)
        self._files = [pq.ParquetFile(path) for path in paths]
        self._columns = None if columns is None else list(columns)
        self._groups = [
            (number, group)
            for number, file in enumerate(self._files)
            for group in range(file.metadata.num_row_groups)
        ]
        sizes = [self._files[file].metadata.row_group(group).num_rows for file, group in self._groups]
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
        with readable(self._paths[file]):
            return self._files[file].read_row_group(group, columns=self._columns)


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
