"""Which pieces went to another split since the last time, because their family changed.

A family goes where its id sends it, and its id is the smallest of its members':
a new member or a merger may give it another one. An embargo sets a training piece
apart when a relative of it comes to be held out. Nothing else moves a piece.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.core.tables import EMBARGOED, SPLITS, TableError, read_table
from pipeline.datasets.splits.settings import AnySplit, FamilySplit

MOVES_TOLD = 20  # named one by one


@dataclass(frozen=True)
class Move:
    """One piece that moved.

    Attributes:
        was, now: its splits.
        relatives_before, relatives_now: how many other rows of the data set (pieces or
            phrases) are of its family.
    """

    piece_id: str
    was: str
    now: str
    relatives_before: int
    relatives_now: int


def last_split(rows: Path | None, report: Path | None, settings: AnySplit) -> pa.Table | None:
    """The last split of a data set, if it can be compared with one of these settings.

    Args:
        rows, report: where the last ``tables.SPLITS`` and audit lie; None: nowhere.

    Returns:
        None where there is none, it is of other columns, or other settings moved
        pieces on purpose.
    """
    if rows is None or report is None or not isinstance(settings, FamilySplit):
        return None
    if json.loads(report.read_text(encoding="utf-8"))["settings"] != settings.model_dump():
        return None
    try:
        return read_table(rows, SPLITS)
    except TableError:
        return None


def find_moves(before: pa.Table, after: pa.Table) -> list[Move]:
    """The pieces of both that are not in the same split.

    Args:
        before, after: rows of ``tables.SPLITS`` of one data set, split by family
            with the same settings.

    Returns:
        Sorted by piece_id.
    """
    known = {row["piece_id"]: row for row in before.to_pylist()}
    sizes_before = Counter(before["tune_family"].to_pylist())
    sizes_now = Counter(after["tune_family"].to_pylist())
    moves = [
        Move(
            row["piece_id"],
            known[row["piece_id"]]["split"],
            row["split"],
            sizes_before[known[row["piece_id"]]["tune_family"]] - 1,
            sizes_now[row["tune_family"]] - 1,
        )
        for row in after.to_pylist()
        if row["piece_id"] in known and known[row["piece_id"]]["split"] != row["split"]
    ]
    return sorted(moves, key=lambda move: move.piece_id)


def tell(moves: list[Move]) -> list[str]:
    """What a person is told: a line for all of them, and one for each of the first."""
    apart = [move for move in moves if EMBARGOED in (move.was, move.now)]
    moves = [move for move in moves if move not in apart]
    return _told(moves, "their tune family changed") + _told(apart, "their relatives changed")


def _told(moves: list[Move], why: str) -> list[str]:
    if not moves:
        return []
    who = "1 piece moved" if len(moves) == 1 else f"{len(moves)} pieces moved"
    why = why.replace("their", "its") if len(moves) == 1 else why
    lines = [f"{who} since the last run, because {why}"]
    lines += [
        f"  {move.piece_id}: {move.was} → {move.now} "
        f"(relatives: {move.relatives_before} before, {move.relatives_now} now)"
        for move in moves[:MOVES_TOLD]
    ]
    return lines + ([f"  and {len(moves) - MOVES_TOLD} more"] if len(moves) > MOVES_TOLD else [])
