"""Assign a split to each piece.

Each piece or family is assigned by a stable hash of its own name and the seed, so adding
or removing pieces does not change the assignment of the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from fractions import Fraction
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.tables import PLACES
from pipeline.core.text import counted
from pipeline.datasets.splits.settings import (
    AnySplit,
    NoSplit,
    PublishedSplit,
    RandomSplit,
    Shares,
    SplitError,
)

HASH_BITS = 64
Names = NDArray[np.str_]


def assign(pieces: pa.Table, settings: AnySplit) -> Names:
    """The split of every piece.

    Args:
        pieces: rows of ``tables.FAMILIES``.

    Returns:
        (n,) train, valid or test.

    Raises:
        SplitError: the published split is asked for, and some pieces have none.
    """
    if isinstance(settings, NoSplit):
        return np.full(pieces.num_rows, "train")
    if isinstance(settings, PublishedSplit):
        splits = published(pieces)
        _require_all(pieces, splits)
        return splits
    units = pieces["piece_id" if isinstance(settings, RandomSplit) else "tune_family"]
    return np.array([draw(settings, unit) for unit in units.to_pylist()], dtype="<U5")


def published(pieces: pa.Table) -> Names:
    """The published split of each piece; "" if its corpus has none."""
    return np.array([split or "" for split in pieces["published_split"].to_pylist()], dtype="<U5")


def draw(settings: Shares, unit: str) -> str:
    """The split of one piece or family; depends only on its name."""
    digest = hashlib.sha256(f"{settings.seed}:{unit}".encode()).digest()
    drawn = int.from_bytes(digest[: HASH_BITS // 8], "big")
    test = _border(settings.test)
    valid = test + _border(settings.valid)
    return "test" if drawn < test else "valid" if drawn < valid else "train"


def counts(assigned: Names) -> dict[str, int]:
    """Number of pieces in train, valid and test, and number of embargoed pieces."""
    return {name: int((assigned == name).sum()) for name in PLACES}


@cache
def _border(share: float) -> int:
    """A share, as written in decimals, of the range of the hash."""
    return int(Fraction(str(share)) * (1 << HASH_BITS))


def _require_all(pieces: pa.Table, splits: Names) -> None:
    missing = splits == ""
    if not missing.any():
        return
    corpora = np.array(pieces["corpus"].to_pylist(), dtype=np.str_)[missing]
    raise SplitError(
        f"the published split of {missing.sum()} of {counted(len(splits), 'piece')} is not known "
        f"({_listed(corpora)}); put their files into folders named train, valid and test, leave these "
        "corpora out of the data set, or choose `kind: family`"
    )


def _listed(corpora: Iterable[str]) -> str:
    names, numbers = np.unique(np.asarray(corpora), return_counts=True)
    return ", ".join(f"{name}: {n}" for name, n in zip(names, numbers, strict=True))
