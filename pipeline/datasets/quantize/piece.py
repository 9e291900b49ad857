"""Convert the notes of whole pieces to steps, and cut the pieces into sections that become grids."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pipeline.datasets.columns.ragged import Bools, Ints, maxima, offsets_from_owners, offsets_of
from pipeline.datasets.columns.skyline import (
    Lines,
    cut_short_overlaps,
    notes_above,
    read_lines,
    skyline,
)
from pipeline.datasets.columns.steps import to_steps
from pipeline.datasets.quantize.cells import Cells, Spans, split, trim, whole
from pipeline.datasets.quantize.grid import LONGEST, Timings, find_timings
from pipeline.datasets.quantize.rounding import Rounded, round_lines
from pipeline.datasets.quantize.settings import QuantizeSettings
from pipeline.datasets.quantize.voices import Voices


@dataclass(frozen=True)
class VoicesOnGrid:
    """P pieces on the grid, before rests and edges are treated.

    Attributes:
        ids: piece_id of each piece.
        rows: (P, V) row of each voice in the notes table.
        n_parts: (P,) number of parts in the score.
        timings: the grid of each piece in the time of its source.
        lines: P * V lines as written, in ticks of the grid that was found.
        rounded: the same lines as single notes in steps.
        covered: the notes that the skyline left out, in ticks.
        crowded: (P,) number of notes that exceed the number of voices.
        n_steps: (P,) length in steps.
    """

    ids: list[str]
    rows: Ints
    n_parts: Ints
    timings: Timings
    lines: Lines
    rounded: Rounded
    covered: Lines
    crowded: Ints
    n_steps: Ints

    @property
    def voices(self) -> int:
        """V."""
        return int(self.rows.shape[1])


def put_on_grid(notes: pa.Table, voices: Voices, settings: QuantizeSettings) -> VoicesOnGrid:
    """Find the grid of each piece, reduce the voices to single lines, and round them to steps.

    Args:
        notes: rows of ``schemas.NOTES``.
        voices: the rows of the voices; pieces without one of them are left out.
    """
    complete = np.flatnonzero((voices.rows >= 0).all(axis=1))
    rows = voices.rows[complete]
    lines = read_lines(notes, rows.ravel())
    has_bars = notes["bar_onsets"].is_valid().to_numpy()[rows[:, 0]]
    beats = notes["beats"].take(pa.array(rows[:, 0]))
    timings = find_timings(lines, voices.rows.shape[1], has_bars, settings, beats)
    lines = _in_time(lines, timings, voices.rows.shape[1])
    steps_per_quarter = settings.steps_per_quarter
    if settings.chords != "top":
        lines = cut_short_overlaps(lines, steps_per_quarter)
    shared, crowded = _share(lines, rows) if settings.chords == "voices" else (lines, np.zeros_like(complete))
    single, covered = skyline(shared, steps_per_quarter)
    rounded = round_lines(single, steps_per_quarter, settings.tolerance)
    end_ticks = notes["end"].to_numpy().astype(np.int64)[rows]
    ends = to_steps(timings.apply(end_ticks.max(axis=1, initial=0), np.arange(len(rows))), steps_per_quarter)
    last = maxima(rounded.notes.end, offsets_from_owners(rounded.notes.line // rows.shape[1], len(rows)))
    n_steps = np.maximum(ends, last)
    return VoicesOnGrid(
        [voices.piece_ids[i] for i in complete],
        rows,
        voices.n_parts[complete],
        timings,
        lines,
        rounded,
        covered,
        crowded,
        n_steps,
    )


def _in_time(lines: Lines, timings: Timings, voices: int) -> Lines:
    """The lines in ticks of the grids that were found, in order; every note keeps a positive length."""
    piece = lines.line // voices
    onset = timings.apply(lines.onset, piece)
    base = lines.line * LONGEST  # a change of shift may move a note before an earlier one
    onset = np.maximum.accumulate(base + onset) - base
    return replace(lines, onset=onset, end=np.maximum(timings.apply(lines.end, piece), onset + 1))


def _share(lines: Lines, rows: Ints) -> tuple[Lines, Ints]:
    """Assign every note of a part that several voices select to one of these voices.

    Args:
        lines: one line per voice, each with all notes of its part.
        rows: (P, V) the part of each voice.

    Returns:
        The lines with the notes assigned to them, and (P,) the number of notes without a voice.
    """
    same = rows[:, :, None] == rows[:, None]  # (P, V, V)
    place = np.tril(same, -1).sum(axis=2).ravel()[lines.line]  # index among the voices of its part
    above = notes_above(lines)
    lost = (above >= same.sum(axis=2).ravel()[lines.line]) & (place == 0)
    return lines.where(above == place), lines.count(lost).reshape(rows.shape).sum(axis=1)


def find_spans(pieces: VoicesOnGrid, painted: Cells, settings: QuantizeSettings) -> Spans:
    """The sections that become grids; a piece without notes has none."""
    if settings.min_rest is None:
        spans = whole(pieces.n_steps)
    else:
        ends = phrase_ends(pieces.rounded.notes, pieces) if settings.split_at_phrase_ends else None
        spans = split(painted, settings.min_rest, ends)
    return trim(spans, painted) if settings.edge_silence == "trim" else spans


def phrase_ends(notes: Lines, pieces: VoicesOnGrid) -> Bools:
    """(steps,) True on the last step of notes of the top voice that end a phrase."""
    steps = offsets_of(pieces.n_steps)
    marked = np.zeros(steps[-1], bool)
    ending = notes.where(notes.phrase_end & (notes.line % pieces.voices == 0))
    marked[steps[ending.line // pieces.voices] + ending.end - 1] = True
    return marked
