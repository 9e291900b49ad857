"""What training, decoding and evaluation rely on in every model.

A model's own part gives logits over all 258 symbols and knows nothing of the
grammar. :meth:`Seq2Seq.mask` takes away what cannot follow, the same for
training, scoring and sampling: a likelihood is one over the valid symbols.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipeline.core.vocabulary import START, STOP, VALID_AFTER
from pipeline.models.base.batches import Batch

State = tuple[Tensor, ...]
"""What a decoder remembers between symbols; the examples are the first dimension of each tensor."""


@dataclass(frozen=True)
class Looks:
    """Where each place of the targets looks, and whom it believes.

    N columns: the S of the source, and for a model that looks at what it has said,
    too, the T - 1 of the target without its last symbol.

    Attributes:
        weights: by what looks, "attention" or a way of copying: (B, T, N) float, each
            row sums to 1; 0 at padding and at what is said there or later.
        beliefs: by who has an opinion, "vocabulary" or a way of copying: (B, T) float,
            how much probability is left to it; they sum to 1. Empty where there is one alone.
        credits: the same for the true symbol: what share of its probability came from there.
    """

    weights: Mapping[str, Tensor]
    beliefs: Mapping[str, Tensor]
    credits: Mapping[str, Tensor]


class Seq2Seq(nn.Module, ABC):
    """Reads a source, says a target: B examples at once.

    There is no training mode: noise is an argument.
    """

    barriers: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("barriers", _barriers(), persistent=False)

    @abstractmethod
    def forward(self, batch: Batch, noise: torch.Generator | None = None) -> Tensor:
        """Logits of every target symbol given the true ones before it.

        Args:
            noise: where dropout comes from, in training; None for none.

        Returns:
            (B, T, 258) float, not masked; what stands at padding means nothing.
        """

    @abstractmethod
    def start(self, batch: Batch) -> State:
        """Read sources: the state before the first target symbol; no target is looked at."""

    @abstractmethod
    def step(self, state: State, symbols: Tensor) -> tuple[Tensor, State]:
        """Say one symbol more.

        Args:
            symbols: (B,) int64, the symbol before it, START at first.

        Returns:
            (B, 258) logits, not masked, and the state after.
        """

    def attention(self, batch: Batch) -> Looks | None:  # noqa: ARG002
        """Where each target symbol looks, told the true ones before it; None for a model that does not look.

        What stands at padding of the target means nothing.
        """
        return None

    def mask(self, logits: Tensor, previous: Tensor, stop_allowed: Tensor) -> Tensor:
        """Logits with -inf at every symbol that the grammar forbids.

        Args:
            logits: (..., 258).
            previous: (...) int64, the last symbol of the voice whose turn it is, or START.
            stop_allowed: (...) bool, True at a step's border after the first step.
        """
        rows = previous + (START + 1) * stop_allowed
        return logits + nn.functional.embedding(rows, self.barriers)  # (..., 258)


def _barriers() -> Tensor:
    """(514, 258): 0 where a symbol may follow, -inf elsewhere; from row 257 on STOP may follow, too."""
    valid = torch.from_numpy(VALID_AFTER.copy()).repeat(2, 1)
    valid[START + 1 :, STOP] = True
    return torch.zeros(valid.shape).masked_fill(~valid, float("-inf"))
