"""Predicting the voices of a piece that are not given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core.vocabulary import PAD_ROW, START, STOP
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
    """Say the voices that are not given, under the grammar; what the targets say there is not looked at.

    Args:
        examples: pieces with given voices.
        sampling: how the next symbol is chosen.
        seed: of the draws; example i draws from its own stream.
        batch_size: how many are harmonized at once.

    Returns:
        Of each piece all voices, given ones as they are, ending in STOP: (T,), as its target.
    """
    chances = [np.random.default_rng([seed, i]) for i in range(len(examples))]
    order = sorted(range(len(examples)), key=lambda i: (len(examples[i].target), i))
    said: dict[int, NDArray[np.uint16]] = {}
    for begin in range(0, len(order), batch_size):
        indices = order[begin : begin + batch_size]
        group = [examples[i] for i in indices]
        tokens = _harmonize_group(model, group, sampling, [chances[i] for i in indices])
        for i, row in zip(indices, tokens, strict=True):
            n_symbols = len(examples[i].target) - 1
            said[i] = np.append(row[:n_symbols], STOP).astype(np.uint16)
    return [said[i] for i in range(len(examples))]


def _harmonize_group(
    model: Seq2Seq, examples: Sequence[Example], sampling: Sampling, chances: Sequence[np.random.Generator]
) -> NDArray[np.int64]:
    """(B, T - 1 of the longest) symbols of all voices; after the end of a piece they mean nothing."""
    device, voices = model.barriers.device, examples[0].voices
    batch = collate(examples).to(device)
    given = batch.source.masked_fill(batch.source == PAD_ROW, START)  # START: to be said
    held = torch.full((len(examples), voices), START, device=device)
    symbols, never = held[:, 0], torch.zeros(len(examples), dtype=torch.bool, device=device)
    said = []
    with torch.inference_mode():
        state = model.start(batch)
        for place in token_positions(given.shape[1], f"harmonizing {len(examples)} at once"):
            voice = place % voices
            logits, state = model.step(state, symbols)
            masked = model.mask(logits, held[:, voice], never).double().cpu().numpy()
            chosen = torch.from_numpy(sampling.choose(masked, chances)).to(device)
            told = given[:, place]
            symbols = torch.where(told == START, chosen, told)
            said.append(symbols)
            held[:, voice] = symbols
    return torch.stack(said, dim=1).cpu().numpy()
