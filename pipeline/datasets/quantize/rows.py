"""The columns of the grids table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.lists import as_lists
from pipeline.core.music import SILENCE, TICKS_PER_QUARTER
from pipeline.core.schemas import ABOUT, GRIDS
from pipeline.datasets.columns.ragged import Bools, offsets_of, ranges, sums
from pipeline.datasets.columns.skyline import Lines
from pipeline.datasets.columns.steps import to_steps
from pipeline.datasets.quantize.bars import find_bars
from pipeline.datasets.quantize.beats import with_annotated_bars
from pipeline.datasets.quantize.cells import Cells, Spans, count_rests, cut, paint
from pipeline.datasets.quantize.chords import chords_of
from pipeline.datasets.quantize.piece import VoicesOnGrid, phrase_ends
from pipeline.datasets.quantize.settings import QuantizeSettings

COPIED = [  # columns taken from the row of the top voice
    "piece_id",
    "corpus",
    "title",
    *(name for name, _ in ABOUT),
    "licence",
    "citation",
    "source_path",
    "source_sha256",
    "key_fifths",
    "key_mode",
    "n_key_changes",
]


def make_grids(
    notes: pa.Table,
    pieces: VoicesOnGrid,
    painted: Cells,
    sounding: Lines,
    spans: Spans,
    settings: QuantizeSettings,
) -> pa.Table:
    """Rows of ``schemas.GRIDS``, one per span.

    Args:
        notes: the rows that the pieces were taken from.
        painted: the notes of the pieces in cells.
        sounding: the notes that become the grids, with rests filled if the settings require it.
        spans: the sections that become grids.
    """
    filled = painted
    if sounding is not pieces.rounded.notes:
        filled = paint(sounding, pieces.n_steps, pieces.voices)
    columns = {
        **_identity(notes, pieces, spans, settings),
        **_timing(pieces, spans),
        **_costs(pieces, painted, spans, settings),
        **_cells(filled, phrase_ends(sounding, pieces), spans),
        **_bars(notes, pieces, spans, settings),
        "chord": chords_of(notes, pieces, spans, settings.steps_per_quarter),
    }
    return pa.table({name: columns[name] for name in GRIDS.names}, schema=GRIDS)


def _timing(pieces: VoicesOnGrid, spans: Spans) -> dict[str, Any]:
    """Columns that describe the grid of the piece in the time of its source."""
    found = [pieces.timings.of[piece] for piece in spans.piece]
    return {
        "grid_method": pa.array([each.method for each in found], pa.string()),
        "grid_shift": pa.array([each.shift for each in found], pa.int32()),
        "grid_sections": pa.array([len(each.sections) for each in found], pa.int32()),
        "grid_period": pa.array([str(each.period) for each in found], pa.string()),
        "error_before": pa.array([each.error_before for each in found], pa.float64()),
        "error_after": pa.array([each.error_after for each in found], pa.float64()),
    }


def _identity(
    notes: pa.Table, pieces: VoicesOnGrid, spans: Spans, settings: QuantizeSettings
) -> dict[str, Any]:
    """Columns that identify the piece, or the phrase of it ("essen/altdeu10#17:2")."""
    top = notes.select(COPIED).take(pa.array(pieces.rows[spans.piece, 0]))
    columns = {name: top[name] for name in COPIED}
    ids = [pieces.ids[piece] for piece in spans.piece]
    if settings.rests == "split":
        number = np.arange(len(ids)) - np.searchsorted(spans.piece, spans.piece) + 1
        ids = [f"{piece}:{k}" for piece, k in zip(ids, number, strict=True)]
    names = notes["part_name"].take(pa.array(pieces.rows[spans.piece].ravel()))
    return {
        **columns,
        "piece_id": pa.array(ids, pa.string()),
        "n_parts": pa.array(pieces.n_parts[spans.piece], pa.int16()),
        "part_names": pa.FixedSizeListArray.from_arrays(names.combine_chunks(), pieces.voices).cast(
            pa.list_(pa.string())
        ),
    }


def _cells(filled: Cells, ending: Bools, spans: Spans) -> dict[str, Any]:
    grids, taken = cut(filled, spans)
    voices = filled.pitch.shape[1]
    return {
        "voices": np.full(len(spans.piece), voices, np.int16),
        "n_steps": np.diff(grids.steps),
        "pitch": as_lists(grids.steps * voices, grids.pitch.ravel(), pa.uint8()),
        "tied": as_lists(grids.steps * voices, grids.tied.ravel(), pa.bool_()),
        "phrase_end": as_lists(grids.steps, ending[taken], pa.bool_()),
        "n_notes": sums(((grids.pitch != SILENCE) & ~grids.tied).sum(axis=1), grids.steps),
    }


def _bars(notes: pa.Table, pieces: VoicesOnGrid, spans: Spans, settings: QuantizeSettings) -> dict[str, Any]:
    top = notes.select(["meters", "bar_onsets"]).take(pa.array(pieces.rows[:, 0]))
    ends = pieces.n_steps * TICKS_PER_QUARTER // settings.steps_per_quarter
    top = with_annotated_bars(top, [timing.beats for timing in pieces.timings.of], ends)
    bars = find_bars(top, pieces.n_steps, settings.steps_per_quarter, pieces.timings.bars_apply)
    lengths = np.where(bars.known[spans.piece], spans.stop - spans.begin, 0)
    taken = ranges(offsets_of(pieces.n_steps)[spans.piece] + spans.begin, lengths)
    per_bar = bars.steps_per_bar[spans.piece]
    unknown = ~bars.known[spans.piece]
    return {
        "meter": pa.array([bars.meter[piece] for piece in spans.piece], pa.string()),
        "steps_per_bar": pa.array(per_bar, pa.int32(), mask=per_bar == 0),
        "step_in_bar": as_lists(offsets_of(lengths), bars.step_in_bar[taken], pa.int16(), null=unknown),
    }


def _costs(pieces: VoicesOnGrid, painted: Cells, spans: Spans, settings: QuantizeSettings) -> dict[str, Any]:
    """Counts of the changes by quantization, per grid; rests are counted before they are filled."""
    quarter, voices, n = settings.steps_per_quarter, pieces.voices, len(spans.piece)
    rounded = pieces.rounded
    span = spans.holding(rounded.notes.line // voices, rounded.notes.onset)
    inside, error = span >= 0, rounded.error_ticks
    largest = np.zeros(n, np.int64)
    np.maximum.at(largest, span[inside], error[inside])
    collapsed = spans.holding(rounded.collapsed.line // voices, rounded.collapsed.onset)
    covered = spans.holding(pieces.covered.line // voices, to_steps(pieces.covered.onset, quarter))
    n_rests, n_rest_steps = count_rests(cut(painted, spans)[0])
    return {
        "steps_per_quarter": np.full(n, quarter, np.int16),
        "n_moved": np.bincount(span[inside & rounded.moved], minlength=n),
        "n_ends_moved": np.bincount(span[inside & rounded.end_moved], minlength=n),
        "max_error_ticks": largest,
        "n_collapsed": np.bincount(collapsed[collapsed >= 0], minlength=n),
        "n_covered": np.bincount(covered[covered >= 0], minlength=n),
        "n_rests": n_rests,
        "n_rest_steps": n_rest_steps,
    }
