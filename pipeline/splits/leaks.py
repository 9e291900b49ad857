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
RULES = ("hard", "skeleton", "title", "contained")  # by which a piece is a relative


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
class Leaks:
    """How n pieces are related to those of train; all of it is false or none in train itself.

    Attributes:
        hard: (n,) True where a piece shares a run of family length with train.
        skeleton, title, contained: (n,) True where it has such a soft relative in train.
        nearest: (n,) number of the most similar train piece, -1 where none has anything in common.
        common, runs: (n,) the runs that it has in common with its nearest, and the
            runs of the smaller of the two.
        by_skeleton: (n,) True where those are runs of the beat skeleton, False
            where no skeleton is alike and they are of the intervals.
    """

    hard: Bools
    skeleton: Bools
    title: Bools
    contained: Bools
    nearest: Ints
    common: Ints
    runs: Ints
    by_skeleton: Bools

    @property
    def soft(self) -> Bools:
        """(n,) True where any of the soft rules holds."""
        return self.skeleton | self.title | self.contained

    @property
    def likeness(self) -> NDArray[np.float64]:
        """(n,) share of runs in common with the nearest, 0 … 1; 0 where there is none."""
        return self.common / np.maximum(self.runs, 1)


def find_leaks(melodies: Melodies, assigned: Names) -> Leaks:
    """Relatives in train of the pieces of valid and test.

    Nearest is who shares most of the smaller piece's skeleton runs; for a piece
    that shares none, most of its runs of intervals.

    Args:
        assigned: (n,) train, valid, test, or "" for pieces that are left out.
    """
    train = assigned == "train"
    held = (assigned == "valid") | (assigned == "test")
    n = len(train)
    skeleton = np.zeros(n, bool)
    nearest, common, runs = np.full(n, -1), np.zeros(n, np.int64), np.zeros(n, np.int64)
    by_skeleton = np.zeros(n, bool)
    for sequences, length in ((melodies.skeletons, SKELETON_RUN), (melodies.intervals, INTERVAL_RUN)):
        alone = held & (nearest < 0)
        for portion in related_in_portions(sequences.where(alone), sequences.where(train), length):
            a, b, shared, smaller = _likest(*portion)
            rows = np.flatnonzero(alone)[a]
            nearest[rows], common[rows], runs[rows] = np.flatnonzero(train)[b], shared, smaller
            if length == SKELETON_RUN:
                by_skeleton[rows] = True
                skeleton[rows] = 10 * shared >= CONTAINED_IN_TEN * smaller
    return Leaks(
        hard=melodies.index.related_to(train) & held,
        skeleton=skeleton,
        title=held & (melodies.titles >= 0) & np.isin(melodies.titles, melodies.titles[train]),
        contained=_contained(melodies, train) & held,
        nearest=nearest,
        common=common,
        runs=runs,
        by_skeleton=by_skeleton,
    )


def _likest(a: Ints, b: Ints, common: Ints, smaller: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """For every a the pair with the largest share in common, of equal ones the first by piece_id."""
    order = np.lexsort((b, -common, -(common / np.maximum(smaller, 1)), a))
    first = order[run_starts(a[order])]
    return a[first], b[first], common[first], smaller[first]


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
