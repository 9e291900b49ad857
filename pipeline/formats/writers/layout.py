"""What a score shows beyond the grid, and a grid's voices as notes and silences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from pipeline.core.music import SILENCE, Grid
from pipeline.errors import PipelineError

CHOIR = ("Soprano", "Alto", "Tenor", "Bass")


class ScoreError(PipelineError):
    """A grid or its layout that cannot be written as a score."""


@dataclass(frozen=True)
class Layout:
    """What a score shows beyond its notes; times in steps.

    Attributes:
        steps_per_quarter: resolution of the grid.
        steps_per_bar: None where there is no metre; bars then have four quarters
            and no time signature.
        first_bar: length of the anacrusis, 0 for none.
        key_fifths: sharps (+) or flats (-), from -7 to 7; decides the spelling, too.
        title: one line.
        mark: a step over which ``mark_text`` is written, None for none.
    """

    steps_per_quarter: int
    steps_per_bar: int | None = None
    first_bar: int = 0
    key_fifths: int = 0
    title: str = ""
    mark: int | None = None
    mark_text: str = "continuation"

    def __post_init__(self) -> None:
        if not 1 <= self.steps_per_quarter <= 64:
            raise ScoreError(f"{self.steps_per_quarter} steps per quarter: a score allows 1 to 64")

    @property
    def meter(self) -> tuple[int, int] | None:
        """(numerator, denominator), at least quarters; None where no such metre exists."""
        if not self.steps_per_bar:
            return None
        wholes = Fraction(self.steps_per_bar, 4 * self.steps_per_quarter)
        if wholes.denominator & (wholes.denominator - 1):
            return None  # no power of 2
        denominator = max(4, wholes.denominator)
        return int(wholes * denominator), denominator

    def bars(self, n_steps: int) -> list[int]:
        """Where bars begin, and where the last one ends."""
        length = self.steps_per_bar or 4 * self.steps_per_quarter
        return [0, *range(self.first_bar or length, n_steps, length), n_steps]


def layout_of(row: Mapping[str, Any], mark: int | None) -> Layout:
    """How a row's grid is written: its bars, its key as written, its title."""
    per_bar = row["steps_per_bar"]
    places = row["step_in_bar"] or []
    later_bars = (step for step, place in enumerate(places) if place == 0 and step > 0)
    first = next(later_bars, 0)
    return Layout(
        steps_per_quarter=row["steps_per_quarter"],
        steps_per_bar=per_bar,
        first_bar=first % per_bar if per_bar else 0,
        key_fifths=min(max(row["key_fifths"] or 0, -7), 7),
        title=row["title"] or row["piece_id"],
        mark=mark,
    )


def grid_of(row: Mapping[str, Any]) -> Grid:
    """A row of ``tables.GRIDS`` as a grid."""
    shape = (-1, row["voices"])
    return Grid(np.array(row["pitch"], np.uint8).reshape(shape), np.array(row["tied"], bool).reshape(shape))


@dataclass(frozen=True)
class Sound:
    """A note or a silence of one voice; times in steps."""

    onset: int
    duration: int
    pitch: int


def sounds(grid: Grid, voice: int) -> list[Sound]:
    """One voice's notes and silences, without gaps between them."""
    onsets = np.flatnonzero(~grid.tied[:, voice])
    durations = np.diff(np.append(onsets, grid.n_steps))
    pitches = grid.pitch[onsets, voice]
    return [Sound(*map(int, sound)) for sound in zip(onsets, durations, pitches, strict=True)]


def transposed(grid: Grid, semitones: int) -> Grid:
    """All notes moved; one that would leave 1 … 127 moves on by octaves, a silence stays."""
    pitch = grid.pitch.astype(np.int64) + semitones
    pitch += 12 * np.maximum(0, -((pitch - 1) // 12)) - 12 * np.maximum(0, -((127 - pitch) // 12))
    return Grid(np.where(grid.pitch == SILENCE, SILENCE, pitch).astype(np.uint8), grid.tied)


def part_name(voice: int, voices: int) -> str:
    """What a part is called: a melody alone needs no number, four voices are a choir."""
    if voices == len(CHOIR):
        return CHOIR[voice]
    return "Melody" if voices == 1 else f"Voice {voice + 1}"


def printable(text: str) -> str:
    """One line of text, control characters left out."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
