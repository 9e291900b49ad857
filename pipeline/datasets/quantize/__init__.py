"""From exact notes to grids of steps.

Order of work: choose the parts; merge chords; cut overlaps; round; collapse;
minimum length; cut overlaps again; then rests and the silence at the edges. Overlaps
are judged on the grid. All in integers and over whole columns; every change is counted
in the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.accounting import Rejection
from pipeline.core.music import SILENCE
from pipeline.core.tables import ABOUT, GRIDS, as_lists
from pipeline.datasets.columns.chunks import in_portions
from pipeline.datasets.columns.ragged import (
    Bools,
    Ints,
    maxima,
    offsets_from_owners,
    offsets_of,
    ranges,
    sums,
)
from pipeline.datasets.columns.skyline import (
    Lines,
    count_chords,
    cut_short_overlaps,
    notes_above,
    read_lines,
    skyline,
)
from pipeline.datasets.columns.steps import to_steps
from pipeline.datasets.quantize import cells
from pipeline.datasets.quantize.bars import find_bars
from pipeline.datasets.quantize.cells import Cells, Spans
from pipeline.datasets.quantize.rounding import Rounded, round_lines
from pipeline.datasets.quantize.settings import QuantizeSettings
from pipeline.datasets.quantize.voices import Voices, choose_voices

__all__ = ["QuantizeSettings", "Quantized", "quantize", "quantize_portions"]

HIGHEST_PITCH = 127
COPIED = [  # from the row of the top voice
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


@dataclass(frozen=True)
class Quantized:
    """Pieces kept and rejected of a data set.

    Attributes:
        grids: rows of ``tables.GRIDS``, sorted by piece_id.
        incoming: piece_id of every piece.
        kept: piece_id of every piece that gives at least one grid.
        rejections: all broken rules of the others.
    """

    grids: pa.Table
    incoming: list[str]
    kept: list[str]
    rejections: list[Rejection]


@dataclass(frozen=True)
class _VoicesOnGrid:
    """P pieces on the grid, before rests and edges are treated.

    Attributes:
        ids: piece_id of each.
        rows: (P, V) row of the notes table of each voice.
        n_parts: (P,) parts of the score.
        lines: P * V lines as written.
        rounded: the same as single notes in steps.
        covered: the notes that the skyline left out, in ticks.
        crowded: (P,) notes beyond the number of voices.
        n_steps: (P,) length.
    """

    ids: list[str]
    rows: Ints
    n_parts: Ints
    lines: Lines
    rounded: Rounded
    covered: Lines
    crowded: Ints
    n_steps: Ints

    @property
    def voices(self) -> int:
        return int(self.rows.shape[1])


def quantize(notes: pa.Table, settings: QuantizeSettings) -> Quantized:
    """Sample the chosen parts of every piece on a regular grid.

    Onsets and ends round half up; a note is never shorter than one step.

    Args:
        notes: rows of ``tables.NOTES``, in any order.
        settings: the section ``quantize`` of a data set.

    Returns:
        A grid for every piece kept (several with ``rests: split``), and why the
        others are rejected: ``no_such_part``, ``no_notes``, ``note_number``,
        ``chord``, ``inexact``, ``rest``.
    """
    notes = notes.sort_by([("piece_id", "ascending"), ("part", "ascending")])
    made = list(quantize_portions(in_portions(notes), settings))
    return Quantized(
        pa.concat_tables([each.grids for each in made]),
        [piece for each in made for piece in each.incoming],
        [piece for each in made for piece in each.kept],
        [rejection for each in made for rejection in each.rejections],
    )


def quantize_portions(portions: Iterable[pa.Table], settings: QuantizeSettings) -> Iterator[Quantized]:
    """The same for notes that come in order, some whole pieces at a time.

    The grids of all that is yielded, one after the other, are sorted by piece_id: those
    of a portion wait for the next, for a phrase ("a/1:2") comes after other pieces ("a/10").
    """
    waiting = GRIDS.empty_table()
    for portion in portions:
        made = _quantize(portion, settings)
        n = _before(waiting, made.incoming)
        yield replace(made, grids=waiting.slice(0, n))
        waiting = pa.concat_tables([waiting.slice(n), made.grids]).combine_chunks().sort_by("piece_id")
    yield Quantized(waiting, [], [], [])


def _before(grids: pa.Table, pieces: list[str]) -> int:
    """How many of the sorted grids come before any of these and of later pieces."""
    if not pieces:
        return 0
    return int(pc.sum(pc.less(grids["piece_id"], pieces[0]), min_count=0).as_py())


def _quantize(notes: pa.Table, settings: QuantizeSettings) -> Quantized:
    """The same for some pieces, their rows in order."""
    voices, rejections = choose_voices(notes, settings)
    pieces = _on_grid(notes, voices, settings)
    painted = cells.paint(pieces.rounded.notes, pieces.n_steps, pieces.voices)
    spans = _spans(pieces, painted, settings)
    rejections += _broken_rules(pieces, painted, spans, settings)
    rejected = {rejection.piece_id for rejection in rejections}
    stays = np.array([piece not in rejected for piece in pieces.ids], bool)
    if settings.rests == "extend":
        sounding = cells.extend(pieces.rounded.notes)
        filled = cells.paint(sounding, pieces.n_steps, pieces.voices)
    else:
        sounding, filled = pieces.rounded.notes, painted
    spans = spans.where(stays[spans.piece])
    columns = {
        **_identity(notes, pieces, spans, settings),
        **_costs(pieces, painted, spans, settings),
        **_cells(filled, _phrase_ends(sounding, pieces), spans),
        **_bars(notes, pieces, spans, settings),
    }
    grids = pa.table({name: columns[name] for name in GRIDS.names}, schema=GRIDS)
    kept = [piece for piece in pieces.ids if piece not in rejected]
    return Quantized(grids, voices.piece_ids, kept, rejections)


def _on_grid(notes: pa.Table, voices: Voices, settings: QuantizeSettings) -> _VoicesOnGrid:
    complete = np.flatnonzero((voices.rows >= 0).all(axis=1))
    rows = voices.rows[complete]
    lines = read_lines(notes, rows.ravel())
    steps_per_quarter = settings.steps_per_quarter
    if settings.chords != "top":
        lines = cut_short_overlaps(lines, steps_per_quarter)
    shared, crowded = _share(lines, rows) if settings.chords == "voices" else (lines, np.zeros_like(complete))
    single, covered = skyline(shared, steps_per_quarter)
    rounded = round_lines(single, steps_per_quarter)
    ends = to_steps(notes["end"].to_numpy().astype(np.int64), steps_per_quarter)[rows]
    last = maxima(rounded.notes.end, offsets_from_owners(rounded.notes.line // rows.shape[1], len(rows)))
    n_steps = np.maximum(ends.max(axis=1, initial=0), last)
    return _VoicesOnGrid(
        [voices.piece_ids[i] for i in complete],
        rows,
        voices.n_parts[complete],
        lines,
        rounded,
        covered,
        crowded,
        n_steps,
    )


def _share(lines: Lines, rows: Ints) -> tuple[Lines, Ints]:
    """Give every note of a part that several voices name to one of them.

    Args:
        lines: one a voice, each with all notes of its part.
        rows: (P, V) which part that is.

    Returns:
        The lines with the notes that they keep, and (P,) how many notes find no voice.
    """
    same = rows[:, :, None] == rows[:, None]  # (P, V, V)
    place = np.tril(same, -1).sum(axis=2).ravel()[lines.line]  # of the voice among those of its part
    above = notes_above(lines)
    lost = (above >= same.sum(axis=2).ravel()[lines.line]) & (place == 0)
    return lines.where(above == place), lines.count(lost).reshape(rows.shape).sum(axis=1)


def _spans(pieces: _VoicesOnGrid, painted: Cells, settings: QuantizeSettings) -> Spans:
    """The stretches that become grids; none of a piece without notes."""
    if settings.min_rest is None:
        spans = cells.whole(pieces.n_steps)
    else:
        ends = _phrase_ends(pieces.rounded.notes, pieces) if settings.split_at_phrase_ends else None
        spans = cells.split(painted, settings.min_rest, ends)
    return cells.trim(spans, painted) if settings.edge_silence == "trim" else spans


def _broken_rules(
    pieces: _VoicesOnGrid, painted: Cells, spans: Spans, settings: QuantizeSettings
) -> list[Rejection]:
    lines, voices, n = pieces.lines, pieces.voices, len(pieces.ids)
    everything = np.ones(len(lines.line), bool)
    empty = (lines.count(everything).reshape(n, voices) == 0).sum(axis=1)
    foreign = lines.count((lines.pitch == SILENCE) | (lines.pitch > HIGHEST_PITCH))
    broken = [
        _reject(pieces, "no_notes", empty, "voices without a single note"),
        _reject(pieces, "note_number", foreign.reshape(n, voices).sum(axis=1), "notes outside 1 to 127"),
    ]
    if settings.chords == "reject":
        chords = count_chords(lines).reshape(n, voices).sum(axis=1)
        broken.append(
            _reject(pieces, "chord", chords, "notes that begin while another of their voice sounds")
        )
    if settings.chords == "voices":
        broken.append(
            _reject(pieces, "chord", pieces.crowded, "notes more than there are voices at that time")
        )
    if settings.on_inexact == "reject":
        error = np.zeros(n, np.int64)
        np.maximum.at(error, pieces.rounded.notes.line // voices, pieces.rounded.error_ticks)
        broken.append(_reject(pieces, "inexact", error, "ticks, the farthest that a note would be moved"))
    if settings.rests == "reject":
        rests = np.zeros(n, np.int64)
        np.add.at(rests, spans.piece, cells.count_rests(cells.cut(painted, spans)[0])[0])
        broken.append(_reject(pieces, "rest", rests, "silences"))
    return [rejection for rule in broken for rejection in rule]


def _reject(pieces: _VoicesOnGrid, rule: str, found: Ints, what: str) -> list[Rejection]:
    """One rejection for every piece in which anything was found."""
    return [
        Rejection(pieces.ids[i], rule, value=float(found[i]), limit=0.0, detail=f"{found[i]} {what}")
        for i in np.flatnonzero(found)
    ]


def _phrase_ends(notes: Lines, pieces: _VoicesOnGrid) -> Bools:
    """(steps,) True on the last step of notes of the top voice that end a phrase."""
    steps = offsets_of(pieces.n_steps)
    marked = np.zeros(steps[-1], bool)
    ending = notes.where(notes.phrase_end & (notes.line % pieces.voices == 0))
    marked[steps[ending.line // pieces.voices] + ending.end - 1] = True
    return marked


def _identity(
    notes: pa.Table, pieces: _VoicesOnGrid, spans: Spans, settings: QuantizeSettings
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


def _cells(filled: Cells, phrase_ends: Bools, spans: Spans) -> dict[str, Any]:
    grids, taken = cells.cut(filled, spans)
    voices = filled.pitch.shape[1]
    return {
        "voices": np.full(len(spans.piece), voices, np.int16),
        "n_steps": np.diff(grids.steps),
        "pitch": as_lists(grids.steps * voices, grids.pitch.ravel(), pa.uint8()),
        "tied": as_lists(grids.steps * voices, grids.tied.ravel(), pa.bool_()),
        "phrase_end": as_lists(grids.steps, phrase_ends[taken], pa.bool_()),
        "n_notes": sums(((grids.pitch != SILENCE) & ~grids.tied).sum(axis=1), grids.steps),
    }


def _bars(notes: pa.Table, pieces: _VoicesOnGrid, spans: Spans, settings: QuantizeSettings) -> dict[str, Any]:
    top = notes.select(["meters", "bar_onsets"]).take(pa.array(pieces.rows[:, 0]))
    bars = find_bars(top, pieces.n_steps, settings.steps_per_quarter)
    lengths = np.where(bars.known[spans.piece], spans.stop - spans.begin, 0)
    taken = ranges(offsets_of(pieces.n_steps)[spans.piece] + spans.begin, lengths)
    per_bar = bars.steps_per_bar[spans.piece]
    unknown = ~bars.known[spans.piece]
    return {
        "meter": pa.array([bars.meter[piece] for piece in spans.piece], pa.string()),
        "steps_per_bar": pa.array(per_bar, pa.int32(), mask=per_bar == 0),
        "step_in_bar": as_lists(offsets_of(lengths), bars.step_in_bar[taken], pa.int16(), null=unknown),
    }


def _costs(pieces: _VoicesOnGrid, painted: Cells, spans: Spans, settings: QuantizeSettings) -> dict[str, Any]:
    """What quantizing changed, per grid; rests are counted before any is filled."""
    quarter, voices, n = settings.steps_per_quarter, pieces.voices, len(spans.piece)
    rounded = pieces.rounded
    span = spans.holding(rounded.notes.line // voices, rounded.notes.onset)
    inside, error = span >= 0, rounded.error_ticks
    largest = np.zeros(n, np.int64)
    np.maximum.at(largest, span[inside], error[inside])
    collapsed = spans.holding(rounded.collapsed.line // voices, rounded.collapsed.onset)
    covered = spans.holding(pieces.covered.line // voices, to_steps(pieces.covered.onset, quarter))
    n_rests, n_rest_steps = cells.count_rests(cells.cut(painted, spans)[0])
    return {
        "steps_per_quarter": np.full(n, quarter, np.int16),
        "n_moved": np.bincount(span[inside & (error > 0)], minlength=n),
        "max_error_ticks": largest,
        "n_collapsed": np.bincount(collapsed[collapsed >= 0], minlength=n),
        "n_covered": np.bincount(covered[covered >= 0], minlength=n),
        "n_rests": n_rests,
        "n_rest_steps": n_rest_steps,
    }
