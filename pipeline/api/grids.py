"""Grids: voices on equal steps, with the layout of their score; and their tokens."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from pipeline.core import vocabulary
from pipeline.core.chords import transpose
from pipeline.core.files import replacing
from pipeline.core.music import Grid
from pipeline.core.settings import SettingsError, parse_section
from pipeline.core.text import counted
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.datasets.quantize.settings import DEFAULT
from pipeline.errors import PipelineError
from pipeline.formats.writers.layout import Layout, grid_of, layout_of, transposed
from pipeline.tools.inspection.piano_roll import WIDTH, draw
from pipeline.tools.inspection.token_text import as_score

if TYPE_CHECKING:
    import pandas as pd

LAYOUT_NUMBERS = ("steps_per_bar", "steps_per_quarter", "key_fifths", "tonic_pc")
LAYOUT_TEXTS = ("title", "piece_id", "meter", "key_mode", "mode_used")


class ScoreFileError(PipelineError):
    """A score cannot be read or quantized."""


class Quantizable(Protocol):
    """Anything that can be quantized, such as a score."""

    def quantize(self) -> ScoreGrid:
        """The grid by default settings."""


@dataclass(frozen=True, eq=False)
class ScoreGrid:
    """V voices sampled on T equal steps.

    Attributes:
        name: name of the piece.
        grid: pitches and ties, (T, V) each.
        layout: bars, key and title of the written score.
    """

    name: str
    grid: Grid
    layout: Layout

    @property
    def pitch(self) -> NDArray[np.uint8]:
        """(T, V) the MIDI note number that sounds in each step; 0 is silence."""
        return self.grid.pitch

    @property
    def tied(self) -> NDArray[np.bool_]:
        """(T, V) True where the note started in an earlier step."""
        return self.grid.tied

    @property
    def n_steps(self) -> int:
        """T."""
        return self.grid.n_steps

    @property
    def voices(self) -> int:
        """V."""
        return self.grid.voices

    @property
    def steps_per_quarter(self) -> int:
        """Resolution."""
        return self.layout.steps_per_quarter

    @property
    def prompt_steps(self) -> int | None:
        """Number of steps of the prompt if a model continued it; else None."""
        return self.layout.mark

    @property
    def chords(self) -> list[str | None]:
        """(T,) the chord of each step in Harte's syntax; None before the first chord symbol."""
        found: list[str | None] = [None] * self.n_steps
        for step, chord in self.layout.chords:
            found[step:] = [chord] * (self.n_steps - step)
        return found

    def transpose(self, semitones: int) -> ScoreGrid:
        """The same music higher or lower; rests stay rests, key signature and chords follow.

        Notes that would leave 1 … 127 move by octaves.
        """
        fifths = self.layout.key_fifths
        if fifths is not None:
            fifths = (fifths + 7 * semitones + 5) % 12 - 5
        chords = tuple((step, transpose(chord, semitones)) for step, chord in self.layout.chords)
        layout = replace(self.layout, key_fifths=fifths, chords=chords)
        return replace(self, grid=transposed(self.grid, semitones), layout=layout)

    def save(self, path: str | Path, play_chords: bool = False) -> Path:
        """Write a score; the suffix decides the format: .mid, .musicxml or .wav.

        Args:
            path: the file.
            play_chords: whether MIDI gets a track of block chords.

        Raises:
            TokenTextError: no such format.
        """
        path = Path(path)
        score = as_score(self.grid, replace(self.layout, play_chords=play_chords), path.suffix)
        with replacing(path) as partial:
            partial.write_bytes(score)
        return path

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ScoreGrid)
            and self.grid == other.grid
            and self.steps_per_quarter == other.steps_per_quarter
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        steps, voices = counted(self.n_steps, "step"), counted(self.voices, "voice")
        per_quarter = counted(self.steps_per_quarter, "step")
        return f"ScoreGrid({self.name!r}, {steps}, {voices}, {per_quarter} per quarter)"

    def __str__(self) -> str:
        """A piano roll in text: one row per pitch, one column per step, | = bar line."""
        return draw(self.grid, self._step_in_bar(), WIDTH)

    def _repr_html_(self) -> str:
        """A player in a notebook."""
        content = base64.b64encode(as_score(self.grid, self.layout, ".wav")).decode("ascii")
        return f'<audio controls src="data:audio/wav;base64,{content}"></audio>'

    def _step_in_bar(self) -> list[int] | None:
        if not self.layout.steps_per_bar:
            return None
        bars = self.layout.bars(self.n_steps)
        steps = [step - begin for begin, end in pairwise(bars) for step in range(begin, end)]
        upbeat = self.layout.upbeat(self.n_steps)
        return [self.layout.bar - upbeat + step for step in range(upbeat)] + steps[upbeat:]


