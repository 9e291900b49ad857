"""The part of a piece that gives each voice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.accounting import Rejection
from pipeline.datasets.columns.ragged import Ints, run_starts
from pipeline.datasets.quantize.settings import TOP, QuantizeSettings


@dataclass(frozen=True)
class Voices:
    """The pieces of a notes table, and the rows that give their voices.

    Attributes:
        piece_ids: (P,) in the order of the table.
        rows: (P, V) row of the table, -1 where the piece has no such part.
    """

    piece_ids: list[str]
    rows: NDArray[np.int64]


def choose_voices(notes: pa.Table, settings: QuantizeSettings) -> tuple[Voices, list[Rejection]]:
    """Find the part of every voice of every piece.

    Args:
        notes: ordered by piece_id and part.

    Returns:
        The voices of all pieces, and a rejection ``no_such_part`` for each missing one.
    """
    starts = run_starts(_codes(notes["piece_id"])[0])
    codes, corpora = _codes(notes["corpus"])
    words = _first_words(notes["part_name"])
    is_top = np.zeros(notes.num_rows, bool)
    is_top[starts] = True
    rows = np.full((len(starts), settings.voices), -1, np.int64)
    for code, corpus in enumerate(corpora):
        for voice, selector in enumerate(settings.selectors(corpus)):
            fits = is_top if selector == TOP else words == selector.casefold()
            first = _first_true(fits & (codes == code), starts)
            rows[:, voice] = np.maximum(rows[:, voice], first)
    ids: list[str] = notes["piece_id"].take(pa.array(starts)).to_pylist()
    voices = Voices(ids, rows)
    return voices, list(_missing(notes, voices, starts, settings))


def _missing(
    notes: pa.Table, voices: Voices, starts: Ints, settings: QuantizeSettings
) -> Iterator[Rejection]:
    ends = np.append(starts[1:], notes.num_rows)
    for piece in np.flatnonzero((voices.rows < 0).any(axis=1)):
        span = notes.slice(starts[piece], ends[piece] - starts[piece])
        names = ", ".join(_tidy(name) or "(no name)" for name in span["part_name"].to_pylist())
        selectors = settings.selectors(span["corpus"][0].as_py())
        asked = ", ".join(np.array(selectors)[voices.rows[piece] < 0])
        yield Rejection(voices.piece_ids[piece], "no_such_part", detail=f"asked for {asked}; it has {names}")


def _first_true(marked: NDArray[np.bool_], starts: Ints) -> Ints:
    """For every run the first marked row, -1 where there is none."""
    n = len(marked)
    if not n:
        return np.zeros(0, np.int64)
    first = np.minimum.reduceat(np.where(marked, np.arange(n), n), starts)
    return np.where(first < n, first, -1)


def _first_words(names: pa.ChunkedArray) -> NDArray[np.str_]:
    codes, known = _codes(names)
    words = [(_tidy(name).split(" ") or [""])[0].casefold() for name in known]
    return np.array([*words, ""], dtype=np.str_)[codes]


def _tidy(name: str | None) -> str:
    """Names in scores hold line ends and doubled spaces."""
    return " ".join((name or "").split())


def _codes(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """A text column as numbers and the texts that they stand for; null is the last number."""
    encoded = column.combine_chunks().dictionary_encode()
    known: list[str] = encoded.dictionary.to_pylist()
    codes = encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, known
