"""Round ticks to steps, and count the changes.

``step = floor(tick * steps_per_quarter / 10080 + 1/2)`` for onsets and ends: at
2 steps a quarter, tick 2520 (a sixteenth) rounds up to step 1, tick 2519 down
to step 0. A note is never shorter than one step. Of notes that fall on one step,
the longest in ticks is kept, of equally long notes the one nearer to the grid, then the
later.

A note counts as moved if rounding displaces its onset or its end by more than a
tolerance. If no other note follows at once, the end of a note is a matter of articulation:
in a performance, most such ends are not at times that a score can write. They are counted
separately, so that articulation is not taken for a wrong grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Bools, Ints, best_of_runs, run_starts
from pipeline.datasets.columns.skyline import Lines, cut_overlaps
from pipeline.datasets.columns.steps import to_steps

# In ticks; the times that scores write are multiples of one of them.
WITHIN = (210, 504, 360, 280)  # 1/48, 1/20, 1/28 and 1/36 quarter: 64th notes to tuplets of 9
ENDS = (210,)
NOTATED_SHARE = 0.9


@dataclass(frozen=True)
class Rounded:
    """Notes of n lines on the grid.

    Attributes:
        notes: onset and end in steps; onsets of a line increase strictly.
        error_ticks: (N,) displacement of a note's onset or end, rounded up.
        collapsed: the notes left out because another note has their step, in steps.
        moved: (N,) True if the onset, or an end that a score could write, was moved
            by more than the tolerance.
        end_moved: (N,) True if only the end was moved and is a matter of articulation.
    """

    notes: Lines
    error_ticks: Ints
    collapsed: Lines
    moved: Bools
    end_moved: Bools


def round_lines(lines: Lines, steps_per_quarter: int, tolerance: int = 0) -> Rounded:
    """Round lines of single notes to a grid.

    Args:
        lines: times in ticks; no two notes of a line sound together.
        steps_per_quarter: resolution of the grid.
        tolerance: the largest displacement that is not counted as moved, in 1/10080 step.
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
    """True for times that scores write: multiples of one of these units."""
    found = np.zeros(len(ticks), bool)
    for multiple in multiples:
        found |= ticks % multiple == 0
    return found


def _played_ends(lines: Lines) -> Bools:
    """True for ends that no note follows at once, in lines where few such ends are at notated times."""
    free = np.ones(len(lines.line), bool)
    free[:-1] = (lines.line[1:] != lines.line[:-1]) | (lines.onset[1:] != lines.end[:-1])
    n_free, n_notated = lines.count(free), lines.count(free & is_notated(lines.end, ENDS))
    return free & (n_notated < NOTATED_SHARE * n_free)[lines.line]


def _stays(lines: Lines, onset: Ints, steps_per_quarter: int) -> Bools:
    """Keep one note per step."""
    return best_of_runs(
        run_starts(lines.line, onset),
        lines.onset - lines.end,
        _distance(onset, lines.onset, steps_per_quarter),
        -np.arange(len(onset)),
    )


def _keep_phrase_ends(steps: Lines, stays: Bools) -> Lines:
    """If the last note of a phrase is removed, the phrase ends with the last note that is kept."""
    kept = steps.where(stays)
    lost = np.flatnonzero(steps.phrase_end & ~stays)
    before = (np.cumsum(stays) - 1)[lost]
    same_line = (before >= 0) & (kept.line[before] == steps.line[lost])
    ends = kept.phrase_end.copy()
    ends[before[same_line]] = True
    return replace(kept, phrase_end=ends)


def _distance(steps: Ints, ticks: Ints, steps_per_quarter: int) -> Ints:
    """The distance between a step and a tick, in ticks times ``steps_per_quarter``."""
    return np.asarray(np.abs(steps * TICKS_PER_QUARTER - ticks * steps_per_quarter))
