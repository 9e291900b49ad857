"""Quantize exact notes to grids of steps.

Order of operations: choose the parts; find the grid; merge chords; cut overlaps; round;
collapse; minimum length; cut overlaps again; then rests and leading and trailing silence.
Overlaps are compared on the grid. All operations use integers and whole columns; every
change is counted in the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.accounting import Rejection
from pipeline.core.schemas import GRIDS
from pipeline.datasets.columns.chunks import Mapped, in_portions
from pipeline.datasets.quantize.cells import extend, paint
from pipeline.datasets.quantize.piece import find_spans, put_on_grid
from pipeline.datasets.quantize.rows import make_grids
from pipeline.datasets.quantize.rules import broken_rules
from pipeline.datasets.quantize.settings import QuantizeSettings
from pipeline.datasets.quantize.voices import choose_voices

__all__ = ["QuantizeSettings", "Quantized", "quantize", "quantize_portions"]


@dataclass(frozen=True)
class Quantized:
    """Pieces kept and rejected of a data set.

    Attributes:
        grids: rows of ``schemas.GRIDS``, sorted by piece_id.
        incoming: piece_id of every piece.
        kept: piece_id of every piece with at least one grid.
        rejections: all violated rules of the other pieces.
    """

    grids: pa.Table
    incoming: list[str]
    kept: list[str]
    rejections: list[Rejection]


def quantize(notes: pa.Table, settings: QuantizeSettings) -> Quantized:
    """Sample the chosen parts of every piece on a regular grid.

    Onsets and ends round half up; a note is never shorter than one step.

    Args:
        notes: rows of ``schemas.NOTES``, in any order.
        settings: the section ``quantize`` of a data set.

    Returns:
        A grid for every piece kept (several with ``rests: split``), and the rules
        that reject the others: ``no_such_part``, ``no_notes``, ``note_number``,
        ``chord``, ``inexact``, ``rest``, ``no_beats``, ``beats_too_short``.
    """
    notes = notes.sort_by([("piece_id", "ascending"), ("part", "ascending")])
    made = list(quantize_portions(in_portions(notes), settings))
    return Quantized(
        pa.concat_tables([each.grids for each in made]),
        [piece for each in made for piece in each.incoming],
        [piece for each in made for piece in each.kept],
        [rejection for each in made for rejection in each.rejections],
    )


def quantize_portions(
    portions: Iterable[pa.Table], settings: QuantizeSettings, mapped: Mapped = map
) -> Iterator[Quantized]:
    """Quantize notes that arrive in order, in portions of whole pieces.

    All grids that are yielded are sorted by piece_id. Grids of one portion may be held back
    until the next, because a phrase ("a/1:2") is sorted after other pieces ("a/10").

    Args:
        mapped: how the portions are distributed.
    """
    waiting = GRIDS.empty_table()
    for made in mapped(partial(_quantize, settings=settings), portions):
        n = _before(waiting, made.incoming)
        yield replace(made, grids=waiting.slice(0, n))
        waiting = pa.concat_tables([waiting.slice(n), made.grids]).combine_chunks().sort_by("piece_id")
    yield Quantized(waiting, [], [], [])


def _before(grids: pa.Table, pieces: list[str]) -> int:
    """Number of sorted grids that come before all grids of these and of later pieces."""
    if not pieces:
        return 0
    return int(pc.sum(pc.less(grids["piece_id"], pieces[0]), min_count=0).as_py())


def _quantize(notes: pa.Table, settings: QuantizeSettings) -> Quantized:
    """Quantize some pieces whose rows are in order."""
    voices, rejections = choose_voices(notes, settings)
    pieces = put_on_grid(notes, voices, settings)
    painted = paint(pieces.rounded.notes, pieces.n_steps, pieces.voices)
    spans = find_spans(pieces, painted, settings)
    rejections += broken_rules(pieces, painted, spans, settings)
    rejected = {rejection.piece_id for rejection in rejections}
    stays = np.array([piece not in rejected for piece in pieces.ids], bool)
    notes_kept = pieces.rounded.notes
    sounding = extend(notes_kept) if settings.rests == "extend" else notes_kept
    grids = make_grids(notes, pieces, painted, sounding, spans.where(stays[spans.piece]), settings)
    kept = [piece for piece in pieces.ids if piece not in rejected]
    return Quantized(grids, voices.piece_ids, kept, rejections)
