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

FEW = 64  # examples whose matrices are held at once


@dataclass(frozen=True)
class Attention:
    """Where each place of one target looks, and whom it believes; see :class:`models.interface.Looks`.

    Attributes:
        weights: by what looks: (T, N), N the symbols of the source, or of source and target but the last.
        beliefs, credits: by who has an opinion: (T,).
    """

    weights: Mapping[str, NDArray[np.float32]]
    beliefs: Mapping[str, NDArray[np.float32]]
    credits: Mapping[str, NDArray[np.float32]]


def attention(model: Seq2Seq, examples: Sequence[Example], batch_tokens: int = 2048) -> Iterator[Attention]:
    """Where a model looks, told the true symbols before.

    Args:
        batch_tokens: most target symbols of a batch; changes nothing but rounding.

    Yields:
        For each example, in order; nothing for a model that does not look.
    """
    for begin in range(0, len(examples), FEW):
        window = examples[begin : begin + FEW]
        found: dict[int, Attention] = {}
        for indices in by_length(window, batch_tokens):
            seen = _attention_of([window[i] for i in indices], model)
            found |= zip(indices.tolist(), seen, strict=False)  # none was seen, or all
        yield from (found[i] for i in sorted(found))


def _attention_of(examples: Sequence[Example], model: Seq2Seq) -> list[Attention]:
    with torch.inference_mode():
        batch = collate(examples).to(model.barriers.device)
        looks = model.attention(batch)
    if looks is None:
        return []
    width = batch.source.shape[1]
    seen = []
    for row, example in enumerate(examples):
        n_source, n_target = len(example.source), len(example.target)
        columns = torch.cat([torch.arange(n_source), torch.arange(width, width + n_target - 1)])
        weights = {
            name: part[row, :n_target, columns[columns < part.shape[2]]].cpu().numpy()
            for name, part in looks.weights.items()
        }
        beliefs, credits = (
            {name: part[row, :n_target].cpu().numpy() for name, part in parts.items()}
            for parts in (looks.beliefs, looks.credits)
        )
        seen.append(Attention(weights, beliefs, credits))
    return seen
