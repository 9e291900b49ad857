"""Scores: the exact notes of a piece, ready to be quantized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.api.grids import ScoreFileError, ScoreGrid, quantized
from pipeline.core.music import TICKS_PER_QUARTER, ChordSymbol, Meter
from pipeline.core.text import counted
from pipeline.datasets.encoding.keys import key_name
from pipeline.errors import nearest


@dataclass(frozen=True)
class ExactPart:
    """The exact notes of one staff, ties merged, ordered by onset, then by falling pitch.

    Attributes:
        name: as in the score, "" where it has none.
        onset, duration: (n,) ticks, 10080 per quarter note.
        pitch: (n,) MIDI note numbers at sounding pitch, 60 = C4.
        key_fifths: sharps (+) or flats (-) of the first key signature; None: unknown.
        key_mode: "major", "minor", "dorian", …; "" where the source names none.
        meters: time signatures, onsets in ticks.
        chords: chord symbols, onsets in ticks.
    """

    name: str
    onset: NDArray[np.int64]
    duration: NDArray[np.int64]
    pitch: NDArray[np.uint8]
    key_fifths: int | None
    key_mode: str
    meters: tuple[Meter, ...]
    chords: tuple[ChordSymbol, ...] = ()

    @property
    def onset_quarters(self) -> list[Fraction]:
        """Onsets in quarter notes, exact."""
        return [Fraction(tick, TICKS_PER_QUARTER) for tick in self.onset.tolist()]

    @property
    def duration_quarters(self) -> list[Fraction]:
        """Durations in quarter notes, exact."""
        return [Fraction(tick, TICKS_PER_QUARTER) for tick in self.duration.tolist()]

    def __len__(self) -> int:
        return len(self.onset)

    def __repr__(self) -> str:
        return f"ExactPart({self.name!r}, {counted(len(self), 'note')})"


@dataclass(frozen=True, eq=False)
class Score:
    """One piece as its file contains it.

    Attributes:
        name: the file's name without its suffix, with ``#number`` in a file of several pieces.
        table: one row per part, the columns of ``schemas.NOTES``.
    """

    name: str
    table: pa.Table

    @cached_property
    def parts(self) -> tuple[ExactPart, ...]:
        """The parts, in the order of the score."""
        return tuple(
            ExactPart(
                row["part_name"] or "",
                np.array(row["onset"], np.int64),
                np.array(row["duration"], np.int64),
                np.array(row["pitch"], np.uint8),
                row["key_fifths"],
                row["key_mode"] or "",
                tuple(Meter(**meter) for meter in row["meters"] or ()),
                tuple(ChordSymbol(*symbol.values()) for symbol in row["chords"] or ()),
            )
            for row in self.table.to_pylist()
        )

    @property
    def title(self) -> str:
        """The title, "" where the source has none."""
        return self.table["title"][0].as_py() or ""

    @property
    def composer(self) -> str:
        """The composer, "" where the source has none."""
        return self.table["composer"][0].as_py() or ""

    @property
    def key(self) -> str:
        """The key as written, for example "G major"; "unknown" where the source has none.

        >>> from pipeline import read
        >>> read("tinyNotation: 3/4 d4 e f#").key
        'unknown'
        """
        return key_name(self.parts[0].key_fifths, self.parts[0].key_mode)

    @property
    def meter(self) -> str:
        """The first time signature, for example "6/8"; "" where the source has none."""
        meters = self.parts[0].meters
        return f"{meters[0].numerator}/{meters[0].denominator}" if meters else ""

    @property
    def chords(self) -> tuple[ChordSymbol, ...]:
        r"""The chord symbols of the first part that has some.

        >>> from pipeline import read
        >>> [symbol.harte for symbol in read('X:1\nK:C\n"C"CD"G7/B"EF|').chords]
        ['C:maj', 'G:7/3']
        """
        return next((part.chords for part in self.parts if part.chords), ())

    def quantize(
        self,
        steps_per_quarter: int = 4,
        parts: int | str | Sequence[int | str] | None = None,
        *,
        chords: Literal["top", "reject", "voices"] = "top",
        rests: Literal["symbol", "extend", "reject"] = "symbol",
        edge_silence: Literal["trim", "keep"] = "trim",
        on_inexact: Literal["round", "reject"] = "round",
    ) -> ScoreGrid:
        """Sample some parts on a regular grid; the settings of ``datasets.NAME.quantize``.

        >>> from pipeline import read
        >>> read("tinyNotation: 4/4 c4 d8 e f2").quantize(2)
        ScoreGrid('prompt', 8 steps, 1 voice, 2 steps per quarter)

        Args:
            steps_per_quarter: resolution; 4 = sixteenth notes.
            parts: names or numbers (0 = top) of the parts, one per voice, top voice first;
                "all": every part; None: the part named Melody, Voice or Soprano, else the top one.
            chords: simultaneous notes of a part: keep the top one, or reject the piece.
            rests: keep rests, extend the note before, or reject the piece.
            edge_silence: trim or keep leading and trailing rests.
            on_inexact: round notes that are off the grid, or reject the piece.

        Raises:
            ScoreFileError: no such part, a setting out of range, or a piece that the settings reject.
        """
        settings = {
            "steps_per_quarter": steps_per_quarter,
            "chords": chords,
            "rests": rests,
            "edge_silence": edge_silence,
            "on_inexact": on_inexact,
        }
        return quantized(self.name, self.table, self._numbers(parts), settings)

    def _numbers(self, parts: int | str | Sequence[int | str] | None) -> list[int]:
        if parts is None:
            return [self._melody()]
        if parts == "all":
            return list(range(len(self.parts)))
        return [self._number(part) for part in ([parts] if isinstance(parts, int | str) else parts)]

    def _melody(self) -> int:
        names = [part.name.casefold() for part in self.parts]
        for word in ("melody", "voice", "soprano"):
            for number, name in enumerate(names):
                if name.startswith(word) and len(self.parts[number]):
                    return number
        return 0

    def _number(self, part: int | str) -> int:
        names = [each.name for each in self.parts]
        if isinstance(part, int):
            if not 0 <= part < len(names):
                raise ScoreFileError(f"{self.name}: there is no part {part}; parts 0 to {len(names) - 1}")
            return part
        wanted = part.casefold()
        exact = [number for number, name in enumerate(names) if name.casefold() == wanted]
        similar = [number for number, name in enumerate(names) if name.casefold().startswith(wanted)]
        if not exact and not similar:
            hint = nearest(part, names) if any(names) else f"its parts have no names: 0 to {len(names) - 1}"
            raise ScoreFileError(f"{self.name}: there is no part '{part}'; {hint}")
        return (exact or similar)[0]

    def __repr__(self) -> str:
        notes = sum(map(len, self.parts))
        return f"Score({self.name!r}, {counted(len(self.parts), 'part')}, {counted(notes, 'note')})"
