"""Pairs of tunes that are related by a soft rule, and their similarity.

Whether two tunes are related depends only on these two tunes and on the titles and
idiom of all corpora together; so a rule that finds no pair now finds none after other
pieces are removed, and every split can use the same pairs. The thresholds are measured
by tests/benchmarks/relatives.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.schemas import RELATIVE
from pipeline.datasets.columns.ragged import Bools, Ints, offsets_of, ranges
from pipeline.datasets.families.alignment import alignment
from pipeline.datasets.families.idiom import CANDIDATE_BEATS, CANDIDATE_STEPS, SKELETON_RUN, Idiom
from pipeline.datasets.families.ngram_overlap import RUNS_AT_ONCE, SharedRuns
from pipeline.datasets.families.tunes import Tunes

HARD = "16-gram"
RULES = (
    "skeleton",
    "contained",
    "title",
    "alignment",
)  # in order: the first rule that holds labels a pair
RELATIONS = (HARD, *RULES)
CONTAINED_IN_TEN = 3  # sharing 0.3 of the smaller piece's runs makes two pieces soft relatives
CANDIDATE_SHARE = 15  # percent of the smaller tune's shorter runs; such pairs are aligned
FEW_RUNS = 8  # lower bound of the divisor of a share, because fragments match any tune by chance
ALIGNED = 0.4  # likeness of two relatives
NAMESAKES = 0.3  # likeness of two relatives with the same title


Progress = Callable[[list[tuple[int, int]]], Iterator[tuple[int, int]]]


@dataclass(frozen=True)
class Related:
    """Distinct pairs of tunes, sorted by left and right.

    Attributes:
        left, right: (P,) numbers of tunes.
        holds: (P, len(RULES)) the rules that relate them, at least one.
        likeness: (P,) similarity of the two tunes by alignment, 0 … 1.
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

    @classmethod
    def join(cls, several: list[Related]) -> Related:
        """Concatenate the pairs of several collections; at least one."""
        return cls(
            np.concatenate([each.left for each in several]),
            np.concatenate([each.right for each in several]),
            np.concatenate([each.holds for each in several]),
            np.concatenate([each.likeness for each in several]),
        )


def related_pairs(
    tunes: Tunes, idiom: Idiom, least: float = ALIGNED, progress: Progress = iter
) -> Iterator[Related]:
    """All pairs of tunes that a soft rule relates, left before right.

    Args:
        least: smallest likeness of two tunes that are related by alignment.
        progress: yields the ranges of left tunes that it is called with, and shows the progress.

    Yields:
        The pairs of some thousand left tunes at a time.
    """
    rules = _Rules(tunes, idiom)
    for begin, end in progress([*tunes.intervals.portions(RUNS_AT_ONCE)]):
        yield rules.related(begin, end, least)


def relatives_column(tunes: Tunes, pairs: Iterator[Related]) -> pa.Array:
    """The column ``relatives`` of ``schemas.FAMILIES``: each pair once, at its left tune's first piece."""
    left, entries = [np.zeros(0, np.int64)], [pa.array([], RELATIVE)]
    for some in pairs:
        left.append(some.left)
        columns = (some.right, *some.holds.T, some.likeness)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, RELATIVE, strict=True)]
        entries.append(pa.StructArray.from_arrays(arrays, fields=list(RELATIVE)))
    lengths = np.bincount(tunes.first[np.concatenate(left)], minlength=len(tunes.of))
    return pa.ListArray.from_arrays(pa.array(offsets_of(lengths), pa.int32()), pa.concat_arrays(entries))


class _Rules:
    """The pairs of tunes by each rule. Pairs are single numbers: left * t + right, left before right."""

    def __init__(self, tunes: Tunes, idiom: Idiom) -> None:
        self._tunes = tunes
        self._skeletons = SharedRuns(tunes.skeletons, SKELETON_RUN, idiom.skeletons)
        self._beats = SharedRuns(tunes.skeletons, CANDIDATE_BEATS, idiom.beats)
        self._steps = SharedRuns(tunes.intervals, CANDIDATE_STEPS, idiom.steps)
        first, second = np.minimum(tunes.inner, tunes.outer), np.maximum(tunes.inner, tunes.outer)
        self._inside = np.unique(first * len(tunes) + second)
        self._by_title = np.lexsort((np.arange(len(tunes)), tunes.titles))

    def related(self, begin: int, end: int, least: float) -> Related:
        """The pairs whose left tune is in a range."""
        n = len(self._tunes)
        skeleton = self._sharing(self._skeletons, begin, end, 10 * CONTAINED_IN_TEN)
        inside = self._inside[slice(*np.searchsorted(self._inside, (begin * n, end * n)))]
        namesakes = self._namesakes(begin, end)
        others = [self._sharing(runs, begin, end, CANDIDATE_SHARE) for runs in (self._beats, self._steps)]
        pairs = np.unique(np.concatenate([skeleton, inside, namesakes, *others]))
        left, right = pairs // n, pairs % n
        likeness = alignment(self._tunes.lines, left, right)
        holds = np.stack(
            [
                np.isin(pairs, skeleton),
                np.isin(pairs, inside),
                np.isin(pairs, namesakes) & (likeness >= NAMESAKES),
                likeness >= least,
            ],
            axis=1,
        )
        found = holds.any(axis=1)
        return Related(left[found], right[found], holds[found], likeness[found])

    def _sharing(self, runs: SharedRuns, begin: int, end: int, percent: int) -> Ints:
        """Pairs that share a percentage of the runs of the smaller of the two."""
        pairs = [np.zeros(0, np.int64)]
        for left, right, shared, smaller in runs.pairs(begin, end):
            enough = 100 * shared >= percent * np.maximum(smaller, FEW_RUNS)
            pairs.append(left[enough] * len(self._tunes) + right[enough])
        return np.concatenate(pairs)

    def _namesakes(self, begin: int, end: int) -> Ints:
        """Pairs with the same title."""
        titles = self._tunes.titles[self._by_title]
        place = np.flatnonzero((self._by_title >= begin) & (self._by_title < end) & (titles >= 0))
        later = np.searchsorted(titles, titles[place], side="right") - place - 1
        left = np.repeat(self._by_title[place], later)
        return np.asarray(left * len(self._tunes) + self._by_title[ranges(place + 1, later)])
