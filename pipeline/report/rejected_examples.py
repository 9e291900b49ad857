"""Pieces that a filter rejected, engraved: one per rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.music import Grid
from pipeline.formats.writers.layout import grid_of, layout_of
from pipeline.formats.writers.musicxml import as_musicxml
from pipeline.report.columns import column_names, read_columns

MOST_QUARTERS = 32  # shown of a piece


@dataclass(frozen=True)
class RejectedExample:
    """A piece on its grid, as a filter rejected it.

    Attributes:
        dataset: whose filter rejected it.
        row: of the rejected table: piece_id, rule, value, limit, detail.
        title: of the piece, or its name.
        musicxml: its first bars.
        whole: the first bars are the whole piece.
    """

    dataset: str
    row: Mapping[str, Any]
    title: str
    musicxml: str
    whole: bool


def refused(data: Path, rejected: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[RejectedExample]:
    """For every rule the first piece that broke it, in the first data set in which one did.

    Args:
        data: the folder ``data/``.
        rejected: rows of the filters' rejected tables, by data set.
    """
    firsts: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for dataset, rows in rejected.items():
        for row in sorted(rows, key=lambda row: str(row["piece_id"])):
            firsts.setdefault(row["rule"], (dataset, row))
    wanted: dict[str, set[str]] = {}
    for dataset, row in firsts.values():
        wanted.setdefault(dataset, set()).add(row["piece_id"])
    grids = {
        (dataset, grid["piece_id"]): grid
        for dataset, piece_ids in wanted.items()
        for grid in _grids(data / "grids" / f"{dataset}.parquet", piece_ids)
    }
    examples = (firsts[rule] for rule in sorted(firsts))
    return [_example(dataset, row, grids[dataset, row["piece_id"]]) for dataset, row in examples]


def _grids(path: Path, piece_ids: set[str]) -> list[dict[str, Any]]:
    return read_columns(path, column_names(path), piece_ids)


def _example(dataset: str, row: Mapping[str, Any], found: Mapping[str, Any]) -> RejectedExample:
    score, whole = beginning(found, MOST_QUARTERS)
    return RejectedExample(dataset, row, found["title"] or found["piece_id"], score, whole)


def beginning(row: Mapping[str, Any], quarters: int) -> tuple[str, bool]:
    """The first bars of a row of the grids as MusicXML, and whether they are all of it."""
    grid, n_steps = grid_of(row), quarters * row["steps_per_quarter"]
    shown = Grid(grid.pitch[:n_steps], grid.tied[:n_steps])
    score = as_musicxml(shown, layout_of(row, mark=None)).decode("utf-8")
    return score, shown.n_steps == grid.n_steps
