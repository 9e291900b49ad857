"""The key of a piece for voice leading: its transposition and its leading note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WrittenKey:
    """The key of an encoded piece, and its transposition from the piece as written.

    Attributes:
        transposition: semitones added to the piece as written, to which voice ranges refer.
        leading_note: pitch class of the leading note (a semitone below the tonic) in the
            encoded piece; None where the key is unknown or has none.
    """

    transposition: int = 0
    leading_note: int | None = None


UNKNOWN_KEY = WrittenKey()


def key_of(row: Mapping[str, Any]) -> WrittenKey:
    """The key of a row of a token shard."""
    shift, tonic = row.get("transposition") or 0, row.get("tonic_pc")
    led = tonic is not None and row.get("mode_used") in ("major", "minor")
    return WrittenKey(shift, (tonic + shift - 1) % 12 if tonic is not None and led else None)
