"""Many sequences in one array, so that counting and lookup need no loop over tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TokenSequences:
    """n tokens of several sequences, one sequence after the other.

    Attributes:
        tokens: (n,) numbers from 0.
        places: (n,) position of each token in its own sequence, from 0.
        predicted: (n,) True where a token is predicted; the others are context only.
    """

    tokens: Ints
    places: Ints
    predicted: Bools

    @classmethod
    def join(cls, sequences: Iterable[ArrayLike], first_predicted: int = 0, every: int = 1) -> TokenSequences:
        """Concatenate sequences.

        Args:
            sequences: tokens of each.
            first_predicted: position of the first predicted token.
            every: 1 where all tokens from there on are predicted, 2 where every second one is.
        """
        parts = [np.asarray(sequence, dtype=np.int64) for sequence in sequences]
        places = np.concatenate([np.arange(len(part)) for part in parts])
        predicted = (places >= first_predicted) & ((places - first_predicted) % every == 0)
        return cls(np.concatenate(parts), places, predicted)


def only_unseen(prior: Floats, seen: Bools) -> Floats:
    """Order -1: the prior of the tokens that have never occurred, as shares of 1.

    Args:
        prior: (n, A) weights. seen: (n, A) or (A,) True where a token has occurred.

    Returns:
        (n, A); a row of zeros where no token of any weight is left.
    """
    left = np.where(seen, 0.0, prior)
    sums = left.sum(axis=1, keepdims=True)
    return np.asarray(left / np.where(sums > 0, sums, 1.0))


def normalized(probs: Floats, valid: Bools) -> Floats:
    """(n, A) rows as shares of 1 over the valid tokens, 0 elsewhere."""
    shares = np.where(valid, probs, 0.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
