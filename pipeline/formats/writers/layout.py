"""The layout of a score, and the voices of a grid as notes and silences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.core.chords import ChordError, transpose
from pipeline.core.music import SILENCE, Grid
from pipeline.core.text import counted
from pipeline.errors import PipelineError
from pipeline.formats.writers.spelling import MODES, MOST_SIGNS, key_used
from pipeline.formats.writers.time_signature import MOST_BEATS, SHORTEST_BEAT, TimeSignature, of_length, parse

CHOIR = ("Soprano", "Alto", "Tenor", "Bass")


class ScoreError(PipelineError):
    """A grid or its layout that cannot be written as a score."""


@dataclass(frozen=True)
class Layout:
    """The layout of a score in addition to its notes; times in steps.

    Attributes:
        steps_per_quarter: resolution of the grid.
        steps_per_bar: None where there is no meter; bars then have four quarters
            and no time signature.
        first_bar: length of the anacrusis, 0 for none.
        key_fifths: sharps (+) or flats (-), from -7 to 7; decides the spelling, too.
            None: unknown, no key signature is written.
        title: one line.
        mark: a step over which ``mark_text`` is written, None for none.
        time_signature: as "6/8", of the same length as ``steps_per_bar``. None: the
            time signature of that length whose beats are quarters or shorter.
        key_mode: "major", "minor", "dorian", …; "" unknown.
        chords: (step, chord) in order, in Harte's syntax; "N" for no chord.
        play_chords: whether MIDI gets a track of block chords.
        bar_lines: where bars begin after the first, where they are not regular; the
            last is followed by regular bars. Empty: all bars are regular.

    Raises:
        ScoreError: a resolution, bar, key, time signature or chord that notation has no sign for.
    """

    steps_per_quarter: int
    steps_per_bar: int | None = None
    first_bar: int = 0
    key_fifths: int | None = None
    title: str = ""
    mark: int | None = None
    mark_text: str = "continuation"
    time_signature: str | None = None
    key_mode: str = ""
    bar_lines: tuple[int, ...] = ()
    chords: tuple[tuple[int, str], ...] = ()
    play_chords: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.steps_per_quarter <= 64:
            raise ScoreError(f"{counted(self.steps_per_quarter, 'step')} per quarter: a score allows 1 to 64")
        if self.key_fifths is not None and abs(self.key_fifths) > MOST_SIGNS:
            raise ScoreError(f"a key signature of {self.key_fifths} fifths: a score allows -7 to 7")
        if self.key_mode and self.key_mode not in MODES:
            raise ScoreError(f"mode '{self.key_mode}': a score allows {', '.join(MODES)}")
        self._check_bars()
        self._check_chords()

    def _check_chords(self) -> None:
        try:
            for _, chord in self.chords:
                transpose(chord, 1)
        except ChordError as error:
            raise ScoreError(str(error)) from None
        if any(later <= earlier for (earlier, _), (later, _) in pairwise(((-1, ""), *self.chords))):
            raise ScoreError("chords at steps that do not rise from 0")

    def _check_bars(self) -> None:
        per_bar, per_quarter = self.steps_per_bar, self.steps_per_quarter
        if per_bar is not None and not bar_is_possible(per_bar, per_quarter):
            raise ScoreError(
                f"bars of {counted(per_bar, 'step')} at {counted(per_quarter, 'step')} per quarter: a time "
                f"signature has 1 to {MOST_BEATS} beats, each a 1/{SHORTEST_BEAT} note or longer"
            )
        written = parse(self.time_signature)
        if self.time_signature is not None and written is None:
            raise ScoreError(
                f"time signature '{self.time_signature}': two numbers are expected, as in '6/8', "
                f"the first 1 to {MOST_BEATS}, the second a power of 2 up to {SHORTEST_BEAT}"
            )
        if written and 4 * per_quarter * written.wholes != (per_bar or 0):
            raise ScoreError(
                f"time signature {self.time_signature} at {counted(per_quarter, 'step')} per quarter: "
                f"its bars have {4 * per_quarter * written.wholes} steps; steps_per_bar must be the same "
                f"whole number, found {per_bar}"
            )
        if not 0 <= self.first_bar < self.bar:
            raise ScoreError(
                f"an anacrusis of {counted(self.first_bar, 'step')}: it must be shorter "
                f"than a bar of {self.bar}"
            )
        if any(later <= earlier for earlier, later in pairwise((0, *self.bar_lines))):
            raise ScoreError(f"bar lines at steps {list(self.bar_lines)}: they must be positive and rise")

    @property
    def meter(self) -> TimeSignature | None:
        """The time signature to write; None where there is none of such bars."""
        if not self.steps_per_bar:
            return None
        return parse(self.time_signature) or of_length(self.wholes(self.steps_per_bar))

    @property
    def bar(self) -> int:
        """Steps of a regular bar: four quarters where there is no meter."""
        return self.steps_per_bar or 4 * self.steps_per_quarter

    def wholes(self, steps: int) -> Fraction:
        """A length in whole notes."""
        return Fraction(steps, 4 * self.steps_per_quarter)

    def bars(self, n_steps: int) -> list[int]:
        """Where bars begin, and where the last one ends."""
        written = [line for line in self.bar_lines if line < n_steps]
        regular = range(self._next_line, n_steps, self.bar)
        return [0, *written, *regular, n_steps]

    @property
    def _next_line(self) -> int:
        """Where the first regular bar line is."""
        return self.bar_lines[-1] + self.bar if self.bar_lines else self.first_bar or self.bar

    def upbeat(self, n_steps: int) -> int:
        """Length of an incomplete first bar, 0 for none."""
        first = self.bars(n_steps)[1]
        return first if self.first_bar == first < self.bar else 0

    def regular_from(self, step: int) -> Layout:
        """The same bars up to a step, regular bars after it."""
        return replace(self, bar_lines=tuple(line for line in self.bar_lines if line <= step))


def layout_of(row: Mapping[str, Any], mark: int | None) -> Layout:
    """How a row's grid is written: its bars, its time signature, the key used, its title.

    Bars that no time signature has are left out: the row is written as one without meter.
    Chords are those of the score, before the row was transposed.

    Args:
        row: of ``schemas.TOKENS`` or ``schemas.GRIDS``.
        mark: see :class:`Layout`.
    """
    per_quarter, per_bar = row["steps_per_quarter"], row["steps_per_bar"] or None
    if per_bar and not bar_is_possible(per_bar, per_quarter):
        per_bar = None
    bar = per_bar or 4 * per_quarter
    places = row["step_in_bar"] or []
    lines = tuple(step for step, place in enumerate(places) if place == 0 and step > 0)
    first = lines[0] % per_bar if per_bar and lines else 0
    if per_bar and lines:  # the source may write its first bar line late
        lines = (*range(first or per_bar, lines[0], per_bar), *lines)
    regular = lines == tuple(range(first or bar, len(places), bar))
    written = parse(row.get("meter"))
    fits = written is not None and 4 * per_quarter * written.wholes == per_bar
    key = key_used(row)
    return Layout(
        steps_per_quarter=per_quarter,
        steps_per_bar=per_bar,
        first_bar=first,
        key_fifths=key.fifths,
        title=row["title"] or row["piece_id"],
        mark=mark,
        time_signature=f"{written.numerator}/{written.denominator}" if written and fits else None,
        key_mode=key.mode,
        bar_lines=() if regular else lines,
        chords=tuple(
            (step, transpose(chord, -(row.get("transposition") or 0)))
            for step, chord in chord_changes(row.get("chord") or ())
        ),
    )


def chord_changes(chords: Sequence[str | None]) -> tuple[tuple[int, str], ...]:
    """Return (step, chord) wherever a chord differs from that of the step before; null is left out."""
    return tuple(
        (step, chord)
        for step, chord in enumerate(chords)
        if chord is not None and (step == 0 or chord != chords[step - 1])
    )


def steps_of(meter: str | None, steps_per_quarter: int) -> int | None:
    """Steps of a bar of a time signature; None where they are no whole number."""
    signature = parse(meter)
    steps = 4 * steps_per_quarter * signature.wholes if signature else Fraction(1, 2)
    return steps.numerator if steps.denominator == 1 else None


def bar_is_possible(steps_per_bar: int, steps_per_quarter: int) -> bool:
    """Whether bars are short enough for a time signature, and long enough.

    Bars of a length that is no power of 2 (four triplet eighths) are possible; they are
    written without a time signature.
    """
    wholes = Fraction(steps_per_bar, 4 * steps_per_quarter)
    return Fraction(1, SHORTEST_BEAT) <= wholes <= Fraction(MOST_BEATS, 4)


def grid_of(row: Mapping[str, Any]) -> Grid:
    """A row of ``schemas.GRIDS`` as a grid."""
    shape = (-1, row["voices"])
    return Grid(np.array(row["pitch"], np.uint8).reshape(shape), np.array(row["tied"], bool).reshape(shape))


@dataclass(frozen=True)
class SoundingNote:
    """A note or a silence of one voice; times in steps."""

    onset: int
    duration: int
    pitch: int


def sounds(grid: Grid, voice: int) -> list[SoundingNote]:
    """One voice's notes and silences, without gaps between them."""
    onsets = np.flatnonzero(~grid.tied[:, voice])
    durations = np.diff(np.append(onsets, grid.n_steps))
    pitches = grid.pitch[onsets, voice]
    return [SoundingNote(*map(int, sound)) for sound in zip(onsets, durations, pitches, strict=True)]


def transposed(grid: Grid, semitones: int) -> Grid:
    """Transpose all notes; a note that would leave 1 … 127 is shifted by octaves; silence is not changed."""
    pitch = grid.pitch.astype(np.int64) + semitones
    pitch += 12 * np.maximum(0, -((pitch - 1) // 12)) - 12 * np.maximum(0, -((127 - pitch) // 12))
    return Grid(np.where(grid.pitch == SILENCE, SILENCE, pitch).astype(np.uint8), grid.tied)


def part_name(voice: int, voices: int) -> str:
    """The name of a part: a single melody has no number, four voices are a choir."""
    if voices == len(CHOIR):
        return CHOIR[voice]
    return "Melody" if voices == 1 else f"Voice {voice + 1}"


def printable(text: str) -> str:
    """One line of text, control characters left out."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
