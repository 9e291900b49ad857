"""Dropout whose random generator is an argument.

Models have no training mode. Training passes a generator, so that the dropout of a
batch does not depend on what ran before it or runs at the same time.
"""

from __future__ import annotations

import torch
from torch import Tensor


def dropout(activations: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Set a random share of activations to 0 and scale up the others; without a generator change nothing."""
    if generator is None or share == 0:
        return activations
    keep = torch.empty_like(activations).bernoulli_(1 - share, generator=generator)
    return activations * keep.div_(1 - share)
