"""The interface of every model for training, decoding and evaluation.

A model returns logits over all 258 tokens, without regard to the grammar.
:meth:`Seq2Seq.mask` excludes the tokens that cannot follow, in the same way for
training, scoring and sampling: every likelihood is normalized over the valid tokens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.core.vocabulary import START, STOP, VALID_AFTER
from pipeline.models.base.batches import Batch


@dataclass(frozen=True)
class DecodingState:
    """The state of a model between two target tokens of B examples; each model has its own fields.

    The first dimension of every tensor is the example; all other fields are the same for
    all examples.
    """

    def select(self, rows: Tensor) -> Self:
        """The state of some of the examples, in this order; an example may occur twice.

        Args:
            rows: (K,) int64 indices of examples.
        """
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen = {name: value[rows] for name, value in tensors.items() if isinstance(value, Tensor)}
        return replace(self, **chosen)


@dataclass(frozen=True)
class AttentionMaps:
    """Attention weights and mixture weights per target position.

    N columns: the S of the source, and for a model that also attends to the target, the
    T - 1 of the target without its last token.

    Attributes:
        weights: by attention, "attention" or a way of copying: (B, T, N) float, each row
            sums to 1; 0 at padding and at the position itself and later ones.
        mixture_weights: by component, "vocabulary" or a way of copying: (B, T) float, the
            prior probability of each component; they sum to 1. Empty without a mixture.
        responsibilities: by component, (B, T) float: its posterior probability given the
            true token.
    """

    weights: Mapping[str, Tensor]
    mixture_weights: Mapping[str, Tensor]
    responsibilities: Mapping[str, Tensor]


class Seq2Seq(nn.Module, ABC):
    """A model of targets given sources, for B examples at once.

    There is no training mode: dropout takes its generator as an argument.

    Attributes:
        uses_chords: predictions depend on ``Batch.chords``.
    """

    grammar_mask: Tensor
    uses_chords: bool = False

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("grammar_mask", _grammar_mask(), persistent=False)

    @abstractmethod
    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Logits of every target token under teacher forcing.

        Args:
            generator: of dropout, in training; None for no dropout.

        Returns:
            (B, T, 258) float, without the grammar mask; undefined at padding.
        """

    @abstractmethod
    def start(self, batch: Batch) -> DecodingState:
        """Encode sources: the state before the first target token. Targets are not used."""

    @abstractmethod
    def step(self, state: Any, tokens: Tensor) -> tuple[Tensor, DecodingState]:
        """Predict one more token.

        Args:
            state: as ``start`` or ``step`` of the same model returned it.
            tokens: (B,) int64, the token before the predicted one, START at first.

        Returns:
            (B, 258) logits, without the grammar mask, and the state after.
        """

    def attention(self, batch: Batch) -> AttentionMaps | None:  # noqa: ARG002
        """Attention of every target token under teacher forcing; None for a model without attention.

        The rows at padding of the target are undefined.
        """
        return None

    def mask(self, logits: Tensor, previous: Tensor, stop_allowed: Tensor) -> Tensor:
        """Logits with -inf at every token that the grammar forbids.

        Args:
            logits: (..., 258).
            previous: (...) int64, the last token of the same voice, or START.
            stop_allowed: (...) bool, True at a step's border after the first step.
        """
        rows = previous + (START + 1) * stop_allowed
        return logits + nn.functional.embedding(rows, self.grammar_mask)  # (..., 258)


def _grammar_mask() -> Tensor:
    """(514, 258): 0 where a token may follow, -inf elsewhere; rows from 257 on also allow STOP."""
    valid = np.concatenate([VALID_AFTER, VALID_AFTER])
    valid[START + 1 :, STOP] = True
    return torch.from_numpy(np.where(valid, np.float32(0), np.float32("-inf")))
