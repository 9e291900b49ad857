"""Estimate the tempo of a piece from its onsets if the tempo of the file is not that of the music.

Method: the periodogram of the onsets (their agreement in phase, for every period
within half an octave of the written step), over the first onsets; then exact least
squares of onset against step number, over twice as many onsets each time. One constant
tempo is fitted. Only integers and fractions are used: cosines come from a table of integers.

Why not a library: beat trackers process audio or use neural networks, with floats that
differ between machines, and return beats, not one grid for a whole file. Least squares is
the minimum-variance linear unbiased estimator for a constant tempo.

Source: least-squares pulse tracking, Dixon 2001, "Automatic Extraction of Tempo and
Beat from Expressive Performances"; differs in a global periodogram in place of agents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.datasets.columns.ragged import Ints
from pipeline.datasets.quantize.phase import best_phase, distances

SCALE = 1_000_000  # a period is a whole number of millionths of a tick
FEWEST = 16  # onsets
FIRST_ONSETS = 256  # onsets used by the periodogram
FIRST_STEPS = 2048
OVERSAMPLING = 4  # periods tried per resolvable period of the window
LEAST_RATIO, LARGEST_RATIO = Fraction(12, 17), Fraction(17, 12)  # half an octave around the written step
N_PEAKS = 6
N_ANGLES = 1024
AMPLITUDE = 1 << 12
TUPLETS = (Fraction(4, 3), Fraction(4, 5), Fraction(3, 4))  # tuplet steps at the tempo of the file
NEAR_TUPLET = Fraction(1, 200)
NO_FIT = 0.2  # mean distance in steps above which the fit stops
PULSES = range(16, 1, -1)
PULSE_SHARE = 0.95
LEAST_ERROR = Fraction(1, 100)  # steps; smaller differences are rounding
EQUAL_ERROR = Fraction(5, 4)  # two tempi whose errors in ticks are within this ratio fit equally well

_COSINE = np.array(
    [round(AMPLITUDE * math.cos(2 * math.pi * a / N_ANGLES)) for a in range(N_ANGLES)], np.int64
)
_SINE = np.array([round(AMPLITUDE * math.sin(2 * math.pi * a / N_ANGLES)) for a in range(N_ANGLES)], np.int64)


@dataclass(frozen=True)
class Tempo:
    """A grid of constant tempo.

    Attributes:
        period: distance between steps, in millionths of a tick of the source.
        shift: position of a step in ticks; at most half a period from 0.
        error: mean distance of an onset to the nearest step, in steps.
        pulse: number of steps such that nearly all onsets are on its multiples; 1 if there is none.
    """

    period: Fraction
    shift: int
    error: float
    pulse: int


def find_tempo(onsets: Ints, steps_per_quarter: int, *, tuplets: bool) -> Tempo | None:
    """The grid of constant tempo with the best fit to the onsets; None for too few onsets.

    Onsets determine a pulse, not its number of steps. The tempo is chosen within half an octave
    of the written one, and among tempi that fit equally one whose pulse is a power of two of
    steps, then the nearest to the written one.

    Args:
        onsets: (n,) ticks of the source, increasing.
        steps_per_quarter: resolution of the grid; determines the written step.
        tuplets: whether a step may be a triplet or quintuplet step at the tempo of the
            file; if False, such tempi are excluded.
    """
    step = Fraction(TICKS_PER_QUARTER, steps_per_quarter)
    if len(onsets) < FEWEST:
        return None
    window = onsets[: min(FIRST_ONSETS, int(np.searchsorted(onsets, onsets[0] + int(FIRST_STEPS * step))))]
    if len(window) < FEWEST:
        return None
    fitted = (_fit(onsets, len(window), period) for period in _peaks(window - window[0], step))
    tempi = [tempo for tempo in fitted if tempo and LEAST_RATIO <= tempo.period / step <= LARGEST_RATIO]
    if not tempi:
        return None
    least = max(min(_error_ticks(tempo) for tempo in tempi), step * LEAST_ERROR)
    equal = [tempo for tempo in tempi if _error_ticks(tempo) <= EQUAL_ERROR * least]
    best = min(equal, key=lambda tempo: _preference(tempo, step))
    return None if _is_tuplet(best.period / step) and not tuplets else best


def _error_ticks(tempo: Tempo) -> Fraction:
    return Fraction(tempo.error) * tempo.period


def _preference(tempo: Tempo, step: Fraction) -> tuple[bool, Fraction, Fraction]:
    ratio = tempo.period / step
    return tempo.pulse & (tempo.pulse - 1) != 0, max(ratio, 1 / ratio), ratio


def _is_tuplet(ratio: Fraction) -> bool:
    return any(abs(ratio / tuplet - 1) <= NEAR_TUPLET for tuplet in TUPLETS)


def _peaks(times: Ints, step: Fraction) -> list[Fraction]:
    """The periods at which times from 0 agree best in phase; the best first."""
    length = OVERSAMPLING * int(times[-1])  # the periods tried are length / k
    least, largest = (math.floor(length / (step * r)) for r in (LARGEST_RATIO, LEAST_RATIO))
    numbers = np.arange(max(least, 1), largest + 2)
    strength = np.zeros(len(numbers), np.int64)
    for place, number in enumerate(numbers.tolist()):
        angle = times * number % length * N_ANGLES // length
        strength[place] = _COSINE[angle].sum() ** 2 + _SINE[angle].sum() ** 2
    padded = np.concatenate([[-1], strength, [-1]])
    is_peak = (strength > padded[:-2]) & (strength >= padded[2:])
    order = np.lexsort((numbers, -strength))
    return [Fraction(length, int(numbers[i])) for i in order if is_peak[i]][:N_PEAKS]


def _fit(onsets: Ints, n: int, period: Fraction) -> Tempo | None:
    """Refine a period over the first n onsets, then over twice as many until all are included."""
    scaled = round(period * SCALE)
    while True:
        times = (onsets[:n] - onsets[0]) * SCALE
        for _ in range(2):
            scaled = _least_squares(times, best_phase(times, scaled), scaled)
            if not 0 < scaled < 4 * period * SCALE:
                return None
        if n == len(onsets) or _error(times - best_phase(times, scaled), scaled) > NO_FIT:
            break
        n = min(2 * n, len(onsets))
    if n < len(onsets):
        return None
    times = onsets * SCALE
    phase = best_phase(times, scaled)
    shift = (2 * phase + SCALE) // (2 * SCALE)
    rest = times - shift * SCALE
    return Tempo(
        Fraction(scaled, SCALE), shift, _error(rest, scaled), _pulse((2 * rest + scaled) // (2 * scaled))
    )


def _error(times: Ints, period: int) -> float:
    """Mean distance to the nearest multiple of a period, in periods."""
    return int(distances(times, period).sum()) / (len(times) * period)


def _least_squares(times: Ints, phase: int, period: int) -> int:
    """The period of the straight line through (number of the nearest step, time)."""
    number = (2 * (times - phase) + period) // (2 * period)
    number = number - number[len(number) // 2]
    n, k, t = len(number), int(number.sum()), _exact_sum(times)
    divisor = n * _exact_sum(number * number) - k * k
    if not divisor:
        return period
    return round(Fraction(n * _exact_product(number, times) - k * t, divisor))


def _exact_product(left: Ints, right: Ints) -> int:
    """A sum of products that may need more than 64 bits."""
    high, low = np.divmod(right, SCALE)
    return SCALE * _exact_sum(left * high) + _exact_sum(left * low)


def _exact_sum(values: Ints) -> int:
    """A sum that may need more than 64 bits."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def _pulse(number: Ints) -> int:
    """The largest number of steps such that the distances of nearly all onsets are multiples of it."""
    for pulse in PULSES:
        if np.bincount(number % pulse).max() >= PULSE_SHARE * len(number):
            return pulse
    return 1