def quantized(name: str, notes: pa.Table, parts: Sequence[int], settings: Mapping[str, Any]) -> ScoreGrid:
    """Some parts of a score on a grid; see ``Score.quantize``.

    Args:
        name: name of the piece.
        notes: rows of the piece in ``schemas.NOTES``.
        parts: part numbers, one per voice.
        settings: the section ``quantize``, without ``parts``.

    Raises:
        ScoreFileError: a setting out of range, or a piece that the settings reject.
    """
    section = {**settings, "parts": {DEFAULT: [f"part{number}" for number in parts]}}
    try:
        checked = parse_section(QuantizeSettings, section, "quantize")
    except SettingsError as error:
        raise ScoreFileError(f"{name}: {str(error).replace('params.yaml, ', '')}") from None
    column = notes.schema.get_field_index("part_name")
    names = pa.array([f"part{number}" for number in range(notes.num_rows)], pa.string())
    made = quantize(notes.set_column(column, notes.schema.field(column), names), checked)
    if made.rejections:
        reasons = "; ".join(f"{each.rule} ({each.detail})" for each in made.rejections)
        raise ScoreFileError(f"{name}: cannot be quantized: {reasons}")
    if not made.grids.num_rows:
        raise ScoreFileError(f"{name}: cannot be quantized: no notes")
    (row,) = made.grids.to_pylist()
    row["piece_id"] = name
    return ScoreGrid(name, grid_of(row), layout_of(row, mark=None))


def encode(music: ScoreGrid | Quantizable | Grid) -> NDArray[np.uint16]:
    """The tokens of a grid: START, V tokens per step (top voice first), STOP.

    Args:
        music: a grid; a score is quantized with the defaults first.

    Returns:
        (T · V + 2,) uint16; ``tokens.astype("int64")`` for torch.

    >>> from pipeline import read
    >>> encode(read("tinyNotation: 4/4 c2 d2").quantize(1)).tolist()
    [256, 60, 188, 62, 190, 257]
    """
    if isinstance(music, Grid):
        return vocabulary.encode(music)
    return vocabulary.encode((music if isinstance(music, ScoreGrid) else music.quantize()).grid)


def decode(
    tokens: ArrayLike | Mapping[str, Any] | pd.Series[Any],
    like: ScoreGrid | None = None,
    *,
    voices: int | None = None,
    steps_per_quarter: int | None = None,
    lenient: bool = False,
) -> ScoreGrid:
    """Decode tokens to a grid.

    Args:
        tokens: START, T · V tokens, STOP; or a row of ``load_dataset``, which is decoded in the key
            of its score.
        like: a grid whose bars, key, title, voices and resolution are used.
        voices: V; 1 unless ``like`` or a row has it.
        steps_per_quarter: resolution; 4 unless ``like`` or a row has it.
        lenient: repair violations of the token grammar instead of raising an error.

    Raises:
        TokenError: the tokens break the grammar.

    >>> print(decode([256, 60, 62, 190, 257], steps_per_quarter=1))
    step 0
      D4 |.o-|
     C#4 |...|
      C4 |o..|
    <BLANKLINE>
    """
    if hasattr(tokens, "keys"):
        return _of_row(tokens, lenient)
    known = like.voices if like else 1
    layout = like.layout if like else Layout(steps_per_quarter or 4)
    if steps_per_quarter is not None and steps_per_quarter != layout.steps_per_quarter:
        layout = Layout(steps_per_quarter, key_fifths=layout.key_fifths, title=layout.title)
    grid = _grid(tokens, voices or known, lenient)
    return ScoreGrid(like.name if like else "tokens", grid, layout)


def _of_row(row: Any, lenient: bool) -> ScoreGrid:
    grid = transposed(_grid(row["tokens"], int(row["voices"]), lenient), -int(row["transposition"]))
    layout = replace(layout_of(plain_row(row), mark=0), mark=None)
    return ScoreGrid(str(row["piece_id"]), grid, layout)


def _grid(tokens: Any, voices: int, lenient: bool) -> Grid:
    if lenient:
        return vocabulary.decode_leniently(tokens, voices)[0]
    return vocabulary.decode(tokens, voices)


def plain_row(row: Mapping[str, Any] | pd.Series[Any]) -> dict[str, Any]:
    """The layout of a row of a data frame; pandas values become plain Python values."""
    numbers = {name: _whole(row.get(name)) for name in LAYOUT_NUMBERS}
    texts = {name: row[name] if isinstance(row.get(name), str) else "" for name in LAYOUT_TEXTS}
    bars = row["step_in_bar"]
    return {**numbers, **texts, "step_in_bar": None if bars is None else [int(step) for step in bars]}


def _whole(value: Any) -> int | None:
    return None if value is None or value != value else int(value)
