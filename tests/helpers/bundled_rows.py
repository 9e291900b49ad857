"""Pieces of the bundled corpora as rows of a data set, with the settings of params.yaml's data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from pipeline.core import vocabulary
from pipeline.core.music import Grid, Piece
from pipeline.core.schemas import SPLITS
from pipeline.corpora.parsing.records import pack, unpack
from pipeline.datasets.encoding.encode import EncodeSettings, encode_rows
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.formats.writers.layout import Layout, layout_of, transposed
from tests.helpers.comparison import Unread, read
from tests.helpers.notes_text import notes_table, part

CHOIR = ["Soprano", "Alto", "Tenor", "Bass"]
ENCODE = EncodeSettings(
    key={"default": "signature", "essenFolksong": "tonic"},
    transpose="c_major_a_minor",
    max_rows_per_shard=1000,
)


def scores_of(
    pieces: Sequence[Unread], steps_per_quarter: int, voices: int = 1
) -> Iterator[tuple[str, Grid, Layout]]:
    """Pieces as (name, grid, layout), as samples of a data set are written; in the key of the score.

    Args:
        voices: 1 for the top part of any piece, 4 for choirs.
    """
    parts = CHOIR if voices == len(CHOIR) else ["top"]
    settings = QuantizeSettings(
        parts={"default": parts},
        steps_per_quarter=steps_per_quarter,
        chords="top",
        rests="symbol",
        edge_silence="trim",
    )
    notes = [
        part(unread.name, number=number, **columns)
        for unread in pieces
        if isinstance(piece := read(unread, "auto"), Piece)
        for number, columns in enumerate(_columns(piece))
    ]
    grids = quantize(notes_table(*notes), settings).grids
    for row in encode_rows(grids, _unsplit(grids), ENCODE).rows.to_pylist():
        grid = vocabulary.decode(row["tokens"], row["voices"])
        yield row["piece_id"], transposed(grid, -row["transposition"]), layout_of(row, mark=None)


def spread(pieces: Sequence[Unread], n_per_corpus: int) -> list[Unread]:
    """Some pieces of each corpus, evenly over its files."""
    chosen: list[Unread] = []
    for _, group in groupby(pieces, lambda unread: unread.name.partition("/")[0]):
        together = list(group)
        chosen += together[:: max(1, len(together) // n_per_corpus)][:n_per_corpus]
    return chosen


def _columns(piece: Piece) -> Iterator[dict[str, Any]]:
    table = unpack(pack(piece))
    assert isinstance(table, pa.Table)
    for row in table.to_pylist():
        yield {name: value for name, value in row.items() if name not in ("part", "part_name")} | {
            "name": row["part_name"]
        }


def _unsplit(grids: pa.Table) -> pa.Table:
    names = zip(grids["piece_id"].to_pylist(), grids["corpus"].to_pylist(), strict=True)
    rows = [{"piece_id": piece, "corpus": corpus, "tune_family": "", "split": ""} for piece, corpus in names]
    return pa.Table.from_pylist(rows, schema=SPLITS)
