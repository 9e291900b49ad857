"""The result of reading one piece as bytes, for transfer between processes and for the cache.

A record is an Arrow stream with one row per part and the columns of NOTES that depend
only on the piece's bytes. A rejected piece is a stream without rows whose metadata has
the rule.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.core.music import ChordSymbol, Part, Piece
from pipeline.core.tables import NOTES
from pipeline.formats.readers import ReadError

# columns that depend on the location of a piece, not on its bytes
IDENTITY = (
    "piece_id",
    "corpus",
    "licence",
    "citation",
    "source_path",
    "source_sha256",
    "published_split",
)
TEXTS = ("composer", "origin", "region", "tune_type")  # null if the source has none
RECORD = pa.schema([field for field in NOTES if field.name not in IDENTITY])


LONGEST_DETAIL = 500


@dataclass(frozen=True)
class ReadRejection:
    """The reason why a piece was not read: the rule, a message, and the numbers of an exceeded limit."""

    rule: str
    detail: str
    value: float | None = None
    limit: float | None = None


def pack(outcome: Piece | ReadRejection) -> bytes:
    """One piece or its rejection as bytes; the same result gives the same bytes."""
    schema = RECORD
    rows: list[dict[str, Any]] = []
    if isinstance(outcome, ReadRejection):
        schema = RECORD.with_metadata({"refusal": json.dumps(vars(outcome))})
    else:
        notes = {"left_out": json.dumps(outcome.left_out)} if outcome.left_out else {}
        notes |= {"beats_fault": outcome.beats_fault} if outcome.beats_fault else {}
        schema = RECORD.with_metadata(notes) if notes else RECORD
        rows = [_row(outcome, number, part) for number, part in enumerate(outcome.parts)]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.RecordBatch.from_pylist(rows, schema=RECORD))
    return bytes(sink.getvalue())


def warm_up() -> None:
    """Trigger what Arrow does once per process: import pandas, and reserve a GiB of address space."""
    pack(ReadRejection("", ""))


def left_out(table: pa.Table) -> list[tuple[str, str]]:
    """Name and violated rule of every part of a piece that was not read."""
    notes = (table.schema.metadata or {}).get(b"left_out", b"[]")
    return [(name, rule) for name, rule in json.loads(notes)]


def beats_fault(table: pa.Table) -> str:
    """The reason why the beats of a piece cannot be used; "" if there is none."""
    return str((table.schema.metadata or {}).get(b"beats_fault", b"").decode())


def unpack(record: bytes) -> pa.Table | ReadRejection:
    """The inverse of ``pack``; a piece is a table of the schema RECORD."""
    table = pa.ipc.open_stream(record).read_all()
    metadata = table.schema.metadata or {}
    if b"refusal" in metadata:
        return ReadRejection(**json.loads(metadata[b"refusal"]))
    return table


def refusal(error: ReadError) -> ReadRejection:
    """The message of a reader for a rejection; truncated, because it may quote a hostile file."""
    detail = str(error)[:LONGEST_DETAIL].encode("utf-8", "backslashreplace").decode()
    return ReadRejection(error.rule, detail, error.value, error.limit)


def _chord(symbol: ChordSymbol) -> dict[str, Any]:
    return {"onset": symbol.onset, "text": symbol.text, "chord": symbol.harte}


def _row(piece: Piece, number: int, part: Part) -> dict[str, Any]:
    columns = {name: getattr(part, name) for name in RECORD.names if hasattr(part, name)}
    return {
        **columns,
        "part": number,
        "part_name": part.name,
        "title": piece.title,
        **{name: getattr(piece, name) or None for name in TEXTS},
        "year": piece.year,
        "tempo_qpm": None if piece.tempo_qpm is None else float(round(piece.tempo_qpm, 3)),
        "meters": [vars(meter) for meter in part.meters],
        "beats": None if piece.beats is None else [vars(beat) for beat in piece.beats],
        "chords": [_chord(symbol) for symbol in part.chords] or None,
    }
