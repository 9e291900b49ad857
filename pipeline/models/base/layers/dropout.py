"""Dropout whose noise is an argument.

Models have no training mode. Whoever trains hands them a generator, so that the
noise of a batch depends on nothing that ran before it or runs beside it.
"""

from __future__ import annotations

import torch
from torch import Tensor


def dropout(activations: Tensor, share: float, noise: torch.Generator | None) -> Tensor:
    """Set a random share of activations to 0 and scale up the others; without noise change nothing."""
    if noise is None or share == 0:
        return activations
    keep = torch.empty_like(activations).bernoulli_(1 - share, generator=noise)
    return activations * keep.div_(1 - share)
