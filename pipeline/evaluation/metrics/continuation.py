"""Musical similarity of a generated continuation and the true one, independent of likelihood.

**Points.** A continuation is compared by its sounding notes, each a point
(onset, pitch): onset in steps from the first step of the piece, pitch a MIDI
note number. Durations and silences have an effect only through the onsets.

**Horizon.** Time runs from the last onset of the source: a note belongs to the
first h quarters when its onset is at most h quarters after that onset.

**Pattern match** (the cardinality score of MIREX Patterns for Prediction): of
all translations in time and pitch the one that brings most generated points
onto true ones; with m points matched, n true and k generated,

    recall = (m - 1) / (n - 1), precision = (m - 1) / (k - 1), F1 their harmonic mean.

Any two points match under some translation, so m is at least 1 and the chance level is
above 0. It is undefined where either side has fewer than two points. Because of the
translation, the beginning and the key of the continuation have no effect: shapes are
compared.

**Pitch overlap:** the common area of both normalized histograms of pitches, or
of pitch classes; 1 for the same shares, 0 for nothing in common.

Source: MIREX 2019, Patterns for Prediction; Janssen et al., its evaluation code
(https://github.com/BeritJanssen/PatternsForPrediction): only the definitions are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.text import counted
from pipeline.core.vocabulary import STOP, TIED
from pipeline.errors import PipelineError

Points = NDArray[np.int64]  # (n, 2): onset in steps, pitch
Ints = NDArray[np.int64]

PITCHES = 128
ALL = np.iinfo(np.int64).max  # as the last step: all points


class ContinuationError(PipelineError):
    """Tokens that do not form whole steps, or a source without a note."""


@dataclass(frozen=True)
class PatternMatch:
    """The best translation of a generated continuation onto the true one.

    Attributes:
        matched: points that coincide under it, at least 1.
        n_true, n_generated: points of each side, at least 2.
    """

    matched: int
    n_true: int
    n_generated: int

    @property
    def recall(self) -> float:
        """Share of the true points that are matched, not counting one point on each side."""
        return (self.matched - 1) / (self.n_true - 1)

    @property
    def precision(self) -> float:
        """Share of the generated points that are matched, not counting one point on each side."""
        return (self.matched - 1) / (self.n_generated - 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision; 0 where only one point matches."""
        return 2 * (self.matched - 1) / (self.n_true + self.n_generated - 2)


def points(tokens: ArrayLike, voices: int = 1, first_step: int = 0) -> Points:
    """The sounding notes of all voices, by onset and then by pitch.

    Args:
        tokens: whole steps of V tokens; a STOP at the end is skipped.
        voices: V.
        first_step: the step at which the tokens begin.

    Raises:
        ContinuationError: not whole steps.
    """
    flat = np.asarray(tokens, dtype=np.int64)
    if len(flat) and flat[-1] == STOP:
        flat = flat[:-1]
    if len(flat) % voices:
        raise ContinuationError(
            f"steps of {counted(voices, 'voice')} are not filled by {counted(len(flat), 'token')}"
        )
    steps = flat.reshape(-1, voices)
    step, voice = np.nonzero((steps > 0) & (steps < TIED))
    found = np.stack([step + first_step, steps[step, voice]], axis=1)
    return np.asarray(found[np.lexsort((found[:, 1], found[:, 0]))], np.int64)


def last_steps(source: Points, horizons: Sequence[int]) -> Ints:
    """(H,) last step of each horizon, which counts from the last onset of the source.

    Args:
        horizons: in steps, ascending.

    Raises:
        ContinuationError: the source has no note to count from.
    """
    if not len(source):
        raise ContinuationError("a source without a note has no last onset")
    return np.asarray(source[:, 0].max() + np.asarray(horizons, np.int64), np.int64)


def within(found: Points, last_step: int) -> Points:
    """The points up to a step."""
    return found[found[:, 0] <= last_step]


