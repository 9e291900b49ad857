"""Dropout whose random generator is an argument.

Models have no training mode. Training passes a generator, so that the dropout of a
batch does not depend on what ran before it or runs at the same time.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = 1 << 16  # random numbers are 16 bits wide; the share is rounded to a multiple of their step


def dropout(activations: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Set a random share of activations to 0 and scale up the others; without a generator change nothing."""
    dropped = min(round(share * LEVELS), LEVELS - 1)
    if generator is None or dropped == 0:
        return activations
    # four numbers from each 64 random bits: about six times as fast as bernoulli_
    drawn = torch.empty(-(-activations.numel() // 4), dtype=torch.int64, device=activations.device)
    drawn.random_(-(1 << 63), None, generator=generator)
    numbers = drawn.view(torch.int16)[: activations.numel()].view(activations.shape)
    keep = (numbers >= dropped - LEVELS // 2).to(activations.dtype)
    return activations * keep.mul_(LEVELS / (LEVELS - dropped))
