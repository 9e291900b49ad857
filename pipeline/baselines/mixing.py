"""Several opinions on the same symbol, mixed by how sure each of them is.

A distribution of entropy H over n symbols weighs (H / Hmax)^-b, Hmax = ln n: the
surer, the heavier; b = 0 is the plain mean.

Source: Conklin 1990 and Pearce 2005, chapter 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.baselines.sequences import Bools, Floats

LEAST_RELATIVE_ENTROPY = 1e-6  # an opinion without doubt outweighs the others, and stays a number


def mix(opinions: Sequence[Floats], valid: Bools, mixing_b: float) -> Floats:
    """The weighted arithmetic mean of distributions over the same symbols.

    Args:
        opinions: each (n, A), rows summing to 1 over the valid symbols.
        valid: (n, A) the symbols that can follow.
        mixing_b: b above, from 0.

    Returns:
        (n, A), rows summing to 1.
    """
    weights = np.stack([relative_entropy(opinion, valid) ** -mixing_b for opinion in opinions])
    shares = weights / weights.sum(axis=0)
    return np.asarray(np.einsum("on,ona->na", shares, np.stack(opinions)))


def relative_entropy(probs: Floats, valid: Bools) -> Floats:
    """(n,) entropy of each row over that of an even choice; 1 where there is no choice at all."""
    logs = np.log(probs, out=np.zeros_like(probs), where=probs > 0)
    choices = valid.sum(axis=1)
    greatest = np.log(np.maximum(choices, 2))
    share = np.where(choices > 1, -(probs * logs).sum(axis=1) / greatest, 1.0)
    return np.asarray(np.maximum(share, LEAST_RELATIVE_ENTROPY))
