"""A constant displacement of onsets against the steps, and where in the piece it changes.

A file whose tempo was corrected in the middle of a song has another displacement after
that point. A section of its own is found only where a sequencer's exact times show it: at
least ``FEWEST_IN_SECTION`` onsets, seven of ten within a tenth of a step of one phase. A
player's irregular times do not.
"""

from __future__ import annotations

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Ints, run_starts
from pipeline.datasets.quantize.phase import best_phase, distances, round_half_up

ON_STEP = TICKS_PER_QUARTER // 10  # a tenth of a step, in 1/10080 step
SHARE_ON_STEP = 0.7  # by chance 0.2
FEWEST_IN_SECTION = 16  # onsets
LEAST_GAIN = 3 * TICKS_PER_QUARTER  # of all distances in a section: 3 steps
N_PHASES = 6
MOST_SECTIONS = 32

Sections = tuple[tuple[int, int], ...]


def find_sections(onsets: Ints, steps_per_quarter: int) -> Sections:
    """Where sections begin, in ticks, and the shift of each in ticks.

    The first is at most half a step, and a change of shift at most half a step, too.

    Starting from the phase that fits all onsets best, the stretch of onsets that gains most
    by another phase becomes a section, until none gains enough.

    Args:
        onsets: (n,) ticks of the source, rising.
        steps_per_quarter: of the grid.
    """
    times = onsets * steps_per_quarter  # a step is 10080
    phases = [best_phase(times, TICKS_PER_QUARTER), *_common_phases(times)]
    error = np.array([distances(times - phase, TICKS_PER_QUARTER) for phase in phases])  # (phases, n)
    chosen = np.zeros(len(times), np.int64)
    for _ in range(MOST_SECTIONS):
        stretches = [_best_stretch(error, chosen, phase) for phase in range(len(phases))]
        candidates = [each for each in stretches if each is not None]
        if not candidates:
            break
        _, phase, begin, stop = max(candidates)
        chosen[begin:stop] = phase
    found: list[tuple[int, int]] = []
    phase = 0
    for start in run_starts(chosen).tolist():
        phase = _nearest(phases[chosen[start]], phase)
        found.append((int(onsets[start]) if start else 0, round_half_up(phase, steps_per_quarter)))
    return tuple(found)


def _nearest(phase: int, before: int) -> int:
    """The same phase, whole steps away, that changes least against the one before."""
    return phase + TICKS_PER_QUARTER * round_half_up(before - phase, TICKS_PER_QUARTER)


def shift_at(ticks: Ints, sections: Sections) -> Ints:
    """The shift of the section that each time lies in."""
    starts, shifts = np.array(sections, np.int64).T
    return np.asarray(shifts[np.searchsorted(starts, ticks, side="right") - 1])


def _common_phases(times: Ints) -> list[int]:
    """The most frequent phases, no two of them within a tenth of a step."""
    phase, count = np.unique(times % TICKS_PER_QUARTER, return_counts=True)
    found: list[int] = []
    while len(found) < N_PHASES and count.max(initial=0) >= FEWEST_IN_SECTION // 2:
        best = int(phase[np.argmax(count)])
        found.append(best if 2 * best <= TICKS_PER_QUARTER else best - TICKS_PER_QUARTER)
        count[distances(phase - best, TICKS_PER_QUARTER) <= ON_STEP] = 0
    return found


def _best_stretch(error: Ints, chosen: Ints, phase: int) -> tuple[int, int, int, int] | None:
    """The stretch of onsets that gains most by a phase, where it makes a section.

    Args:
        error: (phases, n) distances of the onsets to each grid.
        chosen: (n,) the phase of each as yet.

    Returns:
        Gain, phase, begin and stop.
    """
    now = error[chosen, np.arange(len(chosen))]
    total = np.concatenate([[0], np.cumsum(now - error[phase])])
    gain = total - np.minimum.accumulate(total)
    stop = int(np.argmax(gain))
    begin = int(np.flatnonzero(total[: stop + 1] == total[stop] - gain[stop])[-1])
    exact = (error[phase, begin:stop] <= ON_STEP).sum() >= SHARE_ON_STEP * (stop - begin)
    if gain[stop] < LEAST_GAIN or stop - begin < FEWEST_IN_SECTION or not exact:
        return None
    return int(gain[stop]), phase, begin, stop
