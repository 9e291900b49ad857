"""Who of valid and test has a relative in train, by the hard rule and the soft ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.datasets.columns.ngrams import RunIndex, Sequences
from pipeline.datasets.columns.ragged import Bools, Ints, run_starts
from pipeline.datasets.families.ngram_overlap import SHORTEST_CONTAINED, containing, related_in_portions
from pipeline.datasets.families.tune_families import CONTAINED_IN_TEN, SKELETON_RUN, normal_title
from pipeline.datasets.splits.assignment import Names

INTERVAL_RUN = 6  # the shorter runs that find the nearest piece of one without a like skeleton
FEW_RUNS = 8  # in fewer, a piece is like another by chance


@dataclass(frozen=True)
class Distinct:
    """The different sequences of n pieces: a tune in another key has the same.

    Attributes:
        sequences: each once.
        of: (n,) which of them a piece has.
    """

    sequences: Sequences
    of: Ints

    @classmethod
    def among(cls, sequences: Sequences) -> Distinct:
        """Of all pieces."""
        numbers: dict[bytes, int] = {}
        each = (sequences.piece(piece).tobytes() for piece in range(len(sequences)))
        of = np.array([numbers.setdefault(content, len(numbers)) for content in each], np.int64)
        first = np.zeros(len(sequences), bool)
        first[np.unique(of, return_index=True)[1]] = True
        return cls(sequences.where(first), of)

    def first_of(self, chosen: Bools) -> Ints:
        """For every sequence the first of the chosen pieces that has it, -1 where none has."""
        first = np.full(len(self.sequences), -1)
        rows = np.flatnonzero(chosen)[::-1]
        first[self.of[rows]] = rows
        return first


@dataclass(frozen=True)
class Melodies:
    """What makes n pieces relatives, whatever their splits.

    Attributes:
        intervals, skeletons: of every piece.
        index: the runs of family length of the different sequences of intervals.
        titles: (n,) equal titles have equal numbers, -1 for none.
        inner, outer: pairs of sequences of intervals, a short one and one that contains it.
    """

    intervals: Distinct
    skeletons: Distinct
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
        intervals = Distinct.among(Sequences.from_column(pieces["intervals"]))
        lengths = np.zeros(len(intervals.sequences), np.int64)
        lengths[intervals.of] = pieces["n_intervals"].to_numpy()
        short = np.flatnonzero(lengths < run)
        inner, outer = containing(intervals.sequences, short)
        whole = short[lengths[short] >= SHORTEST_CONTAINED]
        return cls(
            intervals,
            Distinct.among(Sequences.from_column(pieces["skeleton"])),
            RunIndex.of(intervals.sequences, run),
            _numbered(pieces["title"]),
            np.append(inner, whole),
            np.append(outer, whole),
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
        hard=_sharing_a_run(melodies, held, train),
        skeleton=skeleton,
        title=held & (melodies.titles >= 0) & np.isin(melodies.titles, melodies.titles[train]),
        contained=_contained(melodies, held, train),
        nearest=nearest,
    )


def _sharing_a_run(melodies: Melodies, held: Bools, train: Bools) -> Bools:
    """Which pieces share a run of family length with a piece of train."""
    known = melodies.intervals.first_of(train) >= 0
    found = known | melodies.index.related_to(known)
    return found[melodies.intervals.of] & held


def _likest_of_train(melodies: Melodies, held: Bools, train: Bools) -> tuple[Bools, Nearest]:
    """Which pieces have a skeleton's relative in train, and the nearest piece there.

    Nearest is who shares most of the smaller piece's skeleton runs; for a piece
    that shares none, most of its runs of intervals. A tune of one or two runs
    stands whole in a hundred others: it counts as one of ``FEW_RUNS``.
    """
    alike, *by_beat = _likest(melodies.skeletons, held, train, SKELETON_RUN)
    found = by_beat[0] >= 0
    _, *by_step = _likest(melodies.intervals, held & ~found, train, INTERVAL_RUN)
    piece, common, runs = (np.where(found, *pair) for pair in zip(by_beat, by_step, strict=True))
    return alike, Nearest(piece, common, runs, by_skeleton=found)


def _likest(melodies: Distinct, held: Bools, train: Bools, length: int) -> tuple[Bools, Ints, Ints, Ints]:
    """The pieces of train that share most runs of a length.

    Sequences are compared, not pieces: copies of a tune cost nothing.

    Returns:
        (n,) whether enough is shared to be a soft relative, the train piece (-1:
        none), the runs in common, the runs of the smaller of the two.
    """
    first = melodies.first_of(train)
    asked, known = melodies.first_of(held) >= 0, first >= 0
    alike = np.zeros(len(first), bool)
    piece, common, runs = np.full(len(first), -1), np.zeros_like(first), np.zeros_like(first)
    sequences = melodies.sequences
    pairs = related_in_portions(sequences.where(asked), sequences.where(known), length)
    for asking, answering, shared, smaller in pairs:
        row, partner = np.flatnonzero(asked)[asking], first[known][answering]
        alike[row[10 * shared >= CONTAINED_IN_TEN * smaller]] = True
        best = _best_pairs(row, partner, shared, smaller)
        piece[row[best]], common[row[best]], runs[row[best]] = partner[best], shared[best], smaller[best]
    of = melodies.of
    return held & alike[of], np.where(held, piece[of], -1), held * common[of], held * runs[of]


def _best_pairs(row: Ints, partner: Ints, common: Ints, smaller: Ints) -> Ints:
    """For every row the place of its likest pair, of equal ones the first partner by piece_id."""
    share = common / np.maximum(smaller, FEW_RUNS)
    order = np.lexsort((partner, smaller, -common, -share, row))
    return order[run_starts(row[order])]


def _contained(melodies: Melodies, held: Bools, train: Bools) -> Bools:
    """Which pieces stand whole in a piece of train, or hold one of there that is short."""
    tunes = melodies.intervals
    known = tunes.first_of(train) >= 0
    found = np.zeros(len(known), bool)
    found[melodies.inner[known[melodies.outer]]] = True
    found[melodies.outer[known[melodies.inner]]] = True
    return found[tunes.of] & held


def _numbered(titles: pa.ChunkedArray) -> Ints:
    """Normalized titles as numbers, -1 for those without a letter."""
    normal = [normal_title(title) or None for title in titles.to_pylist()]
    codes = pa.array(normal, pa.string()).dictionary_encode().indices
    return np.asarray(codes.fill_null(-1), dtype=np.int64)
