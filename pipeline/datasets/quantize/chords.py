"""Chord symbols on the grid: each step has the most recent symbol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.datasets.columns.ragged import Ints, offsets_of, ranges
from pipeline.datasets.columns.steps import to_steps
from pipeline.datasets.quantize.cells import Spans
from pipeline.datasets.quantize.piece import VoicesOnGrid


@dataclass(frozen=True)
class _Symbols:
    """All chord symbols of P pieces: the piece, the onset in ticks, the chord."""

    piece: Ints
    onset: Ints
    chord: pa.Array


def chords_of(notes: pa.Table, pieces: VoicesOnGrid, spans: Spans, steps_per_quarter: int) -> pa.Array:
    """Return the chord of every step of every grid.

    A piece has the chord symbols of the part of its top voice, or if that part has none, those
    of the first part that has any. Words that are no chord symbols (``tr``, ``SEGUE``) are ignored.

    Args:
        notes: rows of ``schemas.NOTES``, sorted by piece and part.
        pieces: the pieces on the grid.
        spans: the sections that become grids.
        steps_per_quarter: resolution of the grid.

    Returns:
        A list of ``n_steps`` chords in Harte's syntax per grid: null before the first symbol,
        "N" for no chord, "X" for a chord that is not understood. Null where the piece has none.
    """
    symbols = _symbols(notes, _rows_with_chords(notes, pieces))
    begins = offsets_of(pieces.n_steps)
    step = to_steps(pieces.timings.apply(symbols.onset, symbols.piece), steps_per_quarter)
    step = np.clip(step, 0, None)
    inside = step < pieces.n_steps[symbols.piece]
    latest = np.full(begins[-1], -1, np.int64)
    np.maximum.at(latest, (begins[symbols.piece] + step)[inside], np.flatnonzero(inside))
    latest = np.maximum.accumulate(latest)
    owner = np.repeat(np.arange(len(pieces.n_steps)), pieces.n_steps)
    known = (latest >= 0) & (np.append(symbols.piece, -1)[latest] == owner)
    has_some = np.bincount(symbols.piece, minlength=len(pieces.n_steps)) > 0
    lengths = np.where(has_some[spans.piece], spans.stop - spans.begin, 0)
    taken = ranges(begins[spans.piece] + spans.begin, lengths)
    chord = symbols.chord.take(pa.array(latest[taken], mask=~known[taken]))
    offsets = pa.array(offsets_of(lengths), pa.int32())
    return pa.ListArray.from_arrays(offsets, chord, mask=pa.array(~has_some[spans.piece]))


def _rows_with_chords(notes: pa.Table, pieces: VoicesOnGrid) -> Ints:
    """Return (P,) the row of the notes table whose chord symbols a piece takes."""
    counts = notes["chords"].combine_chunks().value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    taken = pieces.rows[:, 0].copy()
    without = np.flatnonzero(counts[taken] == 0)
    if not counts.any() or not len(without):
        return taken
    first: dict[str, int] = {}
    for row in np.flatnonzero(counts):
        first.setdefault(notes["piece_id"][int(row)].as_py(), int(row))
    for piece in without:
        taken[piece] = first.get(pieces.ids[piece], taken[piece])
    return taken


def _symbols(notes: pa.Table, rows: Ints) -> _Symbols:
    column = notes["chords"].take(pa.array(rows)).combine_chunks()
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    flat = column.flatten()
    piece = np.repeat(np.arange(len(rows)), lengths)
    chords = flat.field("chord")
    is_chord = chords.is_valid().to_numpy(zero_copy_only=False)
    onset = flat.field("onset").to_numpy(zero_copy_only=False).astype(np.int64)
    return _Symbols(piece[is_chord], onset[is_chord], chords.filter(pa.array(is_chord)))
