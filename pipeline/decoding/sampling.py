"""Choosing the next token from a distribution: greedy decoding or sampling.

The order is temperature, ``top_k``, ``top_p``, then one sample of the remaining tokens.
The grammar mask is applied before all of them: a token of probability 0 is never chosen.

Source of ``top_p`` (nucleus): Holtzman et al. 2020, "The Curious Case of Neural
Text Degeneration".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import VOCAB_SIZE
from pipeline.errors import PipelineError

MIN_TEMPERATURE, MAX_TEMPERATURE = 1e-3, 1e3  # outside, exp() of the logits overflows or is constant


class SamplingError(PipelineError):
    """Sampling parameters out of range."""


class PredictionError(PipelineError):
    """A model predicts no probabilities: its weights are finite, and so large that sums overflow."""


def require_numbers(log_probs: NDArray[np.floating]) -> None:
    """Refuse predictions that are not numbers; choosing from them would give some token without a message.

    Raises:
        PredictionError: one is not.
    """
    if np.isnan(log_probs).any():
        raise PredictionError(
            "the model's predictions are not numbers: its weights are too large; train it again with a lower "
            "learning_rate"
        )


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: logits are divided by it (0.001 to 1000); 0: greedy decoding, where ties are
            resolved in favour of the lowest id.
        top_k: number of most probable tokens to sample from; 0 for all.
        top_p: sample from the fewest most probable tokens whose probabilities reach this sum.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        low, high = MIN_TEMPERATURE, MAX_TEMPERATURE
        if self.temperature != 0 and not low <= self.temperature <= high:  # also where it is not a number
            raise SamplingError(f"temperature {self.temperature}: allowed are 0, and {low:g} to {high:g}")
        if not 0 <= self.top_k <= VOCAB_SIZE:
            raise SamplingError(f"top-k {self.top_k}: allowed are 1 to {VOCAB_SIZE}, or 0 for all tokens")
        if not 0 < self.top_p <= 1:
            raise SamplingError(f"top-p {self.top_p}: a share above 0 and up to 1 is allowed")

    def choose(
        self, log_probs: NDArray[np.float64], generators: Sequence[np.random.Generator]
    ) -> NDArray[np.int64]:
        """One token per row.

        Args:
            log_probs: (B, 258) natural logarithms up to a constant per row, -inf for invalid tokens.
            generators: B random streams, one per row.
        """
        if self.temperature == 0:
            return np.asarray(log_probs.argmax(axis=1))
        cumulated = self.probabilities(log_probs).cumsum(axis=1)
        sampled = [
            np.searchsorted(row, generator.random() * row[-1], side="right")
            for row, generator in zip(cumulated, generators, strict=True)
        ]
        return np.array(sampled, np.int64)

    def probabilities(self, log_probs: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, 258) sampling probabilities; rows sum to 1; the temperature must be above 0."""
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
        kept &= np.cumsum(remaining, axis=1) - remaining < self.top_p  # includes the one that reaches it
        ranked = np.where(kept, remaining, 0.0)
        truncated = np.empty_like(shares)
        np.put_along_axis(truncated, order, ranked, axis=1)
        return np.asarray(truncated / truncated.sum(axis=1, keepdims=True))


GREEDY = Sampling(temperature=0.0)
