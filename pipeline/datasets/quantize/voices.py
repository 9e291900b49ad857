"""Find the part of a piece for each voice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.accounting import Rejection
from pipeline.datasets.columns.ragged import Ints, run_starts
from pipeline.datasets.quantize.part_names import NO_FIT, fit, tidy
from pipeline.datasets.quantize.settings import QuantizeSettings, is_top


@dataclass(frozen=True)
class Voices:
    """The pieces of a notes table, and the rows of their voices.

    Attributes:
        piece_ids: (P,) in the order of the table.
        rows: (P, V) row of the table, -1 if the piece has no such part.
        n_parts: (P,) number of parts of the piece.
    """

    piece_ids: list[str]
    rows: NDArray[np.int64]
    n_parts: Ints


def choose_voices(notes: pa.Table, settings: QuantizeSettings) -> tuple[Voices, list[Rejection]]:
    """Find the part of every voice of every piece.

    The alternatives of a voice are tried in order. Of the parts that match an alternative, the
    best match is taken (see :mod:`part_names`); of equally good matches, the first.

    Args:
        notes: ordered by piece_id and part.

    Returns:
        The voices of all pieces, and a rejection ``no_such_part`` for each missing one.
    """
    starts = run_starts(_codes(notes["piece_id"])[0])
    codes, corpora = _codes(notes["corpus"])
    names, known = _codes(notes["part_name"])
    top = np.zeros(notes.num_rows, bool)
    top[starts] = True
    rows = np.full((len(starts), settings.voices), -1, np.int64)
    for code, corpus in enumerate(corpora):
        for voice, alternatives in enumerate(settings.selectors(corpus)):
            for selector in alternatives:
                fits = np.array([*(fit(selector, name) for name in known), NO_FIT], np.int64)[names]
                fits = np.where(top, 0, NO_FIT) if is_top(selector) else fits
                best = _best(np.where(codes == code, fits, NO_FIT), starts)
                rows[:, voice] = np.where(rows[:, voice] < 0, best, rows[:, voice])
    ids: list[str] = notes["piece_id"].take(pa.array(starts)).to_pylist()
    voices = Voices(ids, rows, np.diff(np.append(starts, notes.num_rows)))
    return voices, list(_missing(notes, voices, starts, settings))


def _missing(
    notes: pa.Table, voices: Voices, starts: Ints, settings: QuantizeSettings
) -> Iterator[Rejection]:
    for piece in np.flatnonzero((voices.rows < 0).any(axis=1)):
        span = notes.slice(starts[piece], voices.n_parts[piece])
        names = ", ".join(tidy(name) or "(no name)" for name in span["part_name"].to_pylist())
        selectors = settings.selectors(span["corpus"][0].as_py())
        absent = voices.rows[piece] < 0
        asked = ", ".join(
            " or ".join(each) for each, missing in zip(selectors, absent, strict=True) if missing
        )
        yield Rejection(voices.piece_ids[piece], "no_such_part", detail=f"asked for {asked}; it has {names}")


def _best(fits: Ints, starts: Ints) -> Ints:
    """For every run, the first row with the smallest value; -1 if all are NO_FIT."""
    n = len(fits)
    if not n:
        return np.zeros(0, np.int64)
    first = np.minimum.reduceat(fits * n + np.arange(n), starts)
    return np.where(first < NO_FIT * n, first % n, -1)


def _codes(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Encode a text column as numbers and the list of distinct texts; null is the last number."""
    encoded = column.combine_chunks().dictionary_encode()
    known: list[str] = encoded.dictionary.to_pylist()
    codes = encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, known
