"""Assign a split to each piece.

Each piece or family is assigned by a stable hash of its own name and the seed, so adding
or removing pieces does not change the assignment of the others.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from fractions import Fraction
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.schemas import PLACES
from pipeline.core.text import counted
from pipeline.datasets.columns.strings import strings_of
from pipeline.datasets.splits.settings import (
    AnySplit,
    NoSplit,
    PublishedSplit,
    RandomSplit,
    Shares,
    SplitError,
)

HASH_BITS = 64
Assigned = NDArray[np.int8]  # an Assignment per piece: one byte where a name takes 36


class Assignment(IntEnum):
    """Where a piece is; the first four in the order of ``schemas.PLACES``.

    ELSEWHERE is held out, but not in this data set; UNUSED is neither held out nor in the data set.
    """

    TRAIN = 0
    VALID = 1
    TEST = 2
    EMBARGOED = 3
    ELSEWHERE = 4
    UNUSED = 5


HELD_OUT = (Assignment.VALID, Assignment.TEST)


def is_held_out(assigned: Assigned) -> NDArray[np.bool_]:
    """(n,) True for the pieces of valid and test."""
    return np.asarray((assigned == Assignment.VALID) | (assigned == Assignment.TEST))


def place_names(assigned: Assigned) -> pa.Array:
    """The column ``split`` of pieces that are in one of the first four places."""
    return pa.DictionaryArray.from_arrays(pa.array(assigned, pa.int8()), list(PLACES)).cast(pa.string())


def assign(pieces: pa.Table, settings: AnySplit) -> Assigned:
    """The split of every piece.

    Args:
        pieces: rows of ``schemas.FAMILIES``.

    Returns:
        (n,) TRAIN, VALID or TEST.

    Raises:
        SplitError: the published split is asked for, and some pieces have none.
    """
    if isinstance(settings, NoSplit):
        return np.full(pieces.num_rows, Assignment.TRAIN, np.int8)
    if isinstance(settings, PublishedSplit):
        splits = published(pieces)
        _require_all(pieces, splits)
        return splits
    if isinstance(settings, RandomSplit):
        alone = (draw(settings, piece) for piece in strings_of(pieces["piece_id"]))
        return np.fromiter(alone, np.int8, pieces.num_rows)
    units = pieces["tune_family"].combine_chunks().dictionary_encode()
    drawn = (draw(settings, unit) for unit in strings_of(units.dictionary))
    places = np.fromiter(drawn, np.int8, len(units.dictionary))
    return np.asarray(places[units.indices.to_numpy()])


def published(pieces: pa.Table) -> Assigned:
    """The published split of each piece; UNUSED if its corpus has none."""
    found = pc.index_in(pieces["published_split"], value_set=pa.array(PLACES[: Assignment.EMBARGOED]))
    return np.asarray(found.fill_null(Assignment.UNUSED), dtype=np.int8)


def draw(settings: Shares, unit: str) -> Assignment:
    """The split of one piece or family; depends only on its name."""
    digest = hashlib.sha256(f"{settings.seed}:{unit}".encode()).digest()
    drawn = int.from_bytes(digest[: HASH_BITS // 8], "big")
    test = _border(settings.test)
    valid = test + _border(settings.valid)
    return Assignment.TEST if drawn < test else Assignment.VALID if drawn < valid else Assignment.TRAIN


def counts(assigned: Assigned) -> dict[str, int]:
    """Number of pieces in train, valid and test, and number of embargoed pieces."""
    found = np.bincount(assigned, minlength=len(PLACES))
    return {name: int(found[place]) for place, name in enumerate(PLACES)}


@cache
def _border(share: float) -> int:
    """A share, as written in decimals, of the range of the hash."""
    return int(Fraction(str(share)) * (1 << HASH_BITS))


def _require_all(pieces: pa.Table, splits: Assigned) -> None:
    missing = splits == Assignment.UNUSED
    if not missing.any():
        return
    corpora = pieces["corpus"].filter(pa.array(missing))
    raise SplitError(
        f"the published split of {missing.sum()} of {counted(len(splits), 'piece')} is not known "
        f"({_listed(corpora)}); put their files into folders named train, valid and test, leave these "
        "corpora out of the data set, or choose `kind: family`"
    )


def _listed(corpora: pa.ChunkedArray) -> str:
    numbers = {each["values"]: each["counts"] for each in corpora.value_counts().to_pylist()}
    return ", ".join(f"{name}: {numbers[name]}" for name in sorted(numbers))
