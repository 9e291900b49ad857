"""Distributions of the notes and pieces of a data set, as counts that can be added over portions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.lists import flatten
from pipeline.core.vocabulary import START, STOP, TIED

LONGEST = 64  # steps; longer notes are counted in this class
QUARTERS = 8  # quarter notes; width of a class of piece lengths

Counts = dict[str, Counter[int]]


def distributions(rows: pa.Table) -> Counts:
    """Count one portion of a data set, in the key and on the grid of its shards.

    Args:
        rows: rows of ``schemas.TOKENS``, all with the same number of voices.

    Returns:
        ``pitch``: sounding notes by MIDI note number; ``duration``: notes by steps, LONGEST and
        more in one class; ``interval``: notes by semitones to the next note of the voice,
        ignoring silence between them; ``length``: pieces by quarter notes, rounded down to
        a multiple of QUARTERS.
    """
    if not len(rows):
        return {name: Counter() for name in ("pitch", "duration", "interval", "length")}
    offsets, tokens = flatten(rows["tokens"])
    voices = rows["voices"][0].as_py()
    inside = (tokens != START) & (tokens != STOP)
    piece = np.repeat(np.arange(len(rows)), np.diff(offsets))[inside].reshape(-1, voices)[:, 0]
    symbols = tokens[inside].astype(np.int64).reshape(-1, voices).T.ravel()  # voice after voice
    place = np.concatenate([piece + len(rows) * voice for voice in range(voices)])
    starts = np.flatnonzero(symbols < TIED)  # onsets of notes and silences: no piece begins with a tie
    held = np.diff(np.append(starts, len(symbols)))
    sounds = symbols[starts] > 0
    starts, held = starts[sounds], held[sounds]
    pitch, same = symbols[starts], np.diff(place[starts]) == 0
    quarters = rows["n_steps"].to_numpy() // rows["steps_per_quarter"].to_numpy()
    return {
        "pitch": _counted(pitch),
        "duration": _counted(np.minimum(held, LONGEST)),
        "interval": _counted(np.diff(pitch)[same]),
        "length": _counted(quarters // QUARTERS * QUARTERS),
    }


def added(parts: Iterable[Counts]) -> dict[str, list[list[int]]]:
    """The counts of all portions as ``[[value, count], ...]``, sorted by value: ready for JSON."""
    whole: Counts = {}
    for part in parts:
        for name, counts in part.items():
            whole.setdefault(name, Counter()).update(counts)
    return {name: [[value, counts[value]] for value in sorted(counts)] for name, counts in whole.items()}


def _counted(values: NDArray[np.int64]) -> Counter[int]:
    found, times = np.unique(values, return_counts=True)
    return Counter(dict(zip(found.tolist(), times.tolist(), strict=True)))
