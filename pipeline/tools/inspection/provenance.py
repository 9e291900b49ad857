"""Provenance: from a grid back to the bars of the score and to its source file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.corpora.sources.manifest import read_manifest
from pipeline.datasets.columns.ragged import Ints
from pipeline.datasets.columns.steps import to_steps
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.datasets.quantize.voices import choose_voices
from pipeline.formats.readers import ReadError, split
from pipeline.formats.readers.base.source import decode
from pipeline.formats.writers.layout import grid_of


@dataclass(frozen=True)
class SourceFile:
    """The file that a piece was read from.

    Attributes:
        path: relative to the root of the project.
        sha256: checksum at download.
        line: where the piece begins in a text of many pieces, from 1; None elsewhere.
        unchanged: whether the file still has that sha256.
    """

    path: Path
    sha256: str
    line: int | None
    unchanged: bool


@dataclass(frozen=True)
class ScorePlaces:
    """The score that a grid was cut from.

    Attributes:
        begins: for each grid of the piece, its first step in the whole piece;
            None if the settings of params.yaml no longer produce that grid.
        bar_lines: steps at which bars begin, None where the score's bars are unknown.
        first_bar: number of the bar that begins at the first bar line.
        part: the part of the top voice.
        shift, period: position of step 0 and length of a step, in ticks of the source.
    """

    begins: list[int | None]
    bar_lines: Ints | None
    first_bar: int
    part: int
    shift: int
    period: Fraction

    def bar(self, step: int) -> str:
        """The bar in which a step of the whole piece lies, as text; an anacrusis is bar 0."""
        tick = max(math.floor(step * self.period) + self.shift, 0)
        if self.bar_lines is None:
            return f"tick {tick}"
        number = int(np.searchsorted(self.bar_lines, step, side="right")) - 1 + self.first_bar
        return f"bar {number} (tick {tick})"


def source_file(piece_id: str, root: Path = Path()) -> SourceFile | None:
    """The file and line of a piece in its corpus; None if no file has its name."""
    corpus, _, name = piece_id.partition("/")
    folder = root / "data/raw" / corpus
    for file in read_manifest(folder)["files"]:
        for stem in (file["path"], file["path"].rpartition(".")[0]):
            if name == stem or name.startswith(f"{stem}#"):
                path = folder / file["path"]
                content = path.read_bytes() if path.exists() else b""
                unchanged = hashlib.sha256(content).hexdigest() == file["sha256"]
                line = _line(path.name, content, name[len(stem) + 1 :])
                return SourceFile(path.relative_to(root), file["sha256"], line, unchanged)
    return None


def _line(file_name: str, content: bytes, tune: str) -> int | None:
    """The line of a tune's number in a file of many tunes."""
    try:
        names = [source.name for source in split(file_name, content)]
    except ReadError:
        return None
    if tune not in names or not tune:
        return None
    numbered = [n for n, text in enumerate(decode(content).split("\n"), 1) if text.startswith("X:")]
    return numbered[names.index(tune)] if len(numbered) == len(names) else None


def score_of(grids: pa.Table, notes: pa.Table, settings: QuantizeSettings) -> ScorePlaces:
    """Find the positions of the grids of one piece.

    The piece is quantized again, with nothing cut off; each grid must occur
    there, in order.

    Args:
        grids: rows of ``schemas.GRIDS``, the phrases of one piece in their order, or the piece.
        notes: rows of the piece in ``schemas.NOTES``.
        settings: the data set's section ``quantize``.
    """
    quarter = settings.steps_per_quarter
    notes = notes.sort_by([("piece_id", "ascending"), ("part", "ascending")])
    voices, broken = choose_voices(notes, settings)
    top = notes.slice(0 if broken else int(voices.rows[0, 0]), 1).to_pylist()[0]
    lines, first = _bars(top, quarter)
    timing = grids.slice(0, 1).to_pylist()[0]
    if timing["grid_method"] == "estimate":
        lines = None
    shift, period = timing["grid_shift"], Fraction(timing["grid_period"])
    return ScorePlaces(_begins(grids, notes, settings), lines, first, top["part"], shift, period)


def _begins(grids: pa.Table, notes: pa.Table, settings: QuantizeSettings) -> list[int | None]:
    everything = {
        "rests": "extend" if settings.rests == "extend" else "symbol",
        "edge_silence": "keep",
        "min_rest": None,
        "split_at_phrase_ends": False,
        "chords": "top",
        "on_inexact": "round",
    }
    made = quantize(notes, settings.model_copy(update=everything)).grids.to_pylist()
    found: list[int | None] = []
    searched = 0
    for row in grids.to_pylist():
        begin = _find(made[0], row, searched) if made else None
        found.append(begin)
        searched = searched if begin is None else begin + row["n_steps"]
    return found


def _find(whole_row: Mapping[str, Any], part_row: Mapping[str, Any], searched: int) -> int | None:
    """The first step, from ``searched`` on, where one grid contains another; it may begin within a note."""
    if any(whole_row[name] != part_row[name] for name in ("voices", "steps_per_quarter")):
        return None
    whole, part = grid_of(whole_row), grid_of(part_row)
    for begin in range(searched, whole.n_steps - part.n_steps + 1):
        end = begin + part.n_steps
        same = np.array_equal(whole.pitch[begin:end], part.pitch)
        if same and np.array_equal(whole.tied[begin + 1 : end], part.tied[1:]):
            return begin
    return None


def _bars(top: Mapping[str, Any], steps_per_quarter: int) -> tuple[Ints | None, int]:
    """Steps of the bar lines, and the number of the first; a full bar before it is bar 1."""
    onsets, meters = top["bar_onsets"], top["meters"]
    if not onsets:
        return None, 1
    lines = to_steps(np.array(onsets, np.int64), steps_per_quarter)
    if not meters or not onsets[0]:
        return lines, 1
    bar = 4 * TICKS_PER_QUARTER * meters[0]["numerator"] // meters[0]["denominator"]
    return lines, 2 if onsets[0] >= bar else 1
