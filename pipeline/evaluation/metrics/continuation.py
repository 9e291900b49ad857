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

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.text import counted
from pipeline.core.vocabulary import STOP, TIED
from pipeline.errors import PipelineError

Points = NDArray[np.int64]  # (n, 2): onset in steps, pitch

PITCHES = 128


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


def within(found: Points, source: Points, horizon_steps: int) -> Points:
    """The points up to the horizon after the last onset of the source.

    Raises:
        ContinuationError: the source has no note to count from.
    """
    if not len(source):
        raise ContinuationError("a source without a note has no last onset")
    return np.asarray(found[found[:, 0] <= source[:, 0].max() + horizon_steps], np.int64)


def pattern_match(true: Points, generated: Points) -> PatternMatch | None:
    """The best translation; None where either side has fewer than two points."""
    if len(true) < 2 or len(generated) < 2:
        return None
    places = [side[:, 0] * 2 * PITCHES + side[:, 1] for side in (generated, true)]
    _, times = np.unique(np.subtract.outer(*places), return_counts=True)  # one number per translation
    return PatternMatch(int(times.max()), len(true), len(generated))


def pitch_overlap(true: Points, generated: Points, modulo: int = PITCHES) -> float | None:
    """Common area of the histograms of pitches; None where either side is empty.

    Args:
        modulo: 12 for pitch classes.
    """
    if not len(true) or not len(generated):
        return None
    shares = [np.bincount(side[:, 1] % modulo, minlength=modulo) / len(side) for side in (true, generated)]
    return float(np.minimum(*shares).sum())


def edit_distance(a: ArrayLike, b: ArrayLike) -> int:
    """Levenshtein distance: fewest insertions, deletions and replacements of tokens."""
    first, second = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    ramp = np.arange(len(second) + 1)
    costs = ramp.copy()
    for row, token in enumerate(first, start=1):
        replaced = costs[:-1] + (second != token)
        better = np.minimum(costs[1:] + 1, replaced)
        # an insertion costs one more than the position to its left, hence the running minimum
        costs = np.minimum.accumulate(np.concatenate([[row], better]) - ramp) + ramp
    return int(costs[-1])
