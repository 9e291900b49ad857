"""Pack the result of reading one piece into a record, for transfer between processes and for the cache.

A record holds the columns of NOTES that depend only on the piece's bytes. The numbers are arrays as
in memory, least significant byte first; everything else is one JSON object. A child process packs
without Arrow; :mod:`records` makes rows of many records at once.

===========  ==================================================================================
bytes        what
===========  ==================================================================================
HEAD         the numbers of parts, notes, bars and meters, and the size of the JSON
ROW          for each part, its integers, and how many notes, bars and meters are its own
int32        onset of every note, then the durations
uint8        pitch of every note, then a byte for each ``phrase_end``
int32        onset of every bar
METER        every time signature
JSON         texts, chord symbols, beats and lyrics, where there are any; or the rejection
===========  ==================================================================================
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.music import ChordSymbol, Part, Piece
from pipeline.core.schemas import NOTES
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
LISTS = {"onset": "<i4", "duration": "<i4", "pitch": "u1", "phrase_end": "?"}  # an element for each note

_DTYPES = [(name, np.dtype(dtype)) for name, dtype in LISTS.items()]
_CODES = {pa.int8(): "b", pa.int16(): "h", pa.int32(): "i"}
_OF_PART = {field.name for field in fields(Part)}
# the columns with one integer for each part, key_fifths aside, which may be null
INTEGERS = {
    field.name: _CODES[field.type]
    for field in RECORD
    if field.name in _OF_PART and field.type in _CODES and field.name != "key_fifths"
}
HEAD = struct.Struct("<5I")
ROW = struct.Struct(f"<{''.join(INTEGERS.values())}b?IiI")
METER = struct.Struct("<ihh")
_integers = itemgetter(*INTEGERS)
NO_BARS = -1  # the number of bars where they are unknown

LONGEST_DETAIL = 500

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True)
class ReadRejection:
    """The reason why a piece was not read: the rule, a message, and the numbers of an exceeded limit."""

    rule: str
    detail: str
    value: float | None = None
    limit: float | None = None


def pack(outcome: Piece | ReadRejection) -> bytes:
    """One piece or its rejection as bytes; the same result gives the same bytes.

    Raises:
        struct.error, OverflowError: a number that its column cannot hold.
        UnicodeEncodeError: a text that is not valid Unicode.
    """
    if isinstance(outcome, ReadRejection):
        text = _to_json({"refusal": vars(outcome)}).encode()
        return HEAD.pack(0, 0, 0, 0, len(text)) + text
    parts = outcome.parts
    bars = [_bars(part.bar_onsets) for part in parts[:1]]
    for before, part in pairwise(parts):
        same = part.bar_onsets is before.bar_onsets
        bars.append(bars[-1] if same else _bars(part.bar_onsets))
    text = _to_json(_about(outcome)).encode()
    n_notes = sum([len(part.onset) for part in parts])
    n_meters = sum([len(part.meters) for part in parts])
    n_bars = sum(map(len, bars)) // 4
    return b"".join(
        (
            HEAD.pack(len(parts), n_notes, n_bars, n_meters, len(text)),
            *map(_row, parts),
            *[np.asarray(getattr(part, name), dtype, "C").data for name, dtype in _DTYPES for part in parts],
            *bars,
            *[
                METER.pack(meter.onset, meter.numerator, meter.denominator)
                for part in parts
                for meter in part.meters
            ],
            text,
        )
    )


def warm_up() -> None:
    """Trigger what NumPy and JSON do once per process."""
    pack(ReadRejection("", ""))


def refusal(error: ReadError) -> ReadRejection:
    """The message of a reader for a rejection; truncated, because it may quote a hostile file."""
    detail = str(error)[:LONGEST_DETAIL].encode("utf-8", "backslashreplace").decode()
    return ReadRejection(error.rule, detail, error.value, error.limit)


def _row(part: Part) -> bytes:
    values = vars(part)
    key = part.key_fifths
    return ROW.pack(
        *_integers(values),
        key or 0,
        key is not None,
        len(part.onset),
        NO_BARS if part.bar_onsets is None else len(part.bar_onsets),
        len(part.meters),
    )


def _bars(onsets: tuple[int, ...] | None) -> bytes:
    return b"" if onsets is None else np.array(onsets, "<i4").tobytes()


def _about(piece: Piece) -> dict[str, Any]:
    """The JSON object of a piece; what is empty is left out."""
    parts = piece.parts
    about = {
        "title": piece.title,
        **{name: getattr(piece, name) for name in TEXTS},
        "tempo_qpm": None if piece.tempo_qpm is None else _rounded(piece.tempo_qpm),
        "year": piece.year,
        "left_out": piece.left_out,
        "beats_fault": piece.beats_fault,
        "part_name": _unless_empty([part.name for part in parts]),
        "key_mode": _unless_empty([part.key_mode for part in parts]),
        "meter": _unless_empty([part.meter for part in parts]),
        "chords": _unless_empty([_chords(part.chords) if part.chords else None for part in parts]),
        "lyrics": None if all(part.lyrics is None for part in parts) else [part.lyrics for part in parts],
    }
    about = {name: value for name, value in about.items() if value or value == 0}
    if piece.beats is not None:
        _check(4, [beat.onset for beat in piece.beats])
        about["beats"] = [(beat.onset, beat.downbeat) for beat in piece.beats]
    if piece.year is not None:
        _check(2, [piece.year])
    return about


def _rounded(qpm: Fraction) -> float:
    """``float(round(qpm, 3))``, without the fraction between."""
    thousandths, rest = divmod(qpm.numerator * 1000, qpm.denominator)
    up = 2 * rest > qpm.denominator or (2 * rest == qpm.denominator and thousandths % 2)
    return (thousandths + bool(up)) / 1000


def _unless_empty(values: list[Any]) -> list[Any] | None:
    return values if any(values) else None


def _chords(symbols: tuple[ChordSymbol, ...]) -> list[tuple[int, str, str | None]] | None:
    _check(4, [symbol.onset for symbol in symbols])
    return [(symbol.onset, symbol.text, symbol.harte) for symbol in symbols] or None


def _check(n_bytes: int, numbers: Iterable[int]) -> None:
    """Check that a column of so many bytes can hold the numbers.

    Raises:
        OverflowError: it cannot.
    """
    array("i" if n_bytes == 4 else "h", numbers)
