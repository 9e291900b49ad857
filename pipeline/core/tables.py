"""Reading and writing the Parquet tables between stages; their schemas are in :mod:`pipeline.core.schemas`.

Files are written atomically and with fixed options, so that the same rows give the same
bytes and no incomplete file is ever read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.files import is_refused
from pipeline.core.parquet import ROWS_PER_GROUP, Digest, compact, differences, noted, write_groups
from pipeline.core.text import message_of
from pipeline.errors import PipelineError

# what a damaged file makes libraries raise
DAMAGE = (pa.ArrowException, ValueError, KeyError, TypeError, OSError, MemoryError, RecursionError)
_AGAIN = "delete it and run `dvc repro`"


class TableError(PipelineError):
    """A table is missing, damaged, or has other columns than expected."""


def write_table(
    path: Path, table: pa.Table, schema: pa.Schema, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a table with fixed options; same rows, same bytes.

    Args:
        table: columns as ``schema`` names them, rows already in order.
        metadata: of the file; a digest of the rows is added under "content_sha256".

    Raises:
        TableError: the columns differ from the schema.
    """
    table = of_schema(path, table, schema).combine_chunks()
    digest = content_digest(table)
    groups = (table.slice(row, ROWS_PER_GROUP) for row in range(0, table.num_rows, ROWS_PER_GROUP))
    write_groups(path, groups, noted(schema, metadata, digest))


def of_schema(path: Path, table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the types of its schema.

    Raises:
        TableError: the columns differ from the schema; names the file they are for.
    """
    if table.column_names != schema.names:
        fault = differences(table.schema, schema)
        raise TableError(
            f"{path}: not the columns expected: {fault}; a bug in this project, please report it"
        )
    return table.cast(schema)


def read_table(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or some columns of it, and check that it is of its schema.

    Raises:
        TableError: no such file, no Parquet, or other columns than expected.
    """
    with readable(path):
        found = pq.read_schema(path)
        if not found.remove_metadata().equals(schema.remove_metadata()):
            raise TableError(f"{path}: not the columns expected: {differences(found, schema)}; {_AGAIN}")
        return _read_groups(pq.ParquetFile(path), list(columns) if columns else None)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Read a file of another stage here: any error of reading it becomes one message.

    Raises:
        TableError: the file is missing or damaged.
    """
    try:
        yield
    except FileNotFoundError:
        raise TableError(f"{path}: no such file; `dvc repro` makes it") from None
    except DAMAGE as error:
        if is_refused(error):
            raise TableError(
                f"{path}: cannot be read ({message_of(error)}); make it readable, then run `dvc repro`"
            ) from None
        raise TableError(f"{path}: not readable ({message_of(error)}); {_AGAIN}") from None


def read_metadata(path: Path) -> dict[bytes, bytes]:
    """The metadata of a table's schema.

    Raises:
        TableError: the file is missing or damaged.
    """
    with readable(path):
        return dict(pq.read_schema(path).metadata or {})


def _read_groups(file: pq.ParquetFile, columns: list[str] | None) -> pa.Table:
    """Read group by group: reading all at once takes several times the memory of the table."""
    nothing = file.schema_arrow.empty_table()
    groups = [file.read_row_group(group, columns=columns) for group in range(file.num_row_groups)]
    return pa.concat_tables(groups) if groups else nothing.select(columns or nothing.column_names)


def content_digest(table: pa.Table) -> str:
    """sha256 of the rows, independent of their encoding in Parquet."""
    sink = Digest()
    with sink.stream(table.schema) as stream:
        for row in range(0, table.num_rows, ROWS_PER_GROUP):
            stream.write_table(compact(table.slice(row, ROWS_PER_GROUP)))
    return sink.hexdigest()
