"""Attention weights and mixture weights of a model under teacher forcing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.models.base.batches import by_length, collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq

WINDOW_EXAMPLES = 64  # examples whose matrices are held at once


@dataclass(frozen=True)
class PieceAttention:
    """Attention of every target position of one piece; see :class:`models.base.interface.AttentionMaps`.

    Attributes:
        weights: by attention: (T, N), N the tokens of the source, or of source and target but the last.
        mixture_weights, responsibilities: by component: (T,).
    """

    weights: Mapping[str, NDArray[np.float32]]
    mixture_weights: Mapping[str, NDArray[np.float32]]
    responsibilities: Mapping[str, NDArray[np.float32]]


def attention(
    model: Seq2Seq, examples: Sequence[Example], batch_tokens: int = 2048
) -> Iterator[PieceAttention]:
    """Attention of a model under teacher forcing.

    Args:
        model: on any device.
        examples: pieces of either task.
        batch_tokens: largest number of target tokens of a batch; it changes only rounding.

    Yields:
        For each example, in order; nothing for a model without attention.
    """
    for begin in range(0, len(examples), WINDOW_EXAMPLES):
        window = examples[begin : begin + WINDOW_EXAMPLES]
        found: dict[int, PieceAttention] = {}
        for indices in by_length(window, batch_tokens):
            pieces = _attention_of([window[i] for i in indices], model)
            found |= zip(indices.tolist(), pieces, strict=False)  # none, or all
        yield from (found[i] for i in sorted(found))


def _attention_of(examples: Sequence[Example], model: Seq2Seq) -> list[PieceAttention]:
    with torch.inference_mode():
        batch = collate(examples).to(model.grammar_mask.device)
        maps = model.attention(batch)
    if maps is None:
        return []
    width = batch.source.shape[1]
    pieces = []
    for row, example in enumerate(examples):
        n_source, n_target = len(example.source), len(example.target)
        columns = torch.cat([torch.arange(n_source), torch.arange(width, width + n_target - 1)])
        weights = {
            name: each[row, :n_target, columns[columns < each.shape[2]]].cpu().numpy()
            for name, each in maps.weights.items()
        }
        priors, posteriors = (
            {name: each[row, :n_target].cpu().numpy() for name, each in component.items()}
            for component in (maps.mixture_weights, maps.responsibilities)
        )
        pieces.append(PieceAttention(weights, priors, posteriors))
    return pieces
