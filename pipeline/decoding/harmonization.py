"""Predicting the voices of a piece that are not given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core.vocabulary import PAD_ID, START, STOP
from pipeline.decoding.continuation import token_positions
from pipeline.decoding.sampling import GREEDY, Sampling
from pipeline.models.base.batches import collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq


def harmonize(
    model: Seq2Seq,
    examples: Sequence[Example],
    sampling: Sampling = GREEDY,
    seed: int = 0,
    batch_size: int = 64,
) -> list[NDArray[np.uint16]]:
    """Predict the voices that are not given, under the grammar; their true symbols are not used.

    Args:
        model: on any device.
        examples: pieces with given voices.
        sampling: how the next symbol is chosen.
        seed: of the samples; example i has its own random stream.
        batch_size: examples that are harmonized at once.

    Returns:
        For each piece all voices, the given ones unchanged, ending in STOP: (T,), as its target.
    """
    generators = [np.random.default_rng([seed, i]) for i in range(len(examples))]
    order = sorted(range(len(examples)), key=lambda i: (len(examples[i].target), i))
    harmonies: dict[int, NDArray[np.uint16]] = {}
    for begin in range(0, len(order), batch_size):
        indices = order[begin : begin + batch_size]
        group = [examples[i] for i in indices]
        tokens = _harmonize_group(model, group, sampling, [generators[i] for i in indices])
        for i, row in zip(indices, tokens, strict=True):
            n_symbols = len(examples[i].target) - 1
            harmonies[i] = np.append(row[:n_symbols], STOP).astype(np.uint16)
    return [harmonies[i] for i in range(len(examples))]


def _harmonize_group(
    model: Seq2Seq, examples: Sequence[Example], sampling: Sampling, generators: Sequence[np.random.Generator]
) -> NDArray[np.int64]:
    """(B, T - 1 of the longest) symbols of all voices; undefined after the end of a piece."""
    device, voices = model.grammar_mask.device, examples[0].voices
    batch = collate(examples).to(device)
    source = batch.source.masked_fill(batch.source == PAD_ID, START)  # START: to be predicted
    previous = torch.full((len(examples), voices), START, device=device)
    symbols, never = previous[:, 0], torch.zeros(len(examples), dtype=torch.bool, device=device)
    filled = []
    with torch.inference_mode():
        state = model.start(batch)
        for position in token_positions(source.shape[1], f"harmonizing {len(examples)} at once"):
            voice = position % voices
            logits, state = model.step(state, symbols)
            masked = model.mask(logits, previous[:, voice], never).double().cpu().numpy()
            predicted = torch.from_numpy(sampling.choose(masked, generators)).to(device)
            given = source[:, position]
            symbols = torch.where(given == START, predicted, given)
            filled.append(symbols)
            previous[:, voice] = symbols
    return torch.stack(filled, dim=1).cpu().numpy()
