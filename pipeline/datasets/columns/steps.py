"""Convert ticks to steps, and find notes that still sound together on the grid."""

from __future__ import annotations

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Bools, Ints


def to_steps(ticks: Ints, steps_per_quarter: int) -> Ints:
    """Round half up.

    >>> to_steps(np.array([2519, 2520]), 2).tolist()
    [0, 1]
    """
    return (2 * ticks * steps_per_quarter + TICKS_PER_QUARTER) // (2 * TICKS_PER_QUARTER)


def first_tick(steps: Ints, steps_per_quarter: int) -> Ints:
    """The earliest tick that rounds to a step, the inverse of ``to_steps``.

    >>> first_tick(np.array([0, 1]), 2).tolist()
    [-2520, 2520]
    """
    return -((TICKS_PER_QUARTER - 2 * steps * TICKS_PER_QUARTER) // (2 * steps_per_quarter))


def half_step(overlap: Ints, steps_per_quarter: int) -> Bools:
    """True where durations in ticks are at least half a step."""
    return np.asarray(2 * overlap * steps_per_quarter >= TICKS_PER_QUARTER)


def sounds_on(onset: Ints, end: Ints, next_onset: Ints, next_end: Ints, steps_per_quarter: int) -> Bools:
    """Whether a note still sounds on the grid when another one, which begins later, begins.

    It does if it ends in a later step than the other note begins in and the two overlap by
    half a step or more. A shorter overlap is legato: two consecutive notes. If both begin in
    the same step, it also does if they overlap for at least half of the other note: a chord
    whose notes begin almost together.

    Args:
        onset, end: times of the notes, in ticks.
        next_onset, next_end: times of the other notes, in ticks; none begins earlier than its note.
    """
    overlap = end - next_onset
    step = to_steps(next_onset, steps_per_quarter)
    held = (to_steps(end, steps_per_quarter) > step) & half_step(overlap, steps_per_quarter)
    same_step = to_steps(onset, steps_per_quarter) == step
    return np.asarray(held | (same_step & (overlap > 0) & (2 * overlap >= next_end - next_onset)))
