"""Compute the exact phase of a grid of known period from onsets."""

from __future__ import annotations

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Ints


def best_phase(times: Ints, period: int) -> int:
    """The phase that minimizes the sum of distances between the times and the grid.

    At the minimum, a grid line coincides with one of the times. All of them are tried with
    prefix sums, in O(n log n). Of equally good phases, the one nearer to 0 is returned, then the later.

    Args:
        times: (n,) integers, n > 0.
        period: period of the grid, in the same unit.

    Returns:
        The phase, more than ``-period / 2`` and at most ``period / 2``.
    """
    rest = np.sort(times % period)
    n = len(rest)
    twice = np.concatenate([rest, rest + period])
    total = np.concatenate([[0], np.cumsum(twice)])
    first = np.arange(n)
    half = np.searchsorted(twice, rest + period // 2, side="right")  # nearer to this grid line than the next
    near = total[half] - total[first] - (half - first) * rest
    far = (first + n - half) * (rest + period) - (total[first + n] - total[half])
    cost = near + far
    phase = np.where(2 * rest > period, rest - period, rest)
    return int(phase[np.lexsort((-phase, np.abs(phase), cost))[0]])


def distances(times: Ints, period: int) -> Ints:
    """The distance from each time to the nearest multiple of a period."""
    rest = times % period
    return np.minimum(rest, period - rest)


def mean_error(errors: Ints) -> float:
    """Mean distance to the nearest step, in steps: 0 to 0.5; the chance level is 0.25.

    Args:
        errors: (n,) distances in 1/10080 step.
    """
    return int(errors.sum()) / (len(errors) * TICKS_PER_QUARTER)


def round_half_up(numerator: int, denominator: int) -> int:
    """The rounded quotient of two integers."""
    return (2 * numerator + denominator) // (2 * denominator)
