"""Writing Parquet so that the same rows give the same bytes, however they come.

The options are fixed, a row group has ROWS_PER_GROUP rows, and a file notes a
digest of its rows. That is the sha256 of the stream that Arrow makes of them, so
many rows a message: a stream on disk can be digested while it is written.
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

ROWS_PER_GROUP = 4096


def write_groups(path: Path, groups: Iterable[pa.Table], schema: pa.Schema) -> None:
    """Write a Parquet file, a row group each; none where there is no row.

    A group without rows is beyond readers that take its size for that of their
    batches (``datasets``).
    """
    with (
        replacing(path) as partial,
        pq.ParquetWriter(partial, schema, version="2.6", compression="zstd", compression_level=3) as writer,
    ):
        for group in groups:
            writer.write_table(group)


def noted(schema: pa.Schema, metadata: Mapping[str, str] | None, digest: str) -> pa.Schema:
    """A schema with the notes that stand in a file, in the order of their names."""
    notes = {**(metadata or {}), "content_sha256": digest}
    return schema.with_metadata({key: notes[key] for key in sorted(notes)})


def compact(rows: pa.Table) -> pa.Table:
    """A copy that holds these rows and nothing else, so that its stream tells nothing else.

    A slice drags along what stands behind it in memory, and a null what stands under it.
    """
    return rows.take(pa.array(np.arange(rows.num_rows)))


class Digest:
    """A file that knows the sha256 of what is written to it.

    Args:
        copy: an open file that is given the same; None: nothing is kept.
    """

    closed = False

    def __init__(self, copy: BinaryIO | None = None) -> None:
        self._digest = hashlib.sha256()
        self._copy = copy

    def stream(self, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
        """An Arrow stream into this file."""
        return pa.ipc.new_stream(pa.PythonFile(self, mode="w"), schema.remove_metadata())

    def write(self, data: bytes) -> int:
        """Digest it; how many bytes."""
        self._digest.update(data)
        if self._copy is not None:
            self._copy.write(data)
        return len(data)

    def hexdigest(self) -> str:
        """Of all that was written until now."""
        return self._digest.hexdigest()

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing more comes."""
        self.closed = True
