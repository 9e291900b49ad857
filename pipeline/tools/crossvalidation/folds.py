"""Assign pieces to folds; a tune family is never divided."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.core.text import counted
from pipeline.errors import PipelineError

FEWEST_FAMILIES = 2


class FoldError(PipelineError):
    """Too few families for the folds, or no such experiment."""


def deal(groups: Sequence[str], n_folds: int) -> NDArray[np.int64]:
    """Assign groups to folds of about equal size: the largest first, each to the smallest fold.

    Args:
        groups: group of each piece, for example its tune family.

    Returns:
        (n,) the fold of each piece; a hash decides the order of groups of equal size.

    Raises:
        FoldError: fewer than two folds, or fewer groups than folds.
    """
    names, member, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if len(names) < FEWEST_FAMILIES:
        raise FoldError(
            f"{counted(len(names), 'family', 'families')} of tunes: at least {FEWEST_FAMILIES} are needed, "
            "one to train on and one to hold out; add pieces"
        )
    if not 2 <= n_folds <= len(names):
        raise FoldError(
            f"{counted(n_folds, 'fold')} of {counted(len(names), 'family', 'families')}: "
            + ("choose 2 folds" if len(names) == 2 else f"choose between 2 and {len(names)} folds")
        )
    order = sorted(range(len(names)), key=lambda i: (-sizes[i], _hash(str(names[i]))))
    fold_of, filled = np.zeros(len(names), np.int64), np.zeros(n_folds, np.int64)
    for group in order:
        fold_of[group] = int(filled.argmin())
        filled[fold_of[group]] += sizes[group]
    return np.asarray(fold_of[member])


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
