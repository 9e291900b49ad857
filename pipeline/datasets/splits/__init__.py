"""Who goes to train, valid and test, and the audit of what that leaks.

Families, never pieces, are given out, by a hash of the family's id and a seed:
a piece stays where it is when others come or go, in every data set that shares
the seed. Phrases ("essen/altdeu10#17:2") go where their piece goes. The other
kinds, none, random and published, are there to compare with what others do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.tables import SPLITS
from pipeline.datasets.columns.ragged import Ints
from pipeline.datasets.splits.assignment import Names, assign
from pipeline.datasets.splits.audit import audit, leaks_by_kind
from pipeline.datasets.splits.leak_card import leak_table
from pipeline.datasets.splits.leaks import Leaks, Melodies, find_leaks
from pipeline.datasets.splits.settings import SPLIT, AnySplit, Split, SplitError

__all__ = ["SPLIT", "AnySplit", "Divided", "Split", "SplitError", "split_pieces"]


@dataclass(frozen=True)
class Divided:
    """A data set given to its splits.

    Attributes:
        rows: of ``tables.SPLITS``, a row a piece or phrase, sorted by piece_id.
        leaks: of ``tables.LEAKS``, a row a piece of valid and test, sorted by piece_id.
        audit: counts, ready for JSON.
    """

    rows: pa.Table
    leaks: pa.Table
    audit: dict[str, Any]


def split_pieces(piece_ids: Sequence[str], families: pa.Table, settings: AnySplit) -> Divided:
    """Give the rows of a data set to the splits, and audit the result.

    Args:
        piece_ids: of the rows of a data set, phrases included.
        families: rows of ``tables.FAMILIES``, its metadata naming ``family_run``.
        settings: the section ``split``.

    Raises:
        SplitError: a piece is not among the families, or has no published split
            where that is asked for.
    """
    ids = sorted(piece_ids)
    chosen, piece = np.unique(family_rows(ids, families), return_inverse=True)
    pieces = families.take(pa.array(chosen))
    run = int(families.schema.metadata[b"family_run"])
    assigned = assign(pieces, settings)
    melodies = Melodies.of(pieces, run)
    leaks = find_leaks(melodies, assigned)
    report = audit(pieces, assigned, leaks, settings)
    kinds = leaks_by_kind(pieces, melodies, assigned, leaks, settings)
    return Divided(
        rows=_rows(ids, pieces, assigned, leaks, piece),
        leaks=leak_table(pieces, assigned, leaks),
        audit={**report, "family_run": run, "leaks_by_kind": kinds},
    )


def _rows(ids: Sequence[str], pieces: pa.Table, assigned: Names, leaks: Leaks, piece: Ints) -> pa.Table:
    """A row for every id, with what its piece says.

    Args:
        piece: (n,) the row of ``pieces`` that an id belongs to.
    """
    nearest = leaks.nearest.piece[piece]
    columns = {
        "piece_id": pa.array(ids, pa.string()),
        "corpus": pieces["corpus"].take(pa.array(piece)),
        "tune_family": pieces["tune_family"].take(pa.array(piece)),
        "split": pa.array(assigned[piece], pa.string()),
        "soft_relative": leaks.soft[piece],
        "nearest_train": pieces["piece_id"].take(pa.array(nearest, pa.int64(), mask=nearest < 0)),
    }
    return pa.table({name: columns[name] for name in SPLITS.names}, schema=SPLITS)


def family_rows(piece_ids: Sequence[str], families: pa.Table) -> Ints:
    """The row of every piece among the families; a phrase belongs to its piece."""
    ids, known = pa.array(piece_ids, pa.string()), families["piece_id"]
    pieces = pc.replace_substring_regex(ids, ":[^:]*$", "")
    rows = pc.coalesce(pc.index_in(ids, value_set=known), pc.index_in(pieces, value_set=known))
    if rows.null_count:
        piece = ids.filter(rows.is_null())[0]
        raise SplitError(f"{piece}: data/families.parquet does not know this piece; run `dvc repro families`")
    return np.asarray(rows, dtype=np.int64)
