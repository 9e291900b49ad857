"""Calibration: agreement of a predictor's confidence with its accuracy.

The most probable symbol of each position is the predictor's choice and its
probability the confidence. Choices are put into BINS of equal width by their
confidence; a calibrated predictor is right in as large a share of each bin as its
mean confidence there. The **expected calibration error** is the mean distance
of both, bins weighed by their choices (Guo, Pleiss, Sun & Weinberger 2017, On
calibration of modern neural networks, ICML, equation 3). It sees only the most
probable symbol, and it depends on the number of bins: compare like with like.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Choices by how confident they were made, (BINS,) each; NaN where a bin is empty.

    Attributes:
        n: choices.
        confidence: their mean confidence.
        accuracy: the share of them that was right.
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
        confidence: (n,) in 0 … 1. hit: (n,) whether the choice was right.
    """
    sure, right = np.asarray(confidence, np.float64), np.asarray(hit, np.float64)
    place = np.clip(np.ceil(sure * BINS).astype(np.int64) - 1, 0, BINS - 1)
    n = np.bincount(place, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(place, weights=values, minlength=BINS) / n for values in (sure, right)]
    return Reliability(n, *means)
