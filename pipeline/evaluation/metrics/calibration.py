"""Calibration: agreement of a predictor's confidence with its accuracy.

The most probable token at each position is the predictor's choice, and its probability
is the confidence. Choices are put into BINS of equal width by their confidence; for a
calibrated predictor the accuracy in each bin equals the mean confidence in it. The
**expected calibration error** is the mean difference of the two, with bins weighted by
their number of choices (Guo, Pleiss, Sun & Weinberger 2017, On calibration of modern
neural networks, ICML, equation 3). It considers only the most probable token and depends
on the number of bins, so values with different numbers of bins are not comparable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Choices by confidence, (BINS,) each; NaN where a bin is empty.

    Attributes:
        n: choices.
        confidence: their mean confidence.
        accuracy: the share of correct choices.
    """

    n: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def error(self) -> float | None:
        """The expected calibration error, 0 … 1; None without a choice."""
        if not self.n.sum():
            return None
        return float(np.nansum(self.n * np.abs(self.accuracy - self.confidence)) / self.n.sum())


def reliability(confidence: ArrayLike, hit: ArrayLike) -> Reliability:
    """Put choices into bins of equal width; a confidence on a border belongs to the bin below it.

    Args:
        confidence: (n,) in 0 … 1. hit: (n,) whether the choice was correct.
    """
    sure, right = np.asarray(confidence, np.float64), np.asarray(hit, np.float64)
    place = np.clip(np.ceil(sure * BINS).astype(np.int64) - 1, 0, BINS - 1)
    n = np.bincount(place, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, weights=values, minlength=BINS) / n for values in (sure, right)]
    return Reliability(n, *means)