def pattern_match(true: Points, generated: Points) -> PatternMatch | None:
    """The best translation; None where either side has fewer than two points."""
    return pattern_matches(true, generated, [ALL])[0]


def pattern_matches(true: Points, generated: Points, ends: Sequence[int] | Ints) -> list[PatternMatch | None]:
    """The best translation of the points up to each of several steps.

    Args:
        ends: (H,) steps, ascending.
    """
    firsts = [np.searchsorted(ends, side[:, 0]) for side in (generated, true)]  # the first end of each point
    places = [side[:, 0] * 2 * PITCHES + side[:, 1] for side in (generated, true)]
    translations = np.subtract.outer(*places).ravel()  # one number per translation
    included = np.maximum.outer(*firsts).ravel()
    translations, included = translations[included < len(ends)], included[included < len(ends)]
    names, which = np.unique(translations, return_inverse=True)
    pairs = np.bincount(which * len(ends) + included, minlength=len(names) * len(ends))
    matched = pairs.reshape(-1, len(ends)).cumsum(1).max(0, initial=0)
    sizes = [np.searchsorted(side[:, 0], ends, side="right").tolist() for side in (true, generated)]
    return [
        PatternMatch(best, n_true, n_generated) if min(n_true, n_generated) > 1 else None
        for best, n_true, n_generated in zip(matched.tolist(), *sizes, strict=True)
    ]


def pitch_overlaps(
    true: Points, generated: Points, ends: Sequence[int] | Ints = (ALL,), modulo: int = PITCHES
) -> list[float | None]:
    """Common area of the histograms of pitches up to each of several steps; None where either side is empty.

    Args:
        ends: (H,) steps, ascending.
        modulo: 12 for pitch classes.
    """
    shares = []
    for side in (true, generated):
        cells = np.searchsorted(ends, side[:, 0]) * modulo + side[:, 1] % modulo
        counts = np.bincount(cells, minlength=(len(ends) + 1) * modulo).reshape(-1, modulo)[:-1].cumsum(0)
        shares.append(counts / np.maximum(counts.sum(1, keepdims=True), 1))
    common = np.minimum(*shares).sum(1)
    defined = shares[0].any(1) & shares[1].any(1)
    return [area if known else None for area, known in zip(common.tolist(), defined.tolist(), strict=True)]


def edit_distance(a: ArrayLike, b: ArrayLike) -> int:
    """Levenshtein distance: fewest insertions, deletions and replacements of tokens."""
    return int(edit_distances(a, [b], [max(np.size(a), np.size(b))])[0, 0])


def edit_distances(a: ArrayLike, others: Sequence[ArrayLike], lengths: Sequence[int]) -> Ints:
    """(S, H) Levenshtein distances of ``a`` to S others, each between their first tokens alone.

    Args:
        lengths: (H,) numbers of these first tokens; a shorter side is compared as a whole.
    """
    first, sides = np.asarray(a, np.int64), [np.asarray(other, np.int64) for other in others]
    rows = np.minimum(lengths, len(first))
    columns = np.minimum(lengths, np.array([[len(side)] for side in sides]))  # (S, H)
    second = np.full((len(sides), columns.max(initial=0)), -1)
    for row, side in zip(second, sides, strict=True):
        row[: len(side)] = side[: len(row)]
    ramp = np.arange(second.shape[1] + 1)
    costs = np.repeat(ramp[None], len(sides), axis=0)
    distances = np.empty(columns.shape, np.int64)
    for n_tokens in range(rows.max(initial=0) + 1):
        if n_tokens:
            better = np.minimum(costs[:, 1:] + 1, costs[:, :-1] + (second != first[n_tokens - 1]))
            # an insertion costs one more than the position to its left, hence the running minimum
            costs[:, 0], costs[:, 1:] = n_tokens, better - ramp[1:]
            costs = np.minimum.accumulate(costs, axis=1) + ramp
        for place in np.flatnonzero(rows == n_tokens):
            distances[:, place] = costs[np.arange(len(sides)), columns[:, place]]
    return distances
