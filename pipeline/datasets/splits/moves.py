"""Find pieces whose split changed since the last run because their family changed.

The split of a family depends on its id, and its id is the smallest id of its members:
a new member or a merger may change it. An embargo excludes a training piece if a
relative of it is now held out. Nothing else changes the split of a piece.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.schemas import EMBARGOED, SPLITS
from pipeline.core.tables import TableError, read_table, readable
from pipeline.core.text import counted
from pipeline.datasets.splits.settings import AnySplit, FamilySplit

MOVES_LISTED = 20  # number of moves that are listed individually


@dataclass(frozen=True)
class Move:
    """One piece that moved.

    Attributes:
        was, now: the split before and now.
        relatives_before, relatives_now: number of other rows of the data set (pieces or
            phrases) in its family.
    """

    piece_id: str
    was: str
    now: str
    relatives_before: int
    relatives_now: int


def last_split(rows: Path | None, report: Path | None, settings: AnySplit) -> pa.Table | None:
    """The previous split of a data set, if it can be compared with one of these settings.

    Args:
        rows, report: paths of the previous ``schemas.SPLITS`` and audit; None: there are none.

    Returns:
        None if there is no previous split, if its columns differ, or if its settings differ.
    """
    if rows is None or report is None or not isinstance(settings, FamilySplit):
        return None
    try:
        with readable(report):
            if json.loads(report.read_text(encoding="utf-8"))["settings"] != settings.model_dump():
                return None
        return read_table(rows, SPLITS)
    except TableError:
        return None


def find_moves(before: pa.Table, after: pa.Table) -> list[Move]:
    """The pieces of both tables whose split differs.

    Args:
        before, after: rows of ``schemas.SPLITS`` of one data set, split by family
            with the same settings.

    Returns:
        The moves, sorted by piece_id.
    """
    row = pc.index_in(after["piece_id"], value_set=before["piece_id"].combine_chunks())
    moved = pc.fill_null(pc.not_equal(before["split"].take(row), after["split"]), False)
    was, now = before.take(row.filter(moved)), after.filter(moved)
    pairs = zip(was.to_pylist(), now.to_pylist(), _sizes(before, was), _sizes(after, now), strict=True)
    moves = [Move(a["piece_id"], a["split"], b["split"], n - 1, m - 1) for a, b, n, m in pairs]
    return sorted(moves, key=lambda move: move.piece_id)


def _sizes(rows: pa.Table, some: pa.Table) -> list[int]:
    """The size of the family of some of the rows."""
    sizes = {each["values"].as_py(): each["counts"].as_py() for each in rows["tune_family"].value_counts()}
    return [sizes[family] for family in some["tune_family"].to_pylist()]


def tell(moves: list[Move]) -> list[str]:
    """The message: one line for all moves, and one line for each of the first moves."""
    apart = [move for move in moves if EMBARGOED in (move.was, move.now)]
    moves = [move for move in moves if move not in apart]
    return _told(moves, "their tune family changed") + _told(apart, "their relatives changed")


def _told(moves: list[Move], why: str) -> list[str]:
    if not moves:
        return []
    who = f"{counted(len(moves), 'piece')} moved"
    why = why.replace("their", "its") if len(moves) == 1 else why
    lines = [f"{who} since the last run, because {why}"]
    lines += [
        f"  {move.piece_id}: {move.was} → {move.now} "
        f"(relatives: {move.relatives_before} before, {move.relatives_now} now)"
        for move in moves[:MOVES_LISTED]
    ]
    return lines + ([f"  and {len(moves) - MOVES_LISTED} more"] if len(moves) > MOVES_LISTED else [])
