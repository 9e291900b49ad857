"""Repetition in continuations: repeated bars, entropy of bars, loops and lengths.

**A bar** of a continuation is a whole bar after the cut; a bar that the cut divides does
not count. Two bars are equal if all their tokens are equal, ties into the bar included.

- *Repeated bars*: the share of bars that occurred earlier in the piece, in the source or
  in the continuation.
- *Entropy of bars*: bits of the histogram of the bars of one continuation, divided by the
  bits of as many different bars; 1: no bar twice, 0: one bar alone. It needs two bars.
- *Loop*: the continuation ends with at least LOOP_TIMES copies, one after the other, of the
  same 1 to LONGEST_LOOP bars.
- *Length*: in quarter notes, and whether STOP ends it.

Source: repeated bars and loops follow the repetition measures of Holtzman et al. 2020, "The
Curious Case of Neural Text Degeneration", section 4; only the definitions are used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import STOP
from pipeline.models.base.examples import Example

LOOP_TIMES = 3
LONGEST_LOOP = 4  # bars


@dataclass(frozen=True)
class Repetition:
    """Repetition in one continuation.

    Attributes:
        n_bars: whole bars.
        n_repeated: those that occurred earlier in the piece.
        entropy: of the bars, 0 to 1; None with fewer than two.
        looped: ends in a loop.
        quarters: length.
        complete: ends in STOP.
    """

    n_bars: int
    n_repeated: int
    entropy: float | None
    looped: bool
    quarters: Fraction
    complete: bool


@dataclass(frozen=True)
class RepetitionFigures:
    """Repetition in a set of continuations.

    Attributes:
        n: continuations.
        n_bars: their whole bars.
        repeated_bars: share of bars; None without any.
        entropy_of_bars: mean over continuations; None where none has two bars.
        looped, unfinished: share of continuations.
        mean_quarters: mean length.
        length_distance_quarters: Wasserstein distance of the lengths from the true ones.
    """

    n: int
    n_bars: int
    repeated_bars: float | None
    entropy_of_bars: float | None
    looped: float
    unfinished: float
    mean_quarters: float
    length_distance_quarters: float


def repetition(example: Example, continuation: NDArray[np.uint16], steps_per_quarter: int) -> Repetition:
    """Measure one continuation.

    Args:
        example: the piece, cut; without bars, none is counted.
        continuation: whole steps after its source, STOP at the end if complete.
        steps_per_quarter: resolution.
    """
    tokens = continuation[continuation != STOP]
    whole = np.concatenate([example.source, tokens]).reshape(-1, example.voices)
    n_source = len(example.source) // example.voices
    bars = _bars(example, whole)
    before = {bar for start, bar in bars if start < n_source}
    own = [bar for start, bar in bars if start >= n_source]
    n_repeated = 0
    for bar in own:
        n_repeated += bar in before
        before.add(bar)
    return Repetition(
        len(own),
        n_repeated,
        _entropy(own),
        ends_in_loop(own),
        Fraction(len(whole) - n_source, steps_per_quarter),
        bool(len(continuation) and continuation[-1] == STOP),
    )


def repetition_figures(
    continuations: Sequence[Repetition], true_quarters: Sequence[Fraction]
) -> RepetitionFigures:
    """Summarize continuations; sum, then divide.

    Args:
        continuations: at least one.
        true_quarters: lengths of the true continuations, at least one.
    """
    n, n_bars = len(continuations), sum(each.n_bars for each in continuations)
    entropies = [each.entropy for each in continuations if each.entropy is not None]
    quarters = np.array([float(each.quarters) for each in continuations])
    return RepetitionFigures(
        n,
        n_bars,
        sum(each.n_repeated for each in continuations) / n_bars if n_bars else None,
        float(np.mean(entropies)) if entropies else None,
        sum(each.looped for each in continuations) / n,
        sum(not each.complete for each in continuations) / n,
        float(quarters.mean()),
        wasserstein(quarters, np.array([float(each) for each in true_quarters])),
    )


def ends_in_loop(bars: Sequence[bytes]) -> bool:
    """Whether the last bars are copies of the same few bars."""
    for length in range(1, LONGEST_LOOP + 1):
        end = bars[-length * LOOP_TIMES :]
        if len(end) == length * LOOP_TIMES and list(end) == list(end[:length]) * LOOP_TIMES:
            return True
    return False


def wasserstein(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Distance of two distributions: the area between their cumulative distribution functions.

    >>> wasserstein(np.array([1.0, 3.0]), np.array([2.0, 4.0]))
    1.0
    """
    values = np.sort(np.concatenate([a, b]))
    shares = [np.searchsorted(np.sort(side), values[:-1], side="right") / len(side) for side in (a, b)]
    return float((np.abs(shares[0] - shares[1]) * np.diff(values)).sum())


def _bars(example: Example, whole: NDArray[np.uint16]) -> list[tuple[int, bytes]]:
    """The whole bars of a piece: first step, tokens."""
    if example.bars is None:
        return []
    n_source, length = len(example.source) // example.voices, example.bars.steps_per_bar
    places = example.bars.continued(n_source, max(len(whole), n_source))[: len(whole)]
    starts = np.flatnonzero(places == 0)
    starts = starts[starts + length <= len(whole)]
    return [(int(start), whole[start : start + length].tobytes()) for start in starts]


def _entropy(bars: Sequence[bytes]) -> float | None:
    if len(bars) < 2:
        return None
    shares = np.array(list(Counter(bars).values())) / len(bars)
    return float(-(shares * np.log2(shares)).sum() / np.log2(len(bars)))
