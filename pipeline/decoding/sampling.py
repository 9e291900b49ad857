"""Choosing the next symbol from a distribution: the most probable one, or a draw.

Order of work: temperature, then ``top_k``, then ``top_p``, then one draw from
what is left. The grammar comes before all of them: a symbol of probability 0 is
never chosen.

Source of ``top_p`` (nucleus): Holtzman et al. 2020, "The Curious Case of Neural
Text Degeneration".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import PipelineError


class SamplingError(PipelineError):
    """A way of sampling that does not exist."""


@dataclass(frozen=True)
class Sampling:
    """How the next symbol is chosen.

    Attributes:
        temperature: logits are divided by it; 0 takes the most probable symbol, of
            equal ones the lowest.
        top_k: only so many of the most probable symbols can be drawn; 0 for all.
        top_p: only the most probable symbols that together reach this share can be drawn.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise SamplingError(f"temperature {self.temperature}: allowed are 0 and above")
        if self.top_k < 0:
            raise SamplingError(f"top-k {self.top_k}: allowed are 1 and above, or 0 for all symbols")
        if not 0 < self.top_p <= 1:
            raise SamplingError(f"top-p {self.top_p}: a share above 0 and up to 1 is allowed")

    def choose(
        self, log_probs: NDArray[np.float64], chances: Sequence[np.random.Generator]
    ) -> NDArray[np.int64]:
        """One symbol a row.

        Args:
            log_probs: (B, 258) natural logarithms up to a constant a row, -inf for what cannot follow.
            chances: B streams; row i draws from its own.
        """
        if self.temperature == 0:
            return np.asarray(log_probs.argmax(axis=1))
        cumulated = self.shares(log_probs).cumsum(axis=1)
        drawn = [
            np.searchsorted(row, chance.random() * row[-1], side="right")
            for row, chance in zip(cumulated, chances, strict=True)
        ]
        return np.array(drawn, np.int64)

    def shares(self, log_probs: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, 258) what each symbol may be drawn with; rows sum to 1; the temperature is above 0."""
        scaled = log_probs / self.temperature
        shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        if self.top_k or self.top_p < 1:
            shares = self._truncated(shares)
        return np.asarray(shares)

    def _truncated(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        order = np.argsort(-shares, axis=1, kind="stable")
        ranked = np.take_along_axis(shares, order, axis=1)
        kept = np.ones(shares.shape, bool)
        if self.top_k:
            kept[:, self.top_k :] = False
        remaining = np.where(kept, ranked, 0.0)
        remaining /= remaining.sum(axis=1, keepdims=True)
        kept &= np.cumsum(remaining, axis=1) - remaining < self.top_p  # the one that reaches it stays
        ranked = np.where(kept, remaining, 0.0)
        truncated = np.empty_like(shares)
        np.put_along_axis(truncated, order, ranked, axis=1)
        return np.asarray(truncated / truncated.sum(axis=1, keepdims=True))


GREEDY = Sampling(temperature=0.0)
