"""Assign pieces to train, valid and test, and audit the leakage.

Whole families are assigned by a hash of the family's id and a seed, so a piece keeps its
split when other pieces are added or removed, in every data set with the same seed.
Phrases ("essen/altdeu10#17:2") are in the split of their piece. The kinds none, random
and published exist for comparison with common practice. With ``embargo: soft``, training
pieces that are relatives of a held-out piece are excluded from training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.schemas import SPLITS
from pipeline.datasets.columns.ragged import Bools, Ints
from pipeline.datasets.splits.assignment import Assigned, Assignment, place_names
from pipeline.datasets.splits.audit import audit, claim, leaks_by_kind, require_no_leak
from pipeline.datasets.splits.embargo import (
    Embargo,
    embargo,
    family_rows,
    related_to,
    with_held_out,
)
from pipeline.datasets.splits.leak_card import leak_table
from pipeline.datasets.splits.leaks import Leaks, find_leaks, relation_names
from pipeline.datasets.splits.settings import SPLIT, AnySplit, NoSplit, Split, SplitError
from pipeline.datasets.splits.tunes import Melodies, SplitTunes

NAMES = ["piece_id", "corpus", "tune_family", "title", "published_split"]
USED = [*NAMES, "intervals", "tune", "relatives"]  # of the columns of ``schemas.FAMILIES``, by every split

__all__ = [
    "SPLIT",
    "USED",
    "AnySplit",
    "Divided",
    "Split",
    "SplitError",
    "family_rows",
    "related_to",
    "split_pieces",
]


@dataclass(frozen=True)
class Divided:
    """A data set divided into splits.

    Attributes:
        rows: rows of ``schemas.SPLITS``, one per piece or phrase, sorted by piece_id.
        leaks: rows of ``schemas.LEAKS``, one per piece of valid and test, sorted by piece_id.
        audit: counts, ready for JSON.
    """

    rows: pa.Table
    leaks: pa.Table
    audit: dict[str, Any]


def split_pieces(
    piece_ids: Sequence[str] | pa.ChunkedArray,
    families: pa.Table,
    settings: AnySplit,
    melodies: Melodies | None = None,
) -> Divided:
    """Assign the rows of a data set to the splits, and audit the result.

    Args:
        piece_ids: piece_id of the rows of a data set, phrases included.
        families: the columns USED of ``schemas.FAMILIES``, with the metadata ``family_run``.
        settings: the section ``split``.
        melodies: reads the column ``melody`` for splits that divide families; None: ``families`` has it.

    Raises:
        SplitError: a piece is not among the families, or has no published split
            although the kind is ``published``.
    """
    ids = pa.chunked_array([piece_ids], pa.string()) if isinstance(piece_ids, Sequence) else piece_ids
    ids = ids.combine_chunks().sort()
    row = family_rows(ids, families)
    chosen = np.zeros(families.num_rows, bool)
    chosen[row] = True
    everywhere = with_held_out(chosen, families, settings)
    used = everywhere != Assignment.UNUSED
    tunes, before = SplitTunes.among(np.flatnonzero(used), families, melodies), everywhere[used]
    pieces = _rows_where(used, families.select(NAMES))
    del families
    apart = None if settings.embargo == "none" or isinstance(settings, NoSplit) else embargo(tunes, before)
    assigned = before if apart is None else apart.assigned
    leaks = find_leaks(tunes, assigned)
    require_no_leak(pieces, assigned, leaks, settings)
    without = leaks if apart is None else find_leaks(tunes, before)
    made = {False: (before, without)} | ({} if apart is None else {True: (assigned, leaks)})
    kinds, run = leaks_by_kind(pieces, tunes, made, settings), tunes.run
    del tunes, made, without
    own = assigned != Assignment.ELSEWHERE
    report = audit(_rows_where(own, pieces), assigned[own], leaks.where(np.flatnonzero(own)), settings)
    return Divided(
        rows=_rows(ids, pieces, assigned, leaks, apart, (np.cumsum(used) - 1)[row]),
        leaks=leak_table(pieces, assigned, leaks),
        audit={**report, "family_run": run, "claim": claim(report, run), "leaks_by_kind": kinds},
    )


def _rows_where(chosen: Bools, pieces: pa.Table) -> pa.Table:
    """The chosen rows; the table itself if these are all."""
    return pieces if chosen.all() else pieces.filter(pa.array(chosen))


def _rows(
    ids: pa.Array, pieces: pa.Table, assigned: Assigned, leaks: Leaks, apart: Embargo | None, piece: Ints
) -> pa.Table:
    """One row per id, with the data of its piece.

    Args:
        piece: (n,) the row of ``pieces`` that an id belongs to.
    """
    nearest = (
        leaks.nearest
        if apart is None
        else apart.nearest.where(assigned == Assignment.EMBARGOED, leaks.nearest)
    )
    relative, likeness = nearest.piece[piece], nearest.likeness[piece].astype(np.float32)
    columns = {
        "piece_id": ids,
        "corpus": pieces["corpus"].take(pa.array(piece)),
        "tune_family": pieces["tune_family"].take(pa.array(piece)),
        "split": place_names(assigned[piece]),
        "soft_relative": leaks.soft[piece],
        "relative_of": pieces["piece_id"].take(pa.array(relative, pa.int64(), mask=relative < 0)),
        "relation": relation_names(nearest).take(pa.array(piece)),
        "likeness": pa.array(likeness, pa.float32(), mask=relative < 0),
    }
    return pa.table({name: columns[name] for name in SPLITS.names}, schema=SPLITS)
