"""What reading one piece gave, as bytes: for the way between processes and for the cache.

A record is an Arrow stream: a row a part, the columns of NOTES that the piece's
own bytes decide. A rejected piece is a stream without rows whose metadata names
the rule.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.music import Part, Piece
from pipeline.readers import ReadError
from pipeline.tables import NOTES

# columns that the place of a piece decides, not its bytes
IDENTITY = (
    "piece_id",
    "corpus",
    "licence",
    "citation",
    "source_path",
    "source_sha256",
    "published_split",
)
RECORD = pa.schema([field for field in NOTES if field.name not in IDENTITY])


@dataclass(frozen=True)
class Refusal:
    """Why a piece was not read: the rule and a sentence."""

    rule: str
    detail: str


def pack(outcome: Piece | Refusal) -> bytes:
    """One piece, or the refusal of it, as bytes; the same outcome gives the same bytes."""
    schema = RECORD
    rows: list[dict[str, Any]] = []
    if isinstance(outcome, Refusal):
        schema = RECORD.with_metadata({"rule": outcome.rule, "detail": outcome.detail})
    else:
        if outcome.left_out:
            schema = RECORD.with_metadata({"left_out": json.dumps(outcome.left_out)})
        rows = [_row(outcome, number, part) for number, part in enumerate(outcome.parts)]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.RecordBatch.from_pylist(rows, schema=RECORD))
    return bytes(sink.getvalue())


def left_out(table: pa.Table) -> list[tuple[str, str]]:
    """Name and broken rule of every part of a piece that was not read."""
    notes = (table.schema.metadata or {}).get(b"left_out", b"[]")
    return [(name, rule) for name, rule in json.loads(notes)]


def unpack(record: bytes) -> pa.Table | Refusal:
    """The inverse of ``pack``; a piece is a table of the schema RECORD."""
    table = pa.ipc.open_stream(record).read_all()
    metadata = table.schema.metadata or {}
    if b"rule" in metadata:
        return Refusal(metadata[b"rule"].decode(), metadata[b"detail"].decode())
    return table


def refusal(error: ReadError) -> Refusal:
    """What a reader said, as a record's refusal."""
    return Refusal(error.rule, str(error))


def _row(piece: Piece, number: int, part: Part) -> dict[str, Any]:
    columns = {name: getattr(part, name) for name in RECORD.names if hasattr(part, name)}
    return {
        **columns,
        "part": number,
        "part_name": part.name,
        "title": piece.title,
        "composer": piece.composer,
        "origin": piece.origin,
        "meters": [vars(meter) for meter in part.meters],
    }
