"""Mixtures of several distributions of the same token, weighted by their entropies.

A distribution of entropy H over n tokens has weight (H / Hmax)^-b, Hmax = ln n: lower
entropy gives more weight; b = 0 is the plain mean.

Source: Conklin 1990 and Pearce 2005, chapter 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.evaluation.baselines.sequences import Bools, Floats, normalized

LEAST_RELATIVE_ENTROPY = 1e-6  # keeps the weight of a distribution with entropy 0 finite


def mix(distributions: Sequence[Floats], valid: Bools, mixing_b: float) -> Floats:
    """The weighted arithmetic mean of distributions over the same tokens.

    Args:
        distributions: each (n, A), rows summing to 1 over the valid tokens.
        valid: (n, A) the tokens that can follow.
        mixing_b: b above, from 0.

    Returns:
        (n, A), rows summing to 1.
    """
    return np.asarray(
        np.einsum("on,ona->na", _shares(distributions, valid, mixing_b), np.stack(distributions))
    )


def mix_by_product(distributions: Sequence[Floats], valid: Bools, mixing_b: float) -> Floats:
    """The weighted geometric mean: a single low probability can veto a token.

    Better than the arithmetic one for distributions from different viewpoints (Pearce, Conklin
    and Wiggins 2004). Arguments and result as for :func:`mix`; every valid token
    must have a probability above 0 in every distribution.
    """
    logs = np.log(np.where(valid, np.stack(distributions), 1.0))
    products = np.einsum("on,ona->na", _shares(distributions, valid, mixing_b), logs)
    return normalized(np.exp(products), valid)


def relative_entropy(probs: Floats, valid: Bools) -> Floats:
    """(n,) entropy of each row relative to the uniform distribution; 1 where only one token is valid."""
    logs = np.log(probs, out=np.zeros_like(probs), where=probs > 0)
    choices = valid.sum(axis=1)
    greatest = np.log(np.maximum(choices, 2))
    share = np.where(choices > 1, -(probs * logs).sum(axis=1) / greatest, 1.0)
    return np.asarray(np.maximum(share, LEAST_RELATIVE_ENTROPY))


def _shares(distributions: Sequence[Floats], valid: Bools, mixing_b: float) -> Floats:
    """(distributions, n) weights that sum to 1 over the distributions."""
    weights = np.stack([relative_entropy(distribution, valid) ** -mixing_b for distribution in distributions])
    return np.asarray(weights / weights.sum(axis=0))
