"""Write tables larger than memory in portions; the bytes are those of all rows written at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from pipeline.core.parquet import ROWS_PER_GROUP, Digest, compact, noted, write_groups
from pipeline.core.tables import of_schema


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
