"""Scores: exact notes of a file, ready to be quantized.

A file is read in this process: no ``if __name__ == "__main__":`` is needed, in scripts,
notebooks and from standard input alike. ``isolated=True`` reads a file that is not trusted
in a child process with limits on time and memory, as the pipeline does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.api.grids import ScoreFileError, ScoreGrid, quantized
from pipeline.core.accounting import Rejection
from pipeline.core.music import TICKS_PER_QUARTER, Meter
from pipeline.datasets.encoding.keys import key_name
from pipeline.errors import nearest
from pipeline.formats.readers import ReadLimits, ReadSettings
from pipeline.tools.inspection.encode_file import INLINE_FORMATS, inline_suffix, read_file, read_trusted

Accidentals = Literal["octave", "pitch", "not"]
LineEnds = Literal["phrases", "layout"]
LIMITS = ReadLimits(
    max_file_mib=32,
    max_unpacked_mib=64,
    max_members=10000,
    max_depth=100,
    max_notes=1_000_000,
    max_seconds=60,
    max_memory_mib=2048,
)
MOST_NAMED = 5  # pieces named in a message


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
    """

    name: str
    onset: NDArray[np.int64]
    duration: NDArray[np.int64]
    pitch: NDArray[np.uint8]
    key_fifths: int | None
    key_mode: str
    meters: tuple[Meter, ...]

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
        return f"ExactPart({self.name!r}, {len(self)} notes)"


@dataclass(frozen=True, eq=False)
class Score:
    """One piece as its file contains it.

    Attributes:
        name: the file's name without its suffix, with ``#number`` in a file of several pieces.
        table: one row per part, the columns of ``tables.NOTES``.
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

        >>> read("tinyNotation: 3/4 d4 e f#").key
        'unknown'
        """
        return key_name(self.parts[0].key_fifths, self.parts[0].key_mode)

    @property
    def meter(self) -> str:
        """The first time signature, for example "6/8"; "" where the source has none."""
        meters = self.parts[0].meters
        return f"{meters[0].numerator}/{meters[0].denominator}" if meters else ""

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
        return f"Score({self.name!r}, {_count(len(self.parts), 'part')}, {_count(notes, 'note')})"


def read(
    path: str | Path,
    piece: str | int | None = None,
    *,
    repeats: Literal["written", "played"] = "written",
    accidentals: Accidentals = "pitch",
    line_ends: LineEnds = "layout",
    isolated: bool = False,
) -> Score:
    """Read one score: MusicXML, ABC, kern, MIDI, tinyNotation, or a text in ABC or tinyNotation.

    >>> read("tinyNotation: 4/4 c4 d e f g2 g2")
    Score('prompt', 1 part, 6 notes)

    Args:
        path: a file, or a text that begins with ``tinyNotation:`` or ``X:``.
        piece: which piece of a file of several: its number (``X:17``), title or name.
        repeats: read as written, or with repeats unfolded (played).
        accidentals: scope of an ABC accidental in its bar.
        line_ends: whether the end of an ABC line ends a phrase.
        isolated: read a file that is not trusted, in a child process with limits; a script
            then needs ``if __name__ == "__main__":``.

    Raises:
        ScoreFileError: the file cannot be read, or contains several pieces and none is named.
    """
    scores = _read(path, repeats, accidentals, line_ends, isolated)
    return _choose(scores, "the text" if inline_suffix(str(path)) else str(path), piece)


def read_all(
    path: str | Path,
    *,
    repeats: Literal["written", "played"] = "written",
    accidentals: Accidentals = "pitch",
    line_ends: LineEnds = "layout",
    isolated: bool = False,
) -> list[Score]:
    r"""Read every piece of a file, for example all tunes of an ABC collection.

    >>> read_all("X:1\nT:One\nK:C\nCDEF\n\nX:2\nT:Two\nK:G\nGABc\n")
    [Score('prompt#1', 1 part, 4 notes), Score('prompt#2', 1 part, 4 notes)]

    Raises:
        ScoreFileError: a piece cannot be read.
    """
    return _read(path, repeats, accidentals, line_ends, isolated)


def _read(
    path: str | Path,
    repeats: Literal["written", "played"],
    accidentals: Accidentals,
    line_ends: LineEnds,
    isolated: bool,
) -> list[Score]:
    settings = ReadSettings(reader="auto", accidentals=accidentals, line_ends=line_ends, repeats=repeats)
    suffix = inline_suffix(str(path))
    if suffix is None:
        return _read_file(Path(path).expanduser(), settings, isolated)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"prompt{suffix}"
        file.write_text(str(path), encoding="utf-8")
        return _read_file(file, settings, isolated)


def _read_file(file: Path, settings: ReadSettings, isolated: bool) -> list[Score]:
    if file.is_dir() or not file.exists():
        what = "is a folder" if file.is_dir() else "no such file"
        raise ScoreFileError(f"{file}: {what}; expected a score or a text beginning with {INLINE_FORMATS}")
    if isolated:
        notes, rejections = read_file(file, "", settings, LIMITS)
    else:
        notes, rejections = read_trusted(file, settings)
    if rejections:
        reasons = "; ".join(_reason(each) for each in rejections[:MOST_NAMED])
        more = f"; and {len(rejections) - 3} more" if len(rejections) > 3 else ""
        raise ScoreFileError(f"{file}: {reasons}{more}")
    ids = notes["piece_id"].to_pylist()
    starts = [row for row, piece in enumerate(ids) if row == 0 or ids[row - 1] != piece]
    ends = [*starts[1:], len(ids)]
    return [
        Score(ids[start].strip("/"), notes.slice(start, end - start))
        for start, end in zip(starts, ends, strict=True)
    ]


def _choose(scores: Sequence[Score], file: str, piece: str | int | None) -> Score:
    if piece is None:
        if len(scores) == 1:
            return scores[0]
        raise ScoreFileError(
            f"{file} contains {len(scores)} pieces: name one by piece=…, or use read_all; {_some(scores)}"
        )
    wanted = str(piece)
    chosen = [s for s in scores if wanted in (s.name, s.name.rpartition("#")[2], s.title)]
    if len(chosen) != 1:
        known = [name for s in scores for name in (s.name, s.title) if name]
        raise ScoreFileError(f"{file}: there is no single piece '{wanted}'; {nearest(wanted, known)}")
    return chosen[0]


def _some(scores: Sequence[Score]) -> str:
    names = [f"{s.name} ({s.title})" if s.title else s.name for s in scores[:MOST_NAMED]]
    return ", ".join(names) + (", …" if len(scores) > MOST_NAMED else "")


def _reason(rejection: Rejection) -> str:
    return f"{rejection.piece_id.strip('/')}: {rejection.rule}: {rejection.detail}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
