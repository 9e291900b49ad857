"""Pairs of tunes that are related by a soft rule, and their similarity.

Whether two tunes are related depends only on these two tunes and on the titles and
idiom of all corpora together; so a rule that finds no pair now finds none after other
pieces are removed. The thresholds are measured by tests/benchmarks/relatives.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.datasets.columns.ngrams import Sequences
from pipeline.datasets.columns.ragged import Bools, Ints, ranges
from pipeline.datasets.families.alignment import alignment
from pipeline.datasets.families.idiom import CANDIDATE_BEATS, CANDIDATE_STEPS
from pipeline.datasets.families.ngram_overlap import Runs, related_in_portions
from pipeline.datasets.families.tune_families import CONTAINED_IN_TEN, SKELETON_RUN
from pipeline.datasets.splits.tunes import Tunes

HARD = "16-gram"
RULES = (
    "skeleton",
    "contained",
    "title",
    "alignment",
)  # in order: the first rule that holds labels a pair
RELATIONS = (HARD, *RULES)
FEW_RUNS = 8  # lower bound of the divisor of a share, because fragments match any tune by chance
ALIGNED = 0.4  # likeness of two relatives
NAMESAKES = 0.3  # likeness of two relatives with the same title
CANDIDATE_SHARE = 15  # percent of the smaller tune's shorter runs; such pairs are aligned


@dataclass(frozen=True)
class Related:
    """Distinct pairs of tunes, sorted by left and right.

    Attributes:
        left, right: (P,) numbers of tunes.
        holds: (P, len(RULES)) the rules that relate them, at least one.
        likeness: (P,) similarity of the two tunes, 0 … 1.
    """

    left: Ints
    right: Ints
    holds: Bools
    likeness: NDArray[np.float64]

    def where(self, left: Bools, right: Bools) -> Related:
        """The pairs of these tunes.

        Args:
            left, right: (t,) True for the tunes to keep on each side.
        """
        kept = left[self.left] & right[self.right]
        return Related(self.left[kept], self.right[kept], self.holds[kept], self.likeness[kept])

    def turned(self) -> Related:
        """The same pairs from right to left."""
        order = np.lexsort((self.left, self.right))
        return Related(self.right[order], self.left[order], self.holds[order], self.likeness[order])


class Likeness:
    """The likeness of pairs of tunes by alignment; each pair is computed once."""

    def __init__(self, tunes: Tunes) -> None:
        self._tunes = tunes
        self._pairs, self._likeness = np.zeros(0, np.int64), np.zeros(0)

    def of(self, left: Ints, right: Ints) -> NDArray[np.float64]:
        """(P,) 0 … 1."""
        pairs = np.minimum(left, right) * len(self._tunes) + np.maximum(left, right)
        new = np.setdiff1d(pairs, self._pairs)
        if len(new):
            a, b = new // len(self._tunes), new % len(self._tunes)
            found = np.where(a == b, 1.0, alignment(self._tunes.lines, a, b))
            place = np.searchsorted(self._pairs, new)
            self._pairs = np.insert(self._pairs, place, new)
            self._likeness = np.insert(self._likeness, place, found)
        return self._likeness[np.searchsorted(self._pairs, pairs)]


def related_pairs(
    tunes: Tunes,
    likeness: Likeness,
    left: Bools,
    right: Bools,
    known: Bools | None = None,
    least: float = ALIGNED,
) -> Related:
    """All pairs of one tune of left and one of right that a soft rule relates.

    Args:
        left, right: (t,) True for the tunes that are compared.
        known: (t,) tunes of left whose relatives are not needed; None: none.
        least: smallest likeness of two tunes that are related by alignment.
    """
    left = left if known is None else left & ~known
    n = len(tunes)
    skeleton = _pairs_of(_sharing(tunes, left, right, SKELETON_RUN, 10 * CONTAINED_IN_TEN), n)
    inside = _pairs_of(_contained(tunes, left, right), n)
    namesakes = _pairs_of(_same_title(tunes, left, right), n)
    others = [_sharing(tunes, left, right, length, CANDIDATE_SHARE) for length in (CANDIDATE_BEATS, 0)]
    pairs = np.unique(np.concatenate([skeleton, inside, namesakes, *(_pairs_of(each, n) for each in others)]))
    pairs = pairs[pairs // n != pairs % n]
    likeness_of = likeness.of(pairs // n, pairs % n)
    holds = np.stack(
        [
            np.isin(pairs, skeleton),
            np.isin(pairs, inside),
            np.isin(pairs, namesakes) & (likeness_of >= NAMESAKES),
            likeness_of >= least,
        ],
        axis=1,
    )
    found = holds.any(axis=1)
    return Related(pairs[found] // n, pairs[found] % n, holds[found], likeness_of[found])


def _sharing(
    tunes: Tunes, left: Bools, right: Bools, beats: int, percent: int
) -> Iterator[tuple[Ints, Ints]]:
    """Pairs that share enough runs.

    Args:
        beats: length of the runs of the skeletons; 0: runs of CANDIDATE_STEPS intervals.
        percent: of the runs of the smaller of the two.
    """
    name = f"skeleton {beats}" if beats else f"intervals {CANDIDATE_STEPS}"
    sequences: Sequences = tunes.skeletons if beats else tunes.intervals
    common: Runs = tunes.common.get(name, np.zeros(0, np.uint64))
    of_left, of_right = np.flatnonzero(left), np.flatnonzero(right)
    portions = related_in_portions(
        sequences.where(left), sequences.where(right), beats or CANDIDATE_STEPS, common
    )
    for a, b, shared, smaller in portions:
        enough = 100 * shared >= percent * np.maximum(smaller, FEW_RUNS)
        yield of_left[a[enough]], of_right[b[enough]]


def _contained(tunes: Tunes, left: Bools, right: Bools) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of a short tune and a tune that contains the whole of it."""
    for a, b in ((tunes.inner, tunes.outer), (tunes.outer, tunes.inner)):
        both = left[a] & right[b]
        yield a[both], b[both]


def _same_title(tunes: Tunes, left: Bools, right: Bools) -> Iterator[tuple[Ints, Ints]]:
    """Pairs with the same title."""
    of_left = np.flatnonzero(left & (tunes.titles >= 0))
    of_right = np.flatnonzero(right & (tunes.titles >= 0))
    of_right = of_right[np.argsort(tunes.titles[of_right], kind="stable")]
    sorted_titles = tunes.titles[of_right]
    first = np.searchsorted(sorted_titles, tunes.titles[of_left])
    count = np.searchsorted(sorted_titles, tunes.titles[of_left], side="right") - first
    yield np.repeat(of_left, count), of_right[ranges(first, count)]


def _pairs_of(portions: Iterator[tuple[Ints, Ints]], n: int) -> Ints:
    """Distinct pairs as single numbers."""
    return np.unique(np.concatenate([np.zeros(0, np.int64), *(a * n + b for a, b in portions)]))
