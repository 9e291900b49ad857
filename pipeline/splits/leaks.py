"""Who of valid and test has a relative in train, by the hard rule and the soft ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.families import CONTAINED_IN_TEN, SKELETON_RUN, normal_title, related_in_portions
from pipeline.ragged import Bools, Ints, run_starts
from pipeline.runs import RunIndex, Sequences, containing, runs_or_whole
from pipeline.splits.assignment import Names

INTERVAL_RUN = 6  # the shorter runs that find the nearest piece of one without a like skeleton
FEW_RUNS = 8


@dataclass(frozen=True)
class Melodies:
    """What makes n pieces relatives, whatever their splits.

    Attributes:
        intervals, skeletons: of every piece.
        index: its runs of family length.
        titles: (n,) equal titles have equal numbers, -1 for none.
        inner, outer: pairs of a short piece and one that contains it.
    """

    intervals: Sequences
    skeletons: Sequences
    index: RunIndex
    titles: Ints
    inner: Ints
    outer: Ints

    @classmethod
    def of(cls, pieces: pa.Table, run: int) -> Melodies:
        """From rows of ``tables.FAMILIES``.

        Args:
            run: intervals that make two pieces relatives.
        """
        intervals = Sequences.from_column(pieces["intervals"])
        short = np.flatnonzero(pieces["n_intervals"].to_numpy() < run)
        return cls(
            intervals,
            Sequences.from_column(pieces["skeleton"]),
            RunIndex.of(runs_or_whole(intervals, run)),
            _numbered(pieces["title"]),
            *containing(intervals, short),
        )


@dataclass(frozen=True)
class Nearest:
    """The piece of train that is most like each of n pieces.

    Attributes:
        piece: (n,) its number, -1 where none has anything in common, and for train itself.
        common, runs: (n,) the runs that the two have in common, and the runs of the
            smaller of the two; 0 where there is none.
        by_skeleton: (n,) True where those are runs of the beat skeleton, False
            where no skeleton is alike and they are of the intervals.
    """

    piece: Ints
    common: Ints
    runs: Ints
    by_skeleton: Bools

    @property
    def likeness(self) -> NDArray[np.float64]:
        """(n,) share of runs in common, 0 … 1; 0 where there is none."""
        return self.common / np.maximum(self.runs, 1)


@dataclass(frozen=True)
class Leaks:
    """How n pieces are related to those of train; in train itself nothing is.

    Attributes:
        hard: (n,) True where a piece shares a run of family length with train.
        skeleton, title, contained: (n,) True where it has such a soft relative in train.
        nearest: who of train is most like it.
    """

    hard: Bools
    skeleton: Bools
    title: Bools
    contained: Bools
    nearest: Nearest

    @property
    def soft(self) -> Bools:
        """(n,) True where any of the soft rules holds."""
        return self.skeleton | self.title | self.contained


def find_leaks(melodies: Melodies, assigned: Names) -> Leaks:
    """Relatives in train of the pieces of valid and test.

    Args:
        assigned: (n,) train, valid, test, or "" for pieces that are left out.
    """
    train = assigned == "train"
    held = (assigned == "valid") | (assigned == "test")
    skeleton, nearest = _likest_of_train(melodies, held, train)
    return Leaks(
        hard=melodies.index.related_to(train) & held,
        skeleton=skeleton,
        title=held & (melodies.titles >= 0) & np.isin(melodies.titles, melodies.titles[train]),
        contained=_contained(melodies, train) & held,
        nearest=nearest,
    )


def _likest_of_train(melodies: Melodies, held: Bools, train: Bools) -> tuple[Bools, Nearest]:
    """Which pieces have a skeleton's relative in train, and the nearest piece there.

    Nearest is who shares most of the smaller piece's skeleton runs; for a piece
    that shares none, most of its runs of intervals. A tune of one or two runs
    stands whole in a hundred others: it counts as one of ``FEW_RUNS``.
    """
    n, known = len(train), np.flatnonzero(train)
    alike, by_skeleton = np.zeros(n, bool), np.zeros(n, bool)
    nearest, common, runs = np.full(n, -1), np.zeros(n, np.int64), np.zeros(n, np.int64)
    for sequences, length in ((melodies.skeletons, SKELETON_RUN), (melodies.intervals, INTERVAL_RUN)):
        open_ = held & (nearest < 0)
        alone = np.flatnonzero(open_)
        pairs = related_in_portions(sequences.where(open_), sequences.where(train), length)
        for a, b, shared, smaller in pairs:
            if length == SKELETON_RUN:
                alike[alone[a[10 * shared >= CONTAINED_IN_TEN * smaller]]] = True
            first = _likest(a, b, shared, smaller)
            rows = alone[a[first]]
            nearest[rows], common[rows], runs[rows] = known[b[first]], shared[first], smaller[first]
            by_skeleton[rows] = length == SKELETON_RUN
    return alike, Nearest(nearest, common, runs, by_skeleton)


def _likest(a: Ints, b: Ints, common: Ints, smaller: Ints) -> Ints:
    """For every a the place of its likest pair, of equal ones the first by piece_id."""
    share = common / np.maximum(smaller, FEW_RUNS)
    order = np.lexsort((b, smaller, -common, -share, a))
    return order[run_starts(a[order])]


def _contained(melodies: Melodies, train: Bools) -> Bools:
    """Which pieces stand whole in a piece across the border of train, or hold one of there."""
    inner, outer = melodies.inner, melodies.outer
    across = train[inner] != train[outer]
    found = np.zeros(len(train), bool)
    found[inner[across]] = found[outer[across]] = True
    return found


def _numbered(titles: pa.ChunkedArray) -> Ints:
    """Normalized titles as numbers, -1 for those without a letter."""
    normal = [normal_title(title) or None for title in titles.to_pylist()]
    codes = pa.array(normal, pa.string()).dictionary_encode().indices
    return np.asarray(codes.fill_null(-1), dtype=np.int64)
