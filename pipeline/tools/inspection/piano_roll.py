"""A grid as text in plain ASCII: one row per pitch, one column per step.

::

    step 0
      E4 |....|o-|
      D4 |..o-|..|
      C4 |o-..|..|

``o`` is the start of a note, ``-`` a held note, ``.`` no note;
``|`` are bar lines. In a grid of several voices the number of the voice (1 = top)
marks the start of a note; of two notes in one cell the higher voice is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import SILENCE, Grid
from pipeline.core.vocabulary import pitch_name

WIDTH = 100
EMPTY, HELD, BEGUN, BAR = ".", "-", "o", "|"


def draw(
    grid: Grid,
    step_in_bar: Sequence[int] | None = None,
    width: int = WIDTH,
    chords: Sequence[str | None] | None = None,
) -> str:
    """Draw a grid in systems of limited width, broken at bar lines if there are any.

    Args:
        grid: T steps of V voices.
        step_in_bar: (T,) 0 where a bar begins; None where bars are unknown.
        width: columns of a line.
        chords: (T,) the chord of each step; written above the steps where they begin.
    """
    bars = np.zeros(grid.n_steps, bool)
    if step_in_bar is not None and len(step_in_bar):
        bars = np.asarray(step_in_bar) == 0
    lines = []
    for begin, end in _systems(bars, max(width - 8, 8)):
        lines.append(f"step {begin}")
        if chords is not None and any(chords[begin:end]):
            lines.append(f"     {_chord_line(chords, bars, begin, end)}")
        lines += [*_system(grid, bars, begin, end), ""]
    return "\n".join(lines)


def _chord_line(chords: Sequence[str | None], bars: NDArray[np.bool_], begin: int, end: int) -> str:
    """Chords above the columns where they begin; a chord without space moves to the right."""
    line = ""
    column = 1
    for step in range(begin, end):
        column += bool(bars[step]) and step > begin
        chord = chords[step]
        if chord is not None and (step == begin or chord != chords[step - 1]):
            line = f"{line} " if line and len(line) >= column else line.ljust(column)
            line += chord
        column += 1
    return line


def _systems(bars: NDArray[np.bool_], columns: int) -> list[tuple[int, int]]:
    """First and last step of each system; a bar line takes a column, too."""
    systems, begin, n = [], 0, len(bars)
    cost = np.concatenate([[0], np.cumsum(1 + bars)])
    while begin < n:
        end = int(np.searchsorted(cost, cost[begin] + columns, side="right")) - 1
        end = min(max(end, begin + 1), n)
        inside = np.flatnonzero(bars[begin + 1 : end])
        if end < n and not bars[end] and len(inside):
            end = begin + 1 + int(inside[-1])
        systems.append((begin, end))
        begin = end
    return systems


def _system(grid: Grid, bars: NDArray[np.bool_], begin: int, end: int) -> list[str]:
    pitch, tied = grid.pitch[begin:end].astype(int), grid.tied[begin:end]
    heard = pitch[pitch != SILENCE]
    if not len(heard):
        return ["    (silence)"]
    low, high = int(heard.min()), int(heard.max())
    cells = np.full((high - low + 1, end - begin), EMPTY)
    for voice in reversed(range(grid.voices)):
        steps = np.flatnonzero(pitch[:, voice] != SILENCE)
        mark = BEGUN if grid.voices == 1 else str(voice + 1)[-1]
        cells[high - pitch[steps, voice], steps] = np.where(tied[steps, voice], HELD, mark)
    return [f"{pitch_name(high - row):>4} {_line(cells[row], bars[begin:end])}" for row in range(len(cells))]


def _line(cells: NDArray[np.str_], bars: NDArray[np.bool_]) -> str:
    body = "".join(BAR + cell if bar else cell for cell, bar in zip(cells, bars, strict=True))
    return body.removeprefix(BAR).join((BAR, BAR))
