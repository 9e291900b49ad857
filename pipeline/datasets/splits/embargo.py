"""The embargo: training pieces that are relatives of a held-out piece are excluded.

Families do not change. The held-out pieces are known for all corpora, independent of the
data set, because families are assigned by their name alone. Data sets with the same split
therefore exclude the same pieces, and a model that is trained on one data set and
fine-tuned on another was never trained on a relative of a held-out piece of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.datasets.columns.ragged import Bools, Ints
from pipeline.datasets.splits.assignment import HELD_OUT, Assigned, Assignment, assign
from pipeline.datasets.splits.leaks import Nearest, find_relatives
from pipeline.datasets.splits.settings import AnySplit, FamilySplit, SplitError
from pipeline.datasets.splits.tunes import SplitTunes

NEEDED = ["piece_id", "corpus", "tune_family", "published_split"]  # columns that assign a split


@dataclass(frozen=True)
class Embargo:
    """A split of n pieces with an embargo.

    Attributes:
        assigned: (n,) TRAIN, VALID, TEST or EMBARGOED; ELSEWHERE for other pieces.
        nearest: for every embargoed piece, its most similar held-out relative.
    """

    assigned: Assigned
    nearest: Nearest


def with_held_out(chosen: Bools, families: pa.Table, settings: AnySplit) -> Assigned:
    """The split of all pieces of all corpora.

    Args:
        chosen: (n,) the pieces of the data set.
        families: n rows of ``schemas.FAMILIES``.

    Returns:
        (n,) TRAIN, VALID or TEST for the chosen pieces; of the others, ELSEWHERE for pieces
        that every data set with this split holds out, and UNUSED for the rest.
    """
    pieces = families.select(NEEDED)
    assigned = np.full(len(chosen), Assignment.UNUSED, np.int8)
    assigned[chosen] = assign(pieces.filter(pa.array(chosen)), settings)
    if settings.embargo == "soft" and isinstance(settings, FamilySplit):
        others = assign(pieces.filter(pa.array(~chosen)), settings)
        assigned[~chosen] = np.where(others == Assignment.TRAIN, Assignment.UNUSED, Assignment.ELSEWHERE)
    return assigned


def embargo(tunes: SplitTunes, assigned: Assigned) -> Embargo:
    """Exclude the training pieces that are related to a held-out piece by any rule.

    Args:
        assigned: (n,) as ``with_held_out`` returns.

    Raises:
        SplitError: no training piece is left.
    """
    train, held = assigned == Assignment.TRAIN, np.isin(assigned, [*HELD_OUT, Assignment.ELSEWHERE])
    found = find_relatives(tunes, train, held)
    after = np.where(found.any, np.int8(Assignment.EMBARGOED), assigned)
    if train.any() and not (after == Assignment.TRAIN).any():
        raise SplitError(
            f"the embargo leaves no training piece: each of {train.sum():,} is a relative of held-out "
            "pieces; choose `embargo: none` or hold out less"
        )
    return Embargo(after, found.nearest)


def related_to(held_out: Sequence[str], others: Sequence[str], families: pa.Table) -> Bools:
    """Find pieces related to held-out pieces by any rule, for cross-validation folds.

    Args:
        held_out, others: n and m piece_ids, phrases included.
        families: rows of ``schemas.FAMILIES`` with their metadata.

    Returns:
        (m,) True for the other pieces that must be excluded from training.
    """
    row = family_rows([*held_out, *others], families)
    chosen, place = np.unique(row, return_inverse=True)
    test = np.zeros(len(chosen), bool)
    test[place[: len(held_out)]] = True
    tunes = SplitTunes.among(chosen, families)
    found = find_relatives(tunes, ~test, test)
    family = np.array(families["tune_family"].take(pa.array(chosen)).to_pylist())
    apart = found.any | np.isin(family, family[test])
    return np.asarray(apart[place[len(held_out) :]])


def family_rows(piece_ids: Sequence[str] | pa.Array, families: pa.Table) -> Ints:
    """The row of every piece among the families; a phrase belongs to its piece."""
    ids, known = pa.array(piece_ids, pa.string()), families["piece_id"].combine_chunks()
    pieces = pc.replace_substring_regex(ids, ":[^:]*$", "")
    rows = pc.coalesce(pc.index_in(ids, value_set=known), pc.index_in(pieces, value_set=known))
    if rows.null_count:
        piece = ids.filter(rows.is_null())[0]
        raise SplitError(
            f"{piece}: data/families.parquet does not contain this piece; run `dvc repro families`"
        )
    return np.asarray(rows, dtype=np.int64)
