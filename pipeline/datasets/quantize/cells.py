"""Write notes into the cells of a grid, and cut the cells into spans.

Cells of many pieces are concatenated: piece, then step, then voice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import SILENCE
from pipeline.datasets.columns.ragged import (
    Bools,
    Ints,
    maxima,
    minima,
    offsets_from_owners,
    offsets_of,
    owners,
    ranges,
    run_starts,
    sums,
)
from pipeline.datasets.columns.skyline import Lines


@dataclass(frozen=True)
class Spans:
    """Sections of pieces that each become one grid, ordered by piece and begin.

    Attributes:
        piece: (S,) number of the piece.
        begin, stop: (S,) first step and the step after the last.
    """

    piece: Ints
    begin: Ints
    stop: Ints

    def where(self, chosen: Bools) -> Spans:
        """The chosen spans."""
        return Spans(self.piece[chosen], self.begin[chosen], self.stop[chosen])

    def holding(self, piece: Ints, step: Ints) -> Ints:
        """The span that contains a step of a piece, or else the span before it, or else the first span.

        Returns:
            Numbers of spans, -1 for a piece without spans.
        """
        if not len(self.piece):
            return np.full(len(piece), -1)
        stride = int(max(self.begin.max(), step.max(initial=0))) + 1
        before = np.searchsorted(self.piece * stride + self.begin, piece * stride + step, side="right") - 1
        span = np.maximum(before, np.searchsorted(self.piece, piece))
        there = self.piece[np.minimum(span, len(self.piece) - 1)] == piece
        return np.where(there & (span < len(self.piece)), span, -1)


@dataclass(frozen=True)
class Cells:
    """All cells of P pieces of V voices.

    Attributes:
        steps: (P + 1,) offsets of the pieces in steps.
        pitch: (steps, V) uint8.
        tied: (steps, V) bool.
    """

    steps: Ints
    pitch: NDArray[np.uint8]
    tied: Bools

    @property
    def sounding(self) -> Bools:
        """(steps,) True where any voice sounds."""
        return np.asarray((self.pitch != SILENCE).any(axis=1))


def paint(notes: Lines, n_steps: Ints, voices: int) -> Cells:
    """Fill the cells of pieces.

    Args:
        notes: P * V lines, the voices of each piece in order; times in steps.
        n_steps: (P,) length of each piece.
    """
    lengths = np.repeat(n_steps, voices)
    counts = np.bincount(notes.line, minlength=notes.n)
    first = offsets_of(counts)
    # every line is silence, note, silence, note, …, silence; silences may be empty
    begins = offsets_of(2 * counts + 1)
    place = begins[notes.line] + 2 * (np.arange(len(notes.line)) - first[notes.line]) + 1
    borders = np.zeros(begins[-1], np.int64)
    borders[place] = notes.onset
    borders[place + 1] = notes.end
    pitch = np.full(begins[-1], SILENCE, np.uint8)
    pitch[place] = notes.pitch
    stops = np.append(borders[1:], 0)
    stops[begins[1:] - 1] = lengths
    durations = stops - borders
    tied = np.ones(int(lengths.sum()), bool)
    tied[offsets_of(durations)[:-1][durations > 0]] = False
    order = _by_step(n_steps, voices)
    steps = offsets_of(n_steps)
    return Cells(
        steps, np.repeat(pitch, durations)[order].reshape(-1, voices), tied[order].reshape(-1, voices)
    )


def _by_step(n_steps: Ints, voices: int) -> Ints | slice:
    """The position of each cell if the voices of a piece are concatenated."""
    if voices == 1:
        return slice(None)
    steps = offsets_of(n_steps)
    piece_begin = np.repeat(steps[:-1] * voices, n_steps)
    place = np.arange(steps[-1]) - np.repeat(steps[:-1], n_steps)
    length = np.repeat(n_steps, n_steps)
    return np.asarray((piece_begin + place)[:, None] + length[:, None] * np.arange(voices)).ravel()


def extend(notes: Lines) -> Lines:
    """Hold every note until the next note of its line begins."""
    follows = notes.line[1:] == notes.line[:-1]
    end = notes.end.copy()
    end[:-1] = np.where(follows, notes.onset[1:], end[:-1])
    return replace(notes, end=end)


def whole(n_steps: Ints) -> Spans:
    """One span per piece: the whole piece."""
    return Spans(np.arange(len(n_steps)), np.zeros_like(n_steps), n_steps)


def trim(spans: Spans, cells: Cells) -> Spans:
    """Remove leading and trailing silence of every span, and spans that are all silence."""
    offset = cells.steps[spans.piece]
    lengths = spans.stop - spans.begin
    step = ranges(spans.begin, lengths)
    span = np.repeat(np.arange(len(lengths)), lengths)
    sounding = cells.sounding[step + offset[span]]
    borders = offsets_from_owners(span[sounding], len(lengths))
    filled = np.diff(borders) > 0
    begin, last = minima(step[sounding], borders), maxima(step[sounding], borders)
    return Spans(spans.piece[filled], begin[filled], last[filled] + 1)


def split(cells: Cells, min_rest: int, phrase_end: Bools | None) -> Spans:
    """Cut pieces at long silences, which belong to no span; a span is never all silence.

    Args:
        min_rest: steps of silence in all voices that separate two spans.
        phrase_end: (steps,) True on steps after which to cut as well; None: no such cuts.
    """
    piece = owners(cells.steps)
    sounding = cells.sounding
    starts = run_starts(piece, sounding)
    lengths = np.diff(np.append(starts, len(sounding)))
    inside = sounding | np.repeat(lengths < min_rest, lengths)
    ended = np.zeros(len(sounding), np.int64)
    if phrase_end is not None:
        ended[1:] = np.cumsum(phrase_end)[:-1]
    begins = run_starts(piece, inside, ended)
    stops = np.append(begins[1:], len(sounding))
    kept = inside[begins] & (sums(sounding, np.append(begins, len(sounding))) > 0)
    begins, stops = begins[kept], stops[kept]
    offset = cells.steps[piece[begins]]
    return Spans(piece[begins], begins - offset, stops - offset)


def cut(cells: Cells, spans: Spans) -> tuple[Cells, Ints]:
    """The cells of every span as a separate piece, and the steps that they are taken from.

    A note that is held into a span begins at the start of the span.
    """
    lengths = spans.stop - spans.begin
    steps = offsets_of(lengths)
    taken = ranges(cells.steps[spans.piece] + spans.begin, lengths)
    tied = cells.tied[taken]
    tied[steps[:-1]] = False
    return Cells(steps, cells.pitch[taken], tied), taken


def count_rests(cells: Cells) -> tuple[Ints, Ints]:
    """Number of silences per piece, and their total length in steps, over all voices."""
    silent = cells.pitch == SILENCE
    piece = owners(cells.steps)
    n = len(cells.steps) - 1
    begun = np.bincount(piece, weights=(silent & ~cells.tied).sum(axis=1), minlength=n)
    steps = np.bincount(piece, weights=silent.sum(axis=1), minlength=n)
    return begun.astype(np.int64), steps.astype(np.int64)
