"""Find the grid of a piece in the time of its source.

In a score or a sequencer file, notes are on the beats of the file. A recording may be
displaced from the beats by a constant (POP909), or may be played at another tempo than the
one in the file. The grid of such a piece is estimated from its onsets with integer
arithmetic, so that every machine finds the same grid; or it comes from annotated beats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Bools, Ints, offsets_from_owners, run_starts, sums
from pipeline.datasets.columns.skyline import Lines
from pipeline.datasets.quantize.beats import Beats, along, beats_of
from pipeline.datasets.quantize.phase import distances, mean_error
from pipeline.datasets.quantize.rounding import WITHIN, is_notated
from pipeline.datasets.quantize.settings import QuantizeSettings
from pipeline.datasets.quantize.shift import ON_STEP, Sections, find_sections, shift_at
from pipeline.datasets.quantize.tempo import SCALE, find_tempo

FEWEST_ONSETS = 8  # onsets; fewer are not enough to find a grid
NOTATED_SHARE = 0.9  # least share of onsets at times that a score can write; such a piece is a score
NO_SHIFT = ((0, 0),)
LONGEST = 1 << 33  # ticks; longer than any piece
DISPLACED_SHARE = 0.95
LARGEST_ERROR = 0.15  # mean distance of onsets to their steps; 0.25 is the chance level
CHANCE = 0.25
SCORE, SHIFT, ESTIMATE, BEATS, UNKNOWN = "score", "shift", "estimate", "beats", "unknown"


@dataclass(frozen=True)
class Timing:
    """The position of the steps of one piece.

    Attributes:
        method: ``score``: the grid of the source; ``shift``: displaced by a constant;
            ``estimate``: at another tempo; ``beats``: from annotated beats; ``unknown``:
            searched for and not found, so the grid of the source is used.
        sections: (onset, displacement) in ticks of each section with a constant displacement;
            the first begins at 0. There is one section unless the displacement changes.
            With beats, the displacement is the onset of the first beat.
        period: ticks of the source from one step to the next; with beats, the mean.
        error_before, error_after: mean distance of an onset to the nearest step, in
            steps, for the grid of the source and for this grid.
    """

    method: str
    sections: Sections
    period: Fraction
    error_before: float
    error_after: float
    beats: Beats | None = None

    @property
    def shift(self) -> int:
        """The displacement at the beginning."""
        return self.sections[0][1]


@dataclass(frozen=True)
class Timings:
    """The grids of P pieces, one ``Timing`` each."""

    of: list[Timing]
    steps_per_quarter: int

    @property
    def bars_apply(self) -> Bools:
        """(P,) False if the bars of the source belong to another tempo, or drift from the notes by a step."""
        step = Fraction(TICKS_PER_QUARTER, self.steps_per_quarter)
        farthest = np.array([max(abs(shift) for _, shift in each.sections) for each in self.of], np.int64)
        has_beats = np.array([each.beats is not None for each in self.of], bool)  # bars come from them
        return has_beats | (~self._is_stretched & (2 * farthest <= math.ceil(step)))

    @property
    def _is_stretched(self) -> Bools:
        """(P,) True if the tempo differs from the tempo of the source."""
        return np.array([each.method == ESTIMATE for each in self.of], bool)

    def apply(self, ticks: Ints, piece: Ints) -> Ints:
        """Convert times of the source to ticks of a grid that begins at 0 with ``steps_per_quarter``.

        Args:
            ticks: (N,) times.
                        piece: (N,) number of the piece that each time belongs to.
        """
        starts, shifts = (
            np.array([pair for each in self.of for pair in each.sections], np.int64).reshape(-1, 2).T
        )
        owner = np.repeat(np.arange(len(self.of)), [len(each.sections) for each in self.of])
        section = np.searchsorted(owner * LONGEST + starts, piece * LONGEST + ticks, side="right") - 1
        moved = np.asarray(ticks - shifts[section])
        stretched = self._is_stretched[piece]
        if stretched.any():
            periods = np.array([int(each.period * SCALE) for each in self.of], np.int64)
            moved[stretched] = self._stretched(moved[stretched], periods[piece[stretched]])
        has_beats = np.array([each.beats is not None for each in self.of], bool)
        if has_beats.any():
            number, chosen = np.cumsum(has_beats) - 1, has_beats[piece]
            beats = [each.beats for each in self.of if each.beats is not None]
            moved[chosen] = along(beats, ticks[chosen], number[piece[chosen]])
        return moved

    def _stretched(self, ticks: Ints, period: Ints) -> Ints:
        """Convert ticks at the tempo of the source to ticks at the tempo of the grid, rounded half up.

        Args:
            period: length of one step in millionths of a tick, for each time.
        """
        step, rest = np.divmod(ticks * SCALE, period)
        within = (2 * rest * TICKS_PER_QUARTER + period) // (2 * period)
        exact = step * TICKS_PER_QUARTER + within  # times steps_per_quarter
        return np.asarray((2 * exact + self.steps_per_quarter) // (2 * self.steps_per_quarter))


def find_timings(
    lines: Lines, voices: int, has_bars: Bools, settings: QuantizeSettings, beats: pa.ChunkedArray
) -> Timings:
    """Find the grid of every piece.

    Args:
        lines: ``voices`` lines per piece, times in ticks of the source.
        voices: V.
        has_bars: (P,) whether the bar lines of the source are known.
        settings: ``grid`` selects the kinds of grid that are tried.
        beats: per piece a list of beats with ``onset`` and ``downbeat``, or null; used with ``grid: beats``.
    """
    quarter = settings.steps_per_quarter
    n = lines.n // voices
    onsets, offsets = _distinct_onsets(lines, voices, n)
    distance = _distance(onsets, quarter)
    total, count = sums(distance, offsets), np.diff(offsets)
    before = total / np.maximum(count * TICKS_PER_QUARTER, 1)
    searched = _searched(distance, offsets, settings)
    as_written = Fraction(TICKS_PER_QUARTER, quarter)
    found = [Timing(SCORE, NO_SHIFT, as_written, float(error), float(error)) for error in before]
    for piece in np.flatnonzero(searched):
        own = onsets[offsets[piece] : offsets[piece + 1]]
        if settings.grid == BEATS:
            found[piece] = _from_beats(own, beats[int(piece)].as_py() or [], found[piece], quarter)
        else:
            found[piece] = _find(own, float(before[piece]), bool(has_bars[piece]), settings)
    return Timings(found, quarter)


def _from_beats(
    onsets: Ints, annotated: Sequence[Mapping[str, Any]], as_written: Timing, quarter: int
) -> Timing:
    """The grid of annotated beats; ``unknown`` for a piece without beats."""
    onset = np.array([beat["onset"] for beat in annotated], np.int64)
    beats = beats_of(onset, np.array([beat["downbeat"] for beat in annotated], bool), onsets)
    if beats is None:
        return replace(as_written, method=UNKNOWN)
    position = along([beats], onsets, np.zeros(len(onsets), np.int64))
    return Timing(
        BEATS,
        ((0, int(onset[0])),),
        Fraction(int(onset[-1] - onset[0]), (len(onset) - 1) * quarter),
        as_written.error_before,
        mean_error(distances(position * quarter, TICKS_PER_QUARTER)),
        beats,
    )


def _distinct_onsets(lines: Lines, voices: int, n: int) -> tuple[Ints, Ints]:
    """Sorted distinct onsets of each piece, and their offsets."""
    piece = lines.line // voices
    order = np.lexsort((lines.onset, piece))
    first = order[run_starts(piece[order], lines.onset[order])]
    return lines.onset[first], offsets_from_owners(piece[first], n)


def _distance(onsets: Ints, quarter: int) -> Ints:
    """Distance to the nearest step of the source, in ticks times ``steps_per_quarter``."""
    rest = onsets * quarter % TICKS_PER_QUARTER
    return np.minimum(rest, TICKS_PER_QUARTER - rest)


def _searched(distance: Ints, offsets: Ints, settings: QuantizeSettings) -> Bools:
    """Pieces whose grid is searched for; with ``auto``, pieces whose times are not those of a score."""
    count = np.diff(offsets)
    if settings.grid == SCORE:
        return np.zeros(len(count), bool)
    if settings.grid != "auto":
        return count > 0
    return sums(distance <= ON_STEP, offsets) < NOTATED_SHARE * count


def _find(onsets: Ints, before: float, has_bars: bool, settings: QuantizeSettings) -> Timing:
    """The grid of one piece: the tempo of the source with a shift, or else another tempo.

    With ``auto``, a piece whose onsets are at times that a score can write is taken for a score
    with notes off the steps (triplets), unless all onsets are on displaced steps. Half a step
    between known bar lines is not a displacement but a rhythm on a coarse grid.
    """
    quarter = settings.steps_per_quarter
    step = Fraction(TICKS_PER_QUARTER, quarter)
    unknown = Timing(UNKNOWN, NO_SHIFT, step, before, before)
    notated = settings.grid == "auto" and is_notated(onsets, WITHIN).mean() >= NOTATED_SHARE
    if len(onsets) < FEWEST_ONSETS:
        return replace(unknown, method=SCORE) if notated else unknown
    if settings.grid in ("auto", SHIFT):
        sections = find_sections(onsets, quarter)
        error = distances((onsets - shift_at(onsets, sections)) * quarter, TICKS_PER_QUARTER)
        after = mean_error(error)
        offbeat = has_bars and 2 * abs(sections[0][1]) == step
        displaced = not offbeat and len(sections) == 1 and (error <= ON_STEP).mean() >= DISPLACED_SHARE
        if displaced if notated else after <= _admitted(len(onsets), 0.35):
            return Timing(SHIFT, sections, step, before, after)
    if notated:
        return replace(unknown, method=SCORE)
    if settings.grid in ("auto", ESTIMATE):
        tempo = find_tempo(onsets, quarter, tuplets=settings.grid == ESTIMATE)
        if tempo is not None and tempo.error <= _admitted(len(onsets), 0.6):
            return Timing(ESTIMATE, ((0, tempo.shift),), tempo.period, before, tempo.error)
    return unknown


def _admitted(n: int, spread: float) -> float:
    """A mean error so low that n onsets at random times are unlikely to reach it.

    Args:
        n: number of onsets.
        spread: difference between the chance level and the best of all grids tried, for one onset.
    """
    return min(LARGEST_ERROR, CHANCE - spread / math.sqrt(n))
