"""Lists of different lengths as one flat array and its offsets.

``offsets`` has one more entry than there are lists; list i is
``values[offsets[i]:offsets[i + 1]]`` (as in Arrow). A *run* below is a sequence
of consecutive equal labels in a flat array.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def offsets_of(lengths: ArrayLike) -> Ints:
    """Convert (n,) lengths to (n + 1,) offsets.

    >>> offsets_of([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))])


def owners(offsets: Ints) -> Ints:
    """The number of the list that each value belongs to.

    >>> owners(offsets_of([2, 0, 3])).tolist()
    [0, 0, 2, 2, 2]
    """
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def places(offsets: Ints) -> Ints:
    """The position of each value in its own list.

    >>> places(offsets_of([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    return ranges(np.zeros(len(offsets) - 1, np.int64), np.diff(offsets))


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """Concatenate the ranges ``start, start + 1, …`` of the given lengths.

    >>> ranges(np.array([7, 0]), np.array([2, 3])).tolist()
    [7, 8, 0, 1, 2]
    """
    offsets = offsets_of(lengths)
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)


def take(offsets: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Choose lists by number: their new offsets, and the positions of their values."""
    lengths = np.diff(offsets)[rows]
    return offsets_of(lengths), ranges(offsets[:-1][rows], lengths)


def offsets_from_owners(owner: Ints, n: int) -> Ints:
    """The inverse of ``owners``, for n lists; ``owner`` must not decrease."""
    return offsets_of(np.bincount(owner, minlength=n))


def run_starts(*labels: NDArray[Any]) -> Ints:
    """Positions where runs of equal labels begin in parallel flat arrays.

    >>> run_starts(np.array([1, 1, 2, 2]), np.array([0, 0, 0, 5])).tolist()
    [0, 2, 3]
    """
    if not len(labels[0]):
        return np.zeros(0, np.int64)
    differs = np.zeros(len(labels[0]), bool)
    differs[0] = True
    for label in labels:
        differs[1:] |= label[1:] != label[:-1]
    return np.flatnonzero(differs)


def best_of_runs(starts: Ints, *keys: NDArray[Any]) -> Bools:
    """Mark one value of every run: the smallest by the first key, then the next key, then the earliest.

    Args:
        starts: positions where runs begin, in arrays of ``len(keys[0])`` values.
        keys: the most important first.
    """
    n = len(keys[0])
    chosen = np.zeros(n, bool)
    lengths = np.diff(np.append(starts, n))
    chosen[starts[lengths == 1]] = True
    several = ranges(starts[lengths > 1], lengths[lengths > 1])
    run = np.repeat(np.arange(len(starts)), lengths)[several]
    order = np.lexsort((*(key[several] for key in reversed(keys)), run))
    chosen[several[order[run_starts(run[order])]]] = True
    return chosen


def sums(values: NDArray[Any], offsets: Ints) -> Ints:
    """Sum of every list; 0 for an empty one."""
    total = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return np.asarray(total[offsets[1:]] - total[offsets[:-1]])


def maxima(values: NDArray[Any], offsets: Ints, empty: int = 0) -> Ints:
    """Largest value of every list, ``empty`` for an empty one."""
    result = np.full(len(offsets) - 1, empty, np.int64)
    filled = np.diff(offsets) > 0
    if filled.any():
        result[filled] = np.maximum.reduceat(values.astype(np.int64), offsets[:-1][filled])
    return result


def minima(values: NDArray[Any], offsets: Ints, empty: int = 0) -> Ints:
    """Smallest value of every list, ``empty`` for an empty one."""
    return -maxima(-values.astype(np.int64), offsets, -empty)
