"""Rules by which quantization rejects a piece."""

from __future__ import annotations

import numpy as np

from pipeline.core.accounting import Rejection
from pipeline.core.music import SILENCE
from pipeline.datasets.columns.ragged import Ints
from pipeline.datasets.columns.skyline import count_chords
from pipeline.datasets.quantize.beats import MOST_OUTSIDE
from pipeline.datasets.quantize.cells import Cells, Spans, count_rests, cut
from pipeline.datasets.quantize.grid import BEATS, UNKNOWN
from pipeline.datasets.quantize.piece import VoicesOnGrid
from pipeline.datasets.quantize.settings import QuantizeSettings

HIGHEST_PITCH = 127


def broken_rules(
    pieces: VoicesOnGrid, painted: Cells, spans: Spans, settings: QuantizeSettings
) -> list[Rejection]:
    """Every rule that a piece violates; pieces without a required part are not included."""
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
    if settings.grid == BEATS:
        timings = pieces.timings.of
        without = np.array([timing.method == UNKNOWN for timing in timings], np.int64)
        what = "piece without usable beats; data/rejected/parse has the reason"
        broken.append(_reject(pieces, "no_beats", without, what))
        outside = np.array([timing.beats.n_outside if timing.beats else 0 for timing in timings], np.int64)
        what = f"onsets more than {MOST_OUTSIDE} beats before or after the annotated beats"
        broken.append(_reject(pieces, "beats_too_short", outside, what))
    if settings.on_inexact == "reject":
        error = np.zeros(n, np.int64)
        np.maximum.at(error, pieces.rounded.notes.line // voices, pieces.rounded.error_ticks)
        broken.append(_reject(pieces, "inexact", error, "ticks, the farthest that a note would be moved"))
    if settings.rests == "reject":
        rests = np.zeros(n, np.int64)
        np.add.at(rests, spans.piece, count_rests(cut(painted, spans)[0])[0])
        broken.append(_reject(pieces, "rest", rests, "silences"))
    return [rejection for rule in broken for rejection in rule]


def _reject(pieces: VoicesOnGrid, rule: str, found: Ints, what: str) -> list[Rejection]:
    """One rejection for every piece with a positive count."""
    return [
        Rejection(pieces.ids[i], rule, value=float(found[i]), limit=0.0, detail=f"{found[i]} {what}")
        for i in np.flatnonzero(found)
    ]
