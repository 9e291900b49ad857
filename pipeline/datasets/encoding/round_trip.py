"""Decode token rows and compare them with the grids they were made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.lists import flatten
from pipeline.core.music import SILENCE
from pipeline.core.vocabulary import START, STOP, TIED, VALID_AFTER
from pipeline.datasets.columns.ragged import Bools, Ints, owners, places
from pipeline.errors import PipelineError


class RoundTripError(PipelineError):
    """Tokens do not decode to the grid that they were made from: a bug in this project."""


@dataclass(frozen=True)
class GridCells:
    """The cells of all grids, one after the other.

    Attributes:
        offsets: (n + 1,) offsets of the grids in cells.
                pitch, tied: as in the grids.
    """

    offsets: Ints
    pitch: NDArray[np.uint8]
    tied: Bools


def cells_of(grids: pa.Table) -> GridCells:
    """The cells of all rows of ``schemas.GRIDS``."""
    offsets, pitch = flatten(grids["pitch"])
    return GridCells(offsets, np.asarray(pitch, np.uint8), np.asarray(flatten(grids["tied"])[1], bool))


def check_round_trip(grids: pa.Table, tokens: pa.Array, shift: Ints) -> None:
    """Decode every row, undo the transposition, and compare the row with its grid.

    Uses the same rules as ``vocabulary.decode``, for all rows at once.

    Args:
        grids: n rows of ``schemas.GRIDS``.
        tokens: n lists of uint16.
        shift: (n,) transposition in semitones.

    Raises:
        RoundTripError: a row differs from its grid; the message names the first one.
    """
    cells = cells_of(grids)
    offsets, written = flatten(tokens)
    lengths = np.diff(cells.offsets)
    _require(grids, np.diff(offsets) == lengths + 2, "its length differs")
    _require(grids, written[offsets[:-1]] == START, "START is missing")
    _require(grids, written[offsets[1:] - 1] == STOP, "STOP is missing")
    place = places(offsets)
    row = owners(offsets)
    inner = (place > 0) & (place <= lengths[row])
    symbols, row, place = written[inner].astype(np.int64), row[inner], place[inner] - 1
    _require_all(grids, row, symbols < START, "a marker is inside the row")
    voices = grids["voices"].to_numpy().astype(np.int64)[row]
    before = np.where(place < voices, START, symbols[np.maximum(np.arange(len(symbols)) - voices, 0)])
    _require_all(grids, row, VALID_AFTER[before, symbols], "a symbol violates the grammar")
    pitch = symbols % TIED
    back = np.where(pitch == SILENCE, SILENCE, pitch - shift[row])
    same = (back == cells.pitch) & ((symbols >= TIED) == cells.tied)
    _require_all(grids, row, same, "a note differs")


def _require_all(grids: pa.Table, row: Ints, holds: Bools, fault: str) -> None:
    good = np.ones(grids.num_rows, bool)
    good[row[~holds]] = False
    _require(grids, good, fault)


def _require(grids: pa.Table, holds: Bools, fault: str) -> None:
    if not holds.all():
        piece = grids["piece_id"][int(np.flatnonzero(~holds)[0])].as_py()
        raise RoundTripError(f"{piece}: its tokens do not decode to its grid: {fault}")
