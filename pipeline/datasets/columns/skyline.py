"""The skyline (highest line) of a staff as a line of single notes.

Many lines are processed at once in flat arrays, without loops over notes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pipeline.core.lists import flatten
from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Bools, Ints, best_of_runs, owners, ranges, run_starts, take
from pipeline.datasets.columns.steps import first_tick, sounds_on, to_steps


@dataclass(frozen=True)
class Lines:
    """The notes of n lines, ordered by line, onset and descending pitch; times in ticks.

    Attributes:
        n: number of lines; a line may have no note.
        line: (N,) number of the line that each note belongs to.
        onset, end, pitch: (N,) as in the notes table.
        phrase_end: (N,) True where a phrase ends with this note.
    """

    n: int
    line: Ints
    onset: Ints
    end: Ints
    pitch: Ints
    phrase_end: Bools

    def where(self, chosen: Bools | Ints) -> Lines:
        """The chosen notes; the number of lines stays the same."""
        return replace(
            self,
            line=self.line[chosen],
            onset=self.onset[chosen],
            end=self.end[chosen],
            pitch=self.pitch[chosen],
            phrase_end=self.phrase_end[chosen],
        )

    def count(self, chosen: Bools) -> Ints:
        """(n,) number of chosen notes in each line."""
        return np.bincount(self.line[chosen], minlength=self.n)


def read_lines(notes: pa.Table, rows: Ints) -> Lines:
    """The given rows of a notes table, one line per row."""
    offsets, onset = flatten(notes["onset"])
    line_offsets, places = take(offsets, rows)
    return Lines(
        n=len(rows),
        line=owners(line_offsets),
        onset=onset[places].astype(np.int64),
        end=(onset.astype(np.int64) + flatten(notes["duration"])[1])[places],
        pitch=flatten(notes["pitch"])[1][places].astype(np.int64),
        phrase_end=flatten(notes["phrase_end"])[1][places].astype(bool),
    )


def count_chords(lines: Lines) -> Ints:
    """(n,) number of notes that begin while another note of their line begins or still sounds."""
    together = np.zeros(len(lines.line), bool)
    together[1:] = lines.onset[1:] < _latest_end(lines)[:-1]
    together[run_starts(lines.line)] = False
    return lines.count(together)


def notes_above(lines: Lines) -> Ints:
    """(N,) largest number of higher notes of its line that sound together with each note at one time.

    Of equal pitches the later one counts as the lower.
    """
    keys = lines.line * (int(lines.end.max(initial=0)) + 1)
    reach = np.searchsorted(keys + lines.onset, keys + lines.end)  # the first note that begins after its end
    first = np.arange(len(reach))
    early = np.repeat(first, np.maximum(reach - first - 1, 0))  # pairs of notes that sound together
    late = ranges(first + 1, np.maximum(reach - first - 1, 0))
    lower = np.where(lines.pitch[late] > lines.pitch[early], early, late)
    begins, ends = lines.onset[late], np.minimum(lines.end[early], lines.end[late])
    note = np.concatenate([lower, lower])
    change = np.repeat([1, -1], len(lower))
    order = np.lexsort((change, np.concatenate([begins, ends]), note))
    sounding = np.cumsum(change[order])  # every note that begins also ends, so the count starts from 0
    above = np.zeros(len(reach), np.int64)
    np.maximum.at(above, note[order], sounding)
    return above


def skyline(lines: Lines, steps_per_quarter: int) -> tuple[Lines, Lines]:
    """Return the highest line of every staff, and the notes that are left out.

    Of notes that begin together, the highest is kept (of equal pitches the longest). A lower
    note that begins while a higher one still sounds on the grid (:func:`steps.sounds_on`)
    is left out. Any other note shortens the one that sounds, so a short legato overlap
    leaves out no note. A chord ends a phrase if any of its notes does.

    Args:
        lines: times in ticks.
        steps_per_quarter: resolution of the grid on which overlaps are compared.
    """
    starts = run_starts(lines.line, lines.onset)
    top = best_of_runs(starts, -lines.pitch, -lines.end)
    tops = lines.where(top)
    if len(starts):
        tops = replace(tops, phrase_end=np.logical_or.reduceat(lines.phrase_end, starts))
    uncovered = _uncovered(tops, steps_per_quarter)
    kept = top.copy()
    kept[top] = uncovered
    return cut_overlaps(tops.where(uncovered)), lines.where(~kept)


def cut_overlaps(lines: Lines) -> Lines:
    """End each note that overlaps the next note of its line where that note begins."""
    end = lines.end.copy()
    follows = lines.line[1:] == lines.line[:-1]
    end[:-1] = np.where(follows, np.minimum(end[:-1], lines.onset[1:]), end[:-1])
    return replace(lines, end=end)


def cut_short_overlaps(lines: Lines, steps_per_quarter: int) -> Lines:
    """Shorten notes that do not sound on the grid any more when another note of their line begins.

    Overlaps of half a step or more that are visible on the grid stay.
    """
    shortest = (2 * lines.end * steps_per_quarter - TICKS_PER_QUARTER) // (2 * steps_per_quarter) + 1
    step = to_steps(lines.end, steps_per_quarter)
    since = np.minimum(first_tick(step, steps_per_quarter), shortest)
    since = np.maximum(since, lines.onset + 1)
    base = lines.line * (int(lines.end.max(initial=0)) + 2)
    place = np.searchsorted(base + lines.onset, base + since)  # the first note that begins at that time
    follows = np.minimum(place, len(place) - 1)
    legato = (place < len(place)) & (lines.line[follows] == lines.line)
    return replace(lines, end=np.where(legato, np.minimum(lines.end, lines.onset[follows]), lines.end))


def _uncovered(lines: Lines, steps_per_quarter: int) -> Bools:
    """False for notes that begin below a note that still sounds on the grid.

    Whether a note is kept depends on the one kept before it, so all clusters
    of overlapping notes are processed in parallel, one note of each at a time.
    """
    uncovered = np.ones(len(lines.line), bool)
    alone = np.ones(len(lines.line), bool)
    alone[1:] = lines.onset[1:] >= _latest_end(lines)[:-1]
    alone[run_starts(lines.line)] = True
    starts = np.flatnonzero(alone)
    sizes = np.diff(np.append(starts, len(alone)))
    by_size = np.argsort(-sizes, kind="stable")
    starts, sizes = starts[by_size], sizes[by_size]
    sounding = starts.copy()
    for place in range(1, int(sizes.max(initial=1))):
        active = int(np.searchsorted(-sizes, -place))
        new, old = starts[:active] + place, sounding[:active]
        covered = (lines.pitch[old] > lines.pitch[new]) & sounds_on(
            lines.onset[old], lines.end[old], lines.onset[new], lines.end[new], steps_per_quarter
        )
        uncovered[new[covered]] = False
        sounding[:active] = np.where(covered, old, new)
    return uncovered


def _latest_end(lines: Lines) -> Ints:
    """For every note, the latest end of this note and all earlier notes of its line."""
    if not len(lines.end):
        return lines.end
    base = lines.line * (int(lines.end.max()) + 1)
    return np.asarray(np.maximum.accumulate(lines.end + base) - base)
