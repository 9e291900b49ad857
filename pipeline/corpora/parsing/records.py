"""The result of reading one piece as bytes, for transfer between processes and for the cache.

A record is an Arrow stream with one row per part and the columns of NOTES that depend
only on the piece's bytes. A rejected piece is a stream without rows whose metadata has
the rule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
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
NUMBERS = frozenset({"bar_onsets", "onset", "duration", "pitch", "phrase_end"})  # columns of lists
NESTED = frozenset({"meters", "beats", "chords", "lyrics"})
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"  # Arrow's IPC format

# objects of Arrow that are slow to create
_SCHEMA = RECORD.serialize().to_pybytes()
_TYPES = {field.name: field.type for field in RECORD}
_NAMES = RECORD.names
_OF_PART = [name for name in _NAMES if name in {"meter", *(field.name for field in fields(Part))}]
_ITEMS = {_TYPES[name]: _TYPES[name].value_type.to_pandas_dtype() for name in NUMBERS}

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
    if isinstance(outcome, ReadRejection):
        return _stream(dict.fromkeys(_NAMES, ()), {"refusal": json.dumps(vars(outcome))})
    notes = {"left_out": json.dumps(outcome.left_out)} if outcome.left_out else {}
    notes |= {"beats_fault": outcome.beats_fault} if outcome.beats_fault else {}
    return _stream(_columns(outcome), notes)


def _stream(columns: Mapping[str, tuple[Any, ...]], metadata: dict[str, str]) -> bytes:
    """An Arrow stream of one batch: the messages of its schema and of the batch, and the end mark."""
    arrays = []
    for name, kind in _TYPES.items():
        values = columns[name]
        if name in NUMBERS:
            arrays.append(_numbers(values, kind))
        elif name in NESTED:
            arrays.append(pa.array(values, kind))
        else:
            arrays.append(_scalars(name, values))
    schema = RECORD.with_metadata(metadata).serialize() if metadata else _SCHEMA
    batch = pa.RecordBatch.from_arrays(arrays, names=_NAMES)
    return b"".join((schema, batch.serialize(), END_OF_STREAM))


@lru_cache(maxsize=4096)
def _scalars(name: str, values: tuple[Any, ...]) -> pa.Array:
    """A column with one value for each part; most are the same in many pieces."""
    return pa.array(values, _TYPES[name])


def _numbers(lists: tuple[Any, ...], kind: pa.ListType) -> pa.Array:
    """Arrays, tuples or None as one column of lists, without an object for each value."""
    if not lists or any(values is None for values in lists):
        return pa.array(lists, kind)
    same = all(values is lists[0] for values in lists)
    dtype = _ITEMS[kind]
    arrays = [np.asarray(values, dtype) for values in (lists[:1] if same else lists)]
    arrays *= len(lists) if same else 1
    offsets = np.zeros(len(lists) + 1, np.int32)
    offsets[1:] = np.cumsum([len(values) for values in lists])
    values = np.concatenate(arrays)
    bits = np.packbits(values, bitorder="little") if dtype is np.bool_ else values
    items = pa.Array.from_buffers(kind.value_type, len(values), [None, pa.py_buffer(bits)], 0)
    return pa.Array.from_buffers(kind, len(lists), [None, pa.py_buffer(offsets)], 0, children=[items])


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


def _columns(piece: Piece) -> dict[str, tuple[Any, ...]]:
    """The values of each column, one for each part."""
    parts = piece.parts
    columns = {name: tuple([getattr(part, name) for part in parts]) for name in _OF_PART}
    qpm = None if piece.tempo_qpm is None else float(round(piece.tempo_qpm, 3))
    texts = {name: getattr(piece, name) or None for name in TEXTS}
    beats = None if piece.beats is None else [vars(beat) for beat in piece.beats]
    of_piece = {**texts, "title": piece.title, "year": piece.year, "tempo_qpm": qpm, "beats": beats}
    return {
        **columns,
        **{name: (value,) * len(parts) for name, value in of_piece.items()},
        "part": tuple(range(len(parts))),
        "part_name": tuple([part.name for part in parts]),
        "meters": tuple([[vars(meter) for meter in part.meters] for part in parts]),
        "chords": tuple([[_chord(symbol) for symbol in part.chords] or None for part in parts]),
    }
