"""From ticks to steps, and what that changes.

``step = floor(tick * steps_per_quarter / 10080 + 1/2)`` for onsets and ends: at
2 steps a quarter, tick 2520 (a sixteenth) rounds up to step 1, tick 2519 down
to step 0. A note is never shorter than one step. Of notes that fall on one step
the longest in ticks stays, at equal length the one nearer to the grid, then the
later.

A note counts as moved where rounding displaces its onset, or its end, by more than a
tolerance. Where nothing follows a note, its end is the player's: in a performance most
such ends stand at no time that a score can write. They are counted apart then, so that
articulation is not taken for a wrong grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Bools, Ints, best_of_runs, run_starts
from pipeline.datasets.columns.skyline import Lines, cut_overlaps
from pipeline.datasets.columns.steps import to_steps

# In ticks; multiples of one of them are times that scores write.
WITHIN = (210, 504, 360, 280)  # 1/48, 1/20, 1/28 and 1/36 quarter: 64th notes to tuplets of 9
ENDS = (210,)
NOTATED_SHARE = 0.9


@dataclass(frozen=True)
class Rounded:
    """Notes of n lines on the grid.

    Attributes:
        notes: onset and end in steps; onsets of a line rise strictly.
        error_ticks: (N,) how far a note's onset or end was moved, rounded up.
        collapsed: the notes left out because another has their step, in steps.
        moved: (N,) True where the onset, or an end that a score could write, was moved
            by more than the tolerance.
        end_moved: (N,) True where this holds only for the end, which a player chose.
    """

    notes: Lines
    error_ticks: Ints
    collapsed: Lines
    moved: Bools
    end_moved: Bools


def round_lines(lines: Lines, steps_per_quarter: int, tolerance: int = 0) -> Rounded:
    """Put lines of single notes on a grid.

    Args:
        lines: times in ticks, no two notes of a line sounding together.
        steps_per_quarter: resolution of the grid.
        tolerance: the farthest that a note is displaced without being counted as
            moved, in 1/10080 step.
    """
    onset = to_steps(lines.onset, steps_per_quarter)
    end = np.maximum(to_steps(lines.end, steps_per_quarter), onset + 1)
    steps = Lines(lines.n, lines.line, onset, end, lines.pitch, lines.phrase_end)
    stays = _stays(lines, onset, steps_per_quarter)
    notes = cut_overlaps(_keep_phrase_ends(steps, stays))
    of_onset = _distance(notes.onset, lines.onset[stays], steps_per_quarter)
    of_end = _distance(notes.end, lines.end[stays], steps_per_quarter)
    far, far_end = of_onset > tolerance, of_end > tolerance
    played = _played_ends(lines)[stays]
    return Rounded(
        notes,
        error_ticks=-(-np.maximum(of_onset, of_end) // steps_per_quarter),
        collapsed=steps.where(~stays),
        moved=far | (far_end & ~played),
        end_moved=far_end & played & ~far,
    )


def is_notated(ticks: Ints, multiples: Sequence[int]) -> Bools:
    """True for times that scores write: multiples of one of these."""
    found = np.zeros(len(ticks), bool)
    for multiple in multiples:
        found |= ticks % multiple == 0
    return found


def _played_ends(lines: Lines) -> Bools:
    """True for ends that no other note follows at once, in lines where few such ends are notated."""
    free = np.ones(len(lines.line), bool)
    free[:-1] = (lines.line[1:] != lines.line[:-1]) | (lines.onset[1:] != lines.end[:-1])
    n_free, n_notated = lines.count(free), lines.count(free & is_notated(lines.end, ENDS))
    return free & (n_notated < NOTATED_SHARE * n_free)[lines.line]


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
