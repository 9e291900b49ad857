"""Pieces that a filter rejected, to see: one a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from pipeline.core.music import Grid
from pipeline.core.tables import GRIDS, read_table
from pipeline.formats.writers.layout import grid_of, layout_of
from pipeline.formats.writers.musicxml import as_musicxml

MOST_QUARTERS = 32  # of a piece are shown


@dataclass(frozen=True)
class RejectedExample:
    """A piece as it stood on the grid when a filter rejected it.

    Attributes:
        dataset: that rejected it.
        row: of the rejected table: piece_id, rule, value, limit, detail.
        title: of the piece, or its name.
        musicxml: its beginning.
        whole: nothing of it is left out.
    """

    dataset: str
    row: Mapping[str, Any]
    title: str
    musicxml: str
    whole: bool


def refused(data: Path, rejected: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[RejectedExample]:
    """Of every rule the first piece that broke it, in the first data set in which one did.

    Args:
        data: the folder ``data/``.
        rejected: rows of what the filters rejected, by data set.
    """
    firsts: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for dataset, rows in rejected.items():
        for row in sorted(rows, key=lambda row: str(row["piece_id"])):
            firsts.setdefault(row["rule"], (dataset, row))
    return [_seen(data, *firsts[rule]) for rule in sorted(firsts)]


def _seen(data: Path, dataset: str, row: Mapping[str, Any]) -> RejectedExample:
    grids = read_table(data / "grids" / f"{dataset}.parquet", GRIDS)
    (found,) = grids.filter(pc.equal(grids["piece_id"], row["piece_id"])).to_pylist()
    grid, n_steps = grid_of(found), MOST_QUARTERS * found["steps_per_quarter"]
    shown = Grid(grid.pitch[:n_steps], grid.tied[:n_steps])
    score = as_musicxml(shown, layout_of(found, mark=None)).decode("utf-8")
    title = found["title"] or found["piece_id"]
    return RejectedExample(dataset, row, title, score, whole=shown.n_steps == grid.n_steps)
