"""Grids from annotated beats: each beat is a quarter note, and time between two beats is linear.

Before the first and after the last beat, the nearest two beats are continued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Ints, offsets_of

MOST_OUTSIDE = 8  # beats that the annotation may be continued by, in either direction
LONGEST_BAR = 32  # beats
MIDDLE = 1 << 33  # ticks; farther from 0 than any beat or note


@dataclass(frozen=True)
class Beats:
    """The beats of one piece.

    Attributes:
        onset: (n,) ticks of the source, n > 1, increasing.
        downbeats: numbers of the beats that begin a bar.
        first: position of the first beat in the grid, in quarters; no note is before 0.
        n_outside: onsets that are more than ``MOST_OUTSIDE`` beats before the first or after the last beat.
    """

    onset: Ints
    downbeats: Ints
    first: int = 0
    n_outside: int = 0

    @property
    def quarters_per_bar(self) -> int | None:
        """Beats from one downbeat to the next; None if it changes or is not known."""
        lengths = set(np.diff(self.downbeats).tolist())
        return lengths.pop() if len(lengths) == 1 and max(lengths) <= LONGEST_BAR else None

    def bar_onsets(self, end: int) -> list[int] | None:
        """Bar lines before ``end`` in ticks of the grid; None if there are no downbeats.

        Bars of a constant length are continued before the first and after the last downbeat.
        """
        if not len(self.downbeats):
            return None
        bars = (self.downbeats + self.first).tolist()
        length = self.quarters_per_bar
        if length is not None:
            bars = [*range(bars[0] % length, bars[0], length), *bars]
            bars += range(bars[-1] + length, -(-end // TICKS_PER_QUARTER), length)
        return [bar * TICKS_PER_QUARTER for bar in bars]


def beats_of(onset: Ints, is_downbeat: Ints, notes: Ints) -> Beats | None:
    """The beats of a piece; None for too few.

    Args:
        onset: (n,) ticks of the beats.
        is_downbeat: (n,) bool.
        notes: (m,) onsets of the notes, in ticks of the source.
    """
    if len(onset) < 2:
        return None
    beats = Beats(onset, np.flatnonzero(is_downbeat))
    position = along([beats], notes, np.zeros(len(notes), np.int64))
    outside = (position < -MOST_OUTSIDE * TICKS_PER_QUARTER) | (
        position > (len(onset) - 1 + MOST_OUTSIDE) * TICKS_PER_QUARTER
    )
    first = max(-int(position.min(initial=0) // TICKS_PER_QUARTER), 0)
    return Beats(onset, beats.downbeats, first, int(outside.sum()))


def along(beats: Sequence[Beats], ticks: Ints, piece: Ints) -> Ints:
    """Convert times of the source to ticks of the grid, rounded half up.

    Args:
        beats: of P pieces.
        ticks: (N,) times of the source.
        piece: (N,) number of the piece that each time belongs to.
    """
    offsets = offsets_of(np.array([len(each.onset) for each in beats]))
    onset = np.concatenate([each.onset for each in beats])
    owner = np.repeat(np.arange(len(beats)), np.diff(offsets))
    place = np.searchsorted(2 * MIDDLE * owner + onset, 2 * MIDDLE * piece + ticks, side="right") - 1
    place = np.clip(place, offsets[piece], offsets[piece + 1] - 2)
    first = np.array([each.first for each in beats])
    begin, length = onset[place], onset[place + 1] - onset[place]
    within = (2 * (ticks - begin) * TICKS_PER_QUARTER + length) // (2 * length)
    return np.asarray((place - offsets[piece] + first[piece]) * TICKS_PER_QUARTER + within)


def with_annotated_bars(bars: pa.Table, beats: Sequence[Beats | None], ends: Ints) -> pa.Table:
    """The columns ``meters`` and ``bar_onsets``, from the downbeats where a piece has beats.

    Args:
        bars: one row per piece.
        ends: (P,) ends of the pieces, in ticks of the grid.
    """
    if not any(beats):
        return bars
    rows: list[dict[str, Any]] = bars.to_pylist()
    for row, own, end in zip(rows, beats, ends.tolist(), strict=True):
        if own is not None:
            length = own.quarters_per_bar
            row["meters"] = [{"onset": 0, "numerator": length, "denominator": 4}] if length else []
            row["bar_onsets"] = own.bar_onsets(end)
    return pa.Table.from_pylist(rows, schema=bars.schema)
