"""Records of pieces, packed by :mod:`packing`, and their rows in the notes table, of many at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.schemas import BEAT, CHORD, METER
from pipeline.corpora.parsing.packing import (
    HEAD,
    INTEGERS,
    LISTS,
    LONGEST_DETAIL,
    NO_BARS,
    RECORD,
    TEXTS,
    ReadRejection,
    pack,
    refusal,
    warm_up,
)

__all__ = [
    "LONGEST_DETAIL",
    "Packed",
    "ReadRejection",
    "pack",
    "refusal",
    "rows_of",
    "take_apart",
    "unpack",
    "warm_up",
]

ROW = np.dtype(
    [
        *((name, f"<{code}") for name, code in INTEGERS.items()),
        *(("key_fifths", "i1"), ("has_key", "?"), ("n_notes", "<u4"), ("n_bars", "<i4"), ("n_meters", "<u4")),
    ]
)
SIGN = np.dtype([("onset", "<i4"), ("numerator", "<i2"), ("denominator", "<i2")])
SIZES = {name: np.dtype(dtype).itemsize for name, dtype in LISTS.items()}
Flags = NDArray[np.bool_]
if sys.byteorder != "little":
    raise ImportError("records are arrays of a little-endian machine")


@dataclass(frozen=True)
class Packed:
    """The record of a piece, taken apart.

    Attributes:
        n_parts: number of parts.
        columns: the bytes of the rows, the lists, the bars and the meters, by name.
        about: the JSON object.
    """

    n_parts: int
    columns: dict[str, memoryview]
    about: dict[str, Any]

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """Name and violated rule of every part of the piece that was not read."""
        return [(name, rule) for name, rule in self.about.get("left_out", ())]

    @property
    def beats_fault(self) -> str:
        """The reason why the beats of the piece cannot be used; "" if there is none."""
        return str(self.about.get("beats_fault", ""))


def take_apart(record: bytes) -> Packed | ReadRejection:
    """The fields of a record; no number is converted."""
    n_parts, n_notes, n_bars, n_meters, n_text = HEAD.unpack_from(record)
    sizes = {"rows": n_parts * ROW.itemsize, **{name: n_notes * size for name, size in SIZES.items()}}
    sizes |= {"bars": n_bars * 4, "meters": n_meters * SIGN.itemsize}
    view, place = memoryview(record), HEAD.size
    columns = {}
    for name, size in sizes.items():
        columns[name] = view[place : place + size]
        place += size
    about = json.loads(record[place : place + n_text])
    return ReadRejection(**about["refusal"]) if "refusal" in about else Packed(n_parts, columns, about)


def unpack(record: bytes) -> pa.Table | ReadRejection:
    """The rows of one piece, or its rejection."""
    packed = take_apart(record)
    return packed if isinstance(packed, ReadRejection) else rows_of([packed])


def rows_of(pieces: Sequence[Packed]) -> pa.Table:
    """The rows of pieces, one for each part; a table of the schema RECORD."""
    together = {name: b"".join([piece.columns[name] for piece in pieces]) for name in _NAMES}
    rows = np.frombuffer(together["rows"], ROW)
    columns: dict[str, pa.Array] = {name: pa.array(np.ascontiguousarray(rows[name])) for name in INTEGERS}
    columns["key_fifths"] = pa.array(np.ascontiguousarray(rows["key_fifths"]), mask=~rows["has_key"])
    notes = {name: np.frombuffer(together[name], dtype) for name, dtype in LISTS.items()}
    for name, values in notes.items():
        columns[name] = _lists(RECORD.field(name).type, rows["n_notes"], _values(values))
    known = rows["n_bars"] != NO_BARS
    bars = _values(np.frombuffer(together["bars"], "<i4"))
    columns["bar_onsets"] = _lists(RECORD.field("bar_onsets").type, rows["n_bars"] * known, bars, known)
    signs = np.frombuffer(together["meters"], SIGN)
    fields = [pa.array(np.ascontiguousarray(signs[name])) for name in SIGN.names or ()]
    meters = pa.StructArray.from_arrays(fields, fields=list(METER))
    columns["meters"] = _lists(RECORD.field("meters").type, rows["n_meters"], meters)
    columns |= _of_parts(pieces) | _of_pieces(pieces)
    return pa.Table.from_arrays([columns[name] for name in RECORD.names], schema=RECORD)


_NAMES = ("rows", *LISTS, "bars", "meters")


def _of_parts(pieces: Sequence[Packed]) -> dict[str, pa.Array]:
    """Number, texts, chord symbols and lyrics of each part."""

    def values(name: str, default: object) -> list[Any]:
        found: list[Any] = []
        for piece in pieces:
            found += piece.about.get(name) or [default] * piece.n_parts
        return found

    number = np.concatenate([np.arange(piece.n_parts, dtype=np.int16) for piece in pieces])
    return {
        "part": pa.array(number),
        "part_name": pa.array(values("part_name", ""), pa.string()),
        "key_mode": pa.array(values("key_mode", ""), pa.string()),
        "meter": pa.array(values("meter", None), pa.string()),
        "chords": _structs(RECORD.field("chords").type, CHORD, values("chords", None)),
        "lyrics": pa.array(values("lyrics", None), RECORD.field("lyrics").type),
    }


def _of_pieces(pieces: Sequence[Packed]) -> dict[str, pa.Array]:
    """What all parts of a piece share."""
    of_row = pa.array(np.repeat(np.arange(len(pieces)), [piece.n_parts for piece in pieces]))
    columns = {"title": pa.array([piece.about.get("title", "") for piece in pieces], pa.string())}
    for name in (*TEXTS, "year", "tempo_qpm"):
        columns[name] = pa.array([piece.about.get(name) for piece in pieces], RECORD.field(name).type)
    beats = [piece.about.get("beats") for piece in pieces]
    columns["beats"] = _structs(RECORD.field("beats").type, BEAT, beats)
    return {name: column.take(of_row) for name, column in columns.items()}


def _values(values: NDArray[Any]) -> pa.Array:
    """The elements of lists; an array is not copied."""
    return pa.array(values)


def _lists(kind: pa.ListType, counts: NDArray[Any], values: pa.Array, known: Flags | None = None) -> pa.Array:
    """Lists of so many neighbouring values; null where not known."""
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    valid = None
    if known is not None and not known.all():
        valid = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(kind, len(counts), [valid, pa.py_buffer(offsets)], children=[values])


def _structs(kind: pa.ListType, struct: pa.StructType, lists: Sequence[list[list[Any]] | None]) -> pa.Array:
    """Lists of structs from lists of their fields."""
    known = np.array([values is not None for values in lists], np.bool_)
    if not known.any():
        return pa.nulls(len(lists), kind)
    members = [member for values in lists for member in values or ()]
    fields = [
        pa.array([member[place] for member in members], field.type) for place, field in enumerate(struct)
    ]
    counts = np.array([len(values or ()) for values in lists])
    return _lists(kind, counts, pa.StructArray.from_arrays(fields, fields=list(struct)), known)
