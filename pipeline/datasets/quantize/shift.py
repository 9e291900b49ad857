"""Find constant displacements of onsets from the steps, and where in the piece they change.

A file whose tempo was corrected in the middle of a song has a different displacement after
that point. A separate section is found only in the exact times of a sequencer: it needs at
least ``FEWEST_IN_SECTION`` onsets, seven of ten within a tenth of a step of one phase. The
irregular times of a performer do not meet this condition.
"""

from __future__ import annotations

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Ints, run_starts
from pipeline.datasets.quantize.phase import best_phase, distances, round_half_up

ON_STEP = TICKS_PER_QUARTER // 10  # a tenth of a step, in 1/10080 step
SHARE_ON_STEP = 0.7  # the chance level is 0.2
FEWEST_IN_SECTION = 16  # onsets
LEAST_GAIN = 3 * TICKS_PER_QUARTER  # upper bound of the sum of distances in a section: 3 steps
N_PHASES = 6
MOST_SECTIONS = 32

Sections = tuple[tuple[int, int], ...]


def find_sections(onsets: Ints, steps_per_quarter: int) -> Sections:
    """The begin of each section and its shift, in ticks.

    The first shift is at most half a step, and so is every change of shift.

    Starting from the phase that fits all onsets best, the range of onsets whose error decreases
    most with another phase becomes a section, until no decrease is large enough.

    Args:
        onsets: (n,) ticks of the source, increasing.
        steps_per_quarter: resolution of the grid.
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
    """The equivalent phase, whole steps away, that is nearest to the phase before."""
    return phase + TICKS_PER_QUARTER * round_half_up(before - phase, TICKS_PER_QUARTER)


def shift_at(ticks: Ints, sections: Sections) -> Ints:
    """The shift of the section that contains each time."""
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
    """The range of onsets whose error decreases most with another phase, if it qualifies as a section.

    Args:
        error: (phases, n) distances of the onsets to each grid.
        chosen: (n,) the current phase of each onset.

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
