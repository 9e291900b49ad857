"""Writing Parquet so that the same rows give the same bytes, independent of how they arrive.

The options are fixed, a row group has ROWS_PER_GROUP rows, and the metadata of a file
contain a digest of its rows: the sha256 of their Arrow stream with ROWS_PER_GROUP rows per
message, so that a stream on disk can be digested while it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.files import replacing
from pipeline.core.text import safe_line

ROWS_PER_GROUP = 4096
MAX_DIFFERENCES = 6  # of two schemas in a message


def write_groups(path: Path, groups: Iterable[pa.Table], schema: pa.Schema) -> None:
    """Write a Parquet file with one row group per table; a file without rows has no group.

    Readers that use the size of a group as their batch size (``datasets``) fail at a group
    without rows.
    """
    with (
        replacing(path) as partial,
        pq.ParquetWriter(partial, schema, version="2.6", compression="zstd", compression_level=3) as writer,
    ):
        for group in groups:
            writer.write_table(group)


def noted(schema: pa.Schema, metadata: Mapping[str, str] | None, digest: str) -> pa.Schema:
    """A schema with the metadata of a file, sorted by name."""
    notes = {**(metadata or {}), "content_sha256": digest}
    return schema.with_metadata({key: notes[key] for key in sorted(notes)})


def compact(rows: pa.Table) -> pa.Table:
    """A copy with only these rows, so that its stream does not depend on other memory.

    A slice keeps the buffers of its whole table, and a null keeps the bytes under it.
    """
    return rows.take(pa.array(np.arange(rows.num_rows)))


class Digest:
    """A file object that computes the sha256 of the bytes written to it.

    Args:
        copy: an open file that receives the same bytes; None: they are not stored.
    """

    closed = False

    def __init__(self, copy: BinaryIO | None = None) -> None:
        self._digest = hashlib.sha256()
        self._copy = copy

    def stream(self, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
        """An Arrow stream into this file."""
        return pa.ipc.new_stream(pa.PythonFile(self, mode="w"), schema.remove_metadata())

    def write(self, data: bytes) -> int:
        """Add bytes to the digest; returns their number."""
        self._digest.update(data)
        if self._copy is not None:
            self._copy.write(data)
        return len(data)

    def hexdigest(self) -> str:
        """The digest of all bytes written so far."""
        return self._digest.hexdigest()

    def flush(self) -> None:
        """Do nothing: no bytes are buffered."""

    def close(self) -> None:
        """Mark the file as closed."""
        self.closed = True


def differences(found: pa.Schema, expected: pa.Schema) -> str:
    """The first differences of two schemas, for a message: missing and unknown columns, types, the order."""
    missing = [f"{name} is missing" for name in expected.names if name not in found.names]
    unknown = [
        f"{safe_line(name)} is unknown" for name in dict.fromkeys(found.names) if name not in expected.names
    ]
    types = [
        f"{name} is {_type(found.field(name))}, not {_type(expected.field(name))}"
        for name in expected.names
        if found.names.count(name) == 1 and not found.field(name).equals(expected.field(name))
    ]
    faults = [*missing, *unknown, *types] or ["the columns are repeated or in another order"]
    more = [f"{len(faults) - MAX_DIFFERENCES} more"] if len(faults) > MAX_DIFFERENCES else []
    return ", ".join([*faults[:MAX_DIFFERENCES], *more])


def _type(field: pa.Field) -> str:
    return safe_line(f"{field.type}{'' if field.nullable else ' without null'}")
