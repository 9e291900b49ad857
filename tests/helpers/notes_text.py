"""Tiny tunes as text: "60:1 r:1/2 62+65:1" is C4, an eighth rest, and D4 with F4, in quarters."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pyarrow as pa

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.schemas import NOTES


def ticks(quarters: str | Fraction) -> int:
    return int(Fraction(quarters) * TICKS_PER_QUARTER)


def notes_of(text: str) -> dict[str, Any]:
    """The time columns of a part; "!" after a length ends a phrase."""
    now = 0
    notes: list[tuple[int, int, int, bool]] = []
    for word in text.split():
        pitches, length = word.removesuffix("!").split(":")
        if pitches != "r":
            for pitch in sorted(map(int, pitches.split("+")), reverse=True):
                notes.append((now, ticks(length), pitch, word.endswith("!")))
        now += ticks(length)
    return columns_of(notes, now)


def columns_of(notes: Sequence[tuple[int, int, int, bool]], end: int) -> dict[str, Any]:
    onset, duration, pitch, phrase_end = zip(*notes, strict=True) if notes else ((), (), (), ())
    return {"onset": onset, "duration": duration, "pitch": pitch, "phrase_end": phrase_end, "end": end}


def part(piece_id: str, text: str = "", number: int = 0, name: str = "", **columns: Any) -> dict[str, Any]:
    """A row of the notes table."""
    row: dict[str, Any] = dict.fromkeys(NOTES.names)
    row |= {"piece_id": piece_id, "corpus": piece_id.split("/")[0], "part": number, "part_name": name}
    row |= {"title": "", "licence": "CC0-1.0", "citation": "us", "source_sha256": "0", "key_fifths": 0}
    row |= {"key_mode": "major", "n_key_changes": 0, "meters": [], **notes_of(text), **columns}
    return row


def notes_table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=NOTES)


def tune(text: str, **columns: Any) -> pa.Table:
    """One piece of one part."""
    return notes_table(part("songs/tune#1", text, **columns))
