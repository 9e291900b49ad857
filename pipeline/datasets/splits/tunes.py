"""The tunes among the pieces of a split, and which of them are related."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.datasets.columns.ngrams import RunIndex, Sequences
from pipeline.datasets.columns.ragged import Bools, Ints
from pipeline.datasets.families.alignment import MelodyLines
from pipeline.datasets.families.relatives import RULES, Related

Melodies = Callable[[], pa.ChunkedArray]


@dataclass(frozen=True)
class SplitTunes:
    """The t tunes of n pieces, in the order of their first pieces.

    Attributes:
        of: (n,) the tune of each piece.
        intervals: (t) of all parts of each tune.
        melodies: the column ``melody`` of ``schemas.FAMILIES``, which few splits need.
        first: (T,) True for the pieces among all T of ``schemas.FAMILIES`` that are the first of a tune.
        run: length in intervals of a shared run that makes two pieces one family.
        index: the runs of that length.
        related: the pairs that a soft rule relates, each from both sides.
    """

    of: Ints
    intervals: Sequences
    melodies: Melodies
    first: Bools
    run: int
    index: RunIndex
    related: Related

    def __len__(self) -> int:
        return len(self.intervals)

    @classmethod
    def among(cls, rows: Ints, families: pa.Table, melodies: Melodies | None = None) -> SplitTunes:
        """The tunes of some pieces.

        Args:
            rows: (n,) numbers of rows of ``families``, ascending.
            families: rows of ``schemas.FAMILIES`` of all corpora, with the metadata ``family_run``.
            melodies: reads its column ``melody``; None: it is a column of ``families``.
        """
        known, first, place = np.unique(
            families["tune"].to_numpy()[rows], return_index=True, return_inverse=True
        )
        order = np.argsort(first)
        number = np.empty(len(known), np.int64)  # in the order of the first pieces
        number[order] = np.arange(len(known))
        is_first = np.zeros(families.num_rows, bool)
        is_first[rows[first]] = True
        intervals = Sequences.from_column(families["intervals"].filter(pa.array(is_first)))
        run = int(families.schema.metadata[b"family_run"])
        return cls(
            of=number[place],
            intervals=intervals,
            melodies=melodies or (lambda: families["melody"]),
            first=is_first,
            run=run,
            index=RunIndex.of(intervals, run),
            related=_related(families, known, number),
        )

    @cached_property
    def lines(self) -> MelodyLines:
        """(t) the melodies."""
        return MelodyLines.from_column(self.melodies().filter(pa.array(self.first)))

    def with_any(self, chosen: Bools) -> Bools:
        """(t,) True for the tunes of the chosen pieces."""
        found = np.zeros(len(self), bool)
        found[self.of[chosen]] = True
        return found

    def first_of(self, chosen: Bools) -> Ints:
        """(t,) the first of the chosen pieces of every tune, -1 for none."""
        first = np.full(len(self), -1)
        rows = np.flatnonzero(chosen)[::-1]
        first[self.of[rows]] = rows
        return first


def _related(families: pa.Table, known: Ints, number: Ints) -> Related:
    """The related pairs of these tunes.

    Args:
        known: (t,) their numbers in ``families``, sorted.
        number: (t,) the number of each in the result.
    """
    column = families["relatives"].combine_chunks()
    fields = column.flatten().flatten()
    tune = families["tune"].to_numpy()
    place_of = np.full(int(tune.max(initial=-1)) + 1, -1)
    place_of[known] = number
    left = place_of[tune[pc.list_parent_indices(column).to_numpy()]]
    right = place_of[fields[0].to_numpy()]
    kept = np.flatnonzero((left >= 0) & (right >= 0))
    left, right = left[kept], right[kept]
    *holds, likeness = (field.to_numpy(zero_copy_only=False)[kept] for field in fields[1:])
    rules = np.stack(holds, axis=1) if len(kept) else np.zeros((0, len(RULES)), bool)
    both = Related.join([Related(left, right, rules, likeness), Related(right, left, rules, likeness)])
    order = np.lexsort((both.right, both.left))
    return Related(both.left[order], both.right[order], both.holds[order], both.likeness[order])
