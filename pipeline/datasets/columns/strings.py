"""Columns of strings as Python objects, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

VALUES_AT_ONCE = 8192


def strings_of(column: pa.Array | pa.ChunkedArray) -> Iterator[Any]:
    """The values of a column in order; a list of all of them would take several times its memory."""
    for begin in range(0, len(column), VALUES_AT_ONCE):
        yield from column.slice(begin, VALUES_AT_ONCE).to_pylist()
