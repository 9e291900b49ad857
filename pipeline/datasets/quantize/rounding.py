"""From ticks to steps, and what that changes.

``step = floor(tick * steps_per_quarter / 10080 + 1/2)`` for onsets and ends: at
2 steps a quarter, tick 2520 (a sixteenth) rounds up to step 1, tick 2519 down
to step 0. A note is never shorter than one step. Of notes that fall on one step
the longest in ticks stays, at equal length the one nearer to the grid, then the
later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Bools, Ints, best_of_runs, run_starts
from pipeline.datasets.columns.skyline import Lines, cut_overlaps
from pipeline.datasets.columns.steps import to_steps


@dataclass(frozen=True)
class Rounded:
    """Notes of n lines on the grid.

    Attributes:
        notes: onset and end in steps; onsets of a line rise strictly.
        error_ticks: (N,) how far a note's onset or end was moved, rounded up.
        collapsed: the notes left out because another has their step, in steps.
    """

    notes: Lines
    error_ticks: Ints
    collapsed: Lines


def round_lines(lines: Lines, steps_per_quarter: int) -> Rounded:
    """Put lines of single notes on a grid.

    Args:
        lines: times in ticks, no two notes of a line sounding together.
        steps_per_quarter: resolution of the grid.
    """
    onset = to_steps(lines.onset, steps_per_quarter)
    end = np.maximum(to_steps(lines.end, steps_per_quarter), onset + 1)
    steps = Lines(lines.n, lines.line, onset, end, lines.pitch, lines.phrase_end)
    stays = _stays(lines, onset, steps_per_quarter)
    notes = cut_overlaps(_keep_phrase_ends(steps, stays))
    error = np.maximum(
        _distance(notes.onset, lines.onset[stays], steps_per_quarter),
        _distance(notes.end, lines.end[stays], steps_per_quarter),
    )
    return Rounded(notes, -(-error // steps_per_quarter), steps.where(~stays))


def _stays(lines: Lines, onset: Ints, steps_per_quarter: int) -> Bools:
    """One note a step."""
    return best_of_runs(
        run_starts(lines.line, onset),
        lines.onset - lines.end,
        _distance(onset, lines.onset, steps_per_quarter),
        -np.arange(len(onset)),
    )


def _keep_phrase_ends(steps: Lines, stays: Bools) -> Lines:
    """A phrase that loses its last note ends with the note before that stays."""
    kept = steps.where(stays)
    lost = np.flatnonzero(steps.phrase_end & ~stays)
    before = (np.cumsum(stays) - 1)[lost]
    same_line = (before >= 0) & (kept.line[before] == steps.line[lost])
    ends = kept.phrase_end.copy()
    ends[before[same_line]] = True
    return replace(kept, phrase_end=ends)


def _distance(steps: Ints, ticks: Ints, steps_per_quarter: int) -> Ints:
    """Between a step and a tick, in ticks times ``steps_per_quarter``."""
    return np.asarray(np.abs(steps * TICKS_PER_QUARTER - ticks * steps_per_quarter))
