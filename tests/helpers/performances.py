"""Exact tunes as a player or a displaced file gives them: other times for the same notes."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from pipeline.core.music import TICKS_PER_QUARTER
from tests.helpers.notes_text import notes_of, part

LEAD_IN = 20 * TICKS_PER_QUARTER  # before the first note
TUNES = {
    "4/4 with eighths": (4, "60:1 62:1/2 64:1/2 65:1/2 67:1/4 65:1/4 64:1 62:3/2 60:1/2 r:2 "),
    "6/8": (4, "60:1 62:1/2 64:1/2 65:1/2 67:1/2 69:3/2 67:1 65:1/2 64:1/2 62:1/4 60:1/4 59:1/2 "),
    "triplets": (3, "60:1/3 62:1/3 64:1/3 65:1 67:2/3 65:1/3 64:1 r:1/3 62:2/3 60:1 "),
    "dotted": (4, "60:3/4 62:1/4 64:3/4 65:1/4 67:1 65:1/2 64:1/2 62:3/4 60:1/4 r:1 "),
}


def tune_text(kind: str, times: int = 8) -> tuple[int, str]:
    """Steps per quarter, and the text of a tune that fits them."""
    quarter, text = TUNES[kind]
    return quarter, text * times


def played(text: str, change: Callable[[int], int], **columns: Any) -> dict[str, Any]:
    """A row of notes whose onsets and ends ``change`` puts elsewhere; equal times stay equal."""
    notes = notes_of(text)
    times = {
        t for on, length in zip(notes["onset"], notes["duration"], strict=True) for t in (on, on + length)
    }
    at = {time: LEAD_IN + change(time) for time in sorted(times)}
    onset = [at[on] for on in notes["onset"]]
    ends = [at[on + length] for on, length in zip(notes["onset"], notes["duration"], strict=True)]
    duration = [max(end - on, 1) for on, end in zip(onset, ends, strict=True)]
    return part("songs/tune#1", text, **{"onset": onset, "duration": duration, "end": max(ends), **columns})


def displaced(ticks: int) -> Callable[[int], int]:
    """All times later by a constant."""
    return lambda time: time + ticks


def stretched(ratio: Fraction, shift: int = 0) -> Callable[[int], int]:
    """Another tempo than the file's."""
    return lambda time: int(time * ratio) + shift


def uneven(change: Callable[[int], int], ticks: int, seed: int) -> Callable[[int], int]:
    """Times that are off by up to so many ticks, either way."""
    dice = random.Random(seed)
    return lambda time: change(time) + dice.randint(-ticks, ticks)
