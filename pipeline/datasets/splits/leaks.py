"""Relatives across a split: by the hard rule and the soft rules, and the nearest relative of each piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.datasets.columns.ngrams import holders
from pipeline.datasets.columns.ragged import Bools, Ints, run_starts
from pipeline.datasets.families.alignment import alignment
from pipeline.datasets.families.relatives import RELATIONS, RULES, Related
from pipeline.datasets.splits.assignment import Assigned, Assignment, is_held_out
from pipeline.datasets.splits.tunes import SplitTunes


@dataclass(frozen=True)
class Nearest:
    """The most similar relative of each of n pieces on the other side of a split.

    Attributes:
        piece: (n,) number of the relative; -1 for none.
        relation: (n,) number of the rule in RELATIONS; -1 for none.
        likeness: (n,) similarity of the two pieces, 0 … 1; 0 for none.
    """

    piece: Ints
    relation: NDArray[np.int8]
    likeness: NDArray[np.float64]

    def where(self, chosen: Bools, others: Nearest) -> Nearest:
        """The values of this object for the chosen pieces, and those of ``others`` for the rest."""
        return Nearest(
            np.where(chosen, self.piece, others.piece),
            np.where(chosen, self.relation, others.relation),
            np.where(chosen, self.likeness, others.likeness),
        )


def relation_names(nearest: Nearest) -> pa.Array:
    """The column ``relation``: null for pieces without a relative."""
    codes = pa.array(nearest.relation, pa.int8(), mask=nearest.piece < 0)
    return pa.DictionaryArray.from_arrays(codes, list(RELATIONS)).cast(pa.string())


@dataclass(frozen=True)
class Leaks:
    """Relations of n pieces to the training pieces; only pieces of valid and test are compared.

    Attributes:
        hard: (n,) True for pieces that share a run of family length with train.
        by_rule: (n, len(RULES)) True for pieces with such a soft relative in train.
        nearest: the nearest relative in train of each piece.
    """

    hard: Bools
    by_rule: Bools
    nearest: Nearest

    @property
    def soft(self) -> Bools:
        """(n,) True for pieces with a relative by any of the soft rules."""
        return np.asarray(self.by_rule.any(axis=1))

    def where(self, rows: Ints) -> Leaks:
        """The leaks of some pieces; the numbers of the nearest relatives do not change."""
        near = self.nearest
        nearest = Nearest(near.piece[rows], near.relation[rows], near.likeness[rows])
        return Leaks(self.hard[rows], self.by_rule[rows], nearest)

    @property
    def any(self) -> Bools:
        """(n,) True for pieces with a relative by any rule."""
        return self.hard | self.soft


def find_leaks(tunes: SplitTunes, assigned: Assigned) -> Leaks:
    """Relatives in train of the pieces of valid and test.

    Args:
        assigned: (n,) TRAIN, VALID or TEST; other values are ignored.
    """
    return find_relatives(tunes, is_held_out(assigned), assigned == Assignment.TRAIN)


def count_leaks(tunes: SplitTunes, assigned: Assigned) -> tuple[Bools, Bools]:
    """Boolean masks only: (n,) pieces with a hard relative, and (n,) pieces with only a soft relative."""
    held, train = is_held_out(assigned), tunes.with_any(assigned == Assignment.TRAIN)
    known = train | tunes.index.related_to(train)
    related = tunes.related.where(tunes.with_any(held) & ~known, train)
    soft = np.zeros(len(tunes), bool)
    soft[related.left] = True
    return known[tunes.of] & held, soft[tunes.of] & held


def find_relatives(tunes: SplitTunes, pieces: Bools, others: Bools) -> Leaks:
    """Relatives of some pieces among others.

    Args:
        pieces, others: (n,) masks.
    """
    left, right = tunes.with_any(pieces), tunes.with_any(others)
    related = tunes.related.where(left, right)
    by_rule = np.zeros((len(tunes), len(RULES)), bool)
    np.logical_or.at(by_rule, related.left, related.holds)
    hard = right | tunes.index.related_to(right)
    return Leaks(
        hard=hard[tunes.of] & pieces,
        by_rule=by_rule[tunes.of] & pieces[:, None],
        nearest=_nearest(tunes, related, pieces, others, hard & left),
    )


def _nearest(tunes: SplitTunes, related: Related, pieces: Bools, others: Bools, hard: Bools) -> Nearest:
    """The relative with the largest likeness; ties are broken by rule, then by piece_id."""
    left, right = _sharing_a_run(tunes, hard, tunes.with_any(others)) if hard.any() else _no_pairs()
    likenesses = np.append(_likeness(tunes, left, right), related.likeness)
    rule = np.append(np.zeros(len(left), np.int8), (1 + related.holds.argmax(axis=1)).astype(np.int8))
    first = tunes.first_of(others)[np.append(right, related.right)]
    left = np.append(left, related.left)
    order = np.lexsort((first, rule, -likenesses, left))
    best = order[run_starts(left[order])]
    found = np.full(len(tunes), -1)
    found[left[best]] = best
    of = np.where(pieces, found[tunes.of], -1)
    return Nearest(
        piece=_chosen(first, of, -1),
        relation=_chosen(rule, of, -1),
        likeness=_chosen(likenesses, of, 0.0),
    )


def _chosen(values: NDArray, place: Ints, none: object) -> NDArray:  # type: ignore[type-arg]
    """``values[place]``, or ``none`` where the place is negative."""
    padded = np.append(values, np.array([none], dtype=values.dtype))
    return np.asarray(padded[place])


def _likeness(tunes: SplitTunes, left: Ints, right: Ints) -> NDArray[np.float64]:
    """(P,) the likeness of pairs by alignment, 1 for a tune and itself."""
    likeness, apart = np.ones(len(left)), left != right
    if apart.any():
        likeness[apart] = alignment(tunes.lines, left[apart], right[apart])
    return likeness


def _no_pairs() -> tuple[Ints, Ints]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64)


def _sharing_a_run(tunes: SplitTunes, left: Bools, right: Bools) -> tuple[Ints, Ints]:
    """For each tune of left, the tune of right that shares the most runs of family length with it.

    Every run is counted for the first tune of right that contains it, so there are at most as
    many pairs as runs of left.
    """
    n, pairs = len(tunes), [np.zeros(0, np.int64)]
    for part in holders(tunes.intervals, tunes.run):
        among = right[part.piece]
        runs, first = part.run[among], part.piece[among]
        once = run_starts(runs)
        runs, first = runs[once], first[once]
        asking = left[part.piece]
        place = np.minimum(np.searchsorted(runs, part.run[asking]), max(len(runs) - 1, 0))
        if len(runs):
            held = runs[place] == part.run[asking]
            pairs.append(part.piece[asking][held] * n + first[place[held]])
    found, times = np.unique(np.concatenate(pairs), return_counts=True)
    order = np.lexsort((found % n, -times, found // n))
    best = order[run_starts(found[order] // n)]
    return found[best] // n, found[best] % n
