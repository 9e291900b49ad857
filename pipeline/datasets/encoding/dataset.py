"""Grids to the shards of a data set, some at a time, and what its data card counts of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.accounting import Count, add_counts, balance
from pipeline.core.tables import TOKENS, write_table
from pipeline.datasets.encoding.distributions import added, distributions
from pipeline.datasets.encoding.encode import Encoded, EncodeSettings, encode_portions, join
from pipeline.datasets.encoding.shards import Shard, ShardCutter, shard_metadata


@dataclass(frozen=True)
class EncodedDataset:
    """What is known of a data set when all its shards are written.

    Attributes:
        outline: all rows, grids and rejections, without the columns that no card counts.
        counts: per corpus the grids that came in, were kept and rejected.
        distributions: of notes and pieces, see ``distributions.added``.
    """

    outline: Encoded
    counts: Mapping[str, Count]
    distributions: Mapping[str, list[list[int]]]

    @property
    def n_rows(self) -> int:
        """Examples written."""
        return int(self.outline.rows.num_rows)


def write_shards(
    folder: Path,
    portions: Iterable[pa.Table],
    splits: pa.Table,
    settings: EncodeSettings,
    split: Mapping[str, Any] | None = None,
) -> EncodedDataset:
    """Encode grids and write their shards; memory does not grow with the lists of tokens.

    Args:
        folder: of the shards, ``SPLIT/NUMBER.parquet``.
        portions: rows of ``tables.GRIDS`` in order of piece_id, some at a time.
        splits: rows of ``tables.SPLITS`` for all of them.
        settings: the section ``encode``.
        split: the section ``split`` that the rows were divided by, noted in the shards.

    Raises:
        RoundTripError: a row does not decode to its grid.
        BooksError: a grid was lost.
    """
    cutter = ShardCutter(settings.max_rows_per_shard)
    metadata = shard_metadata(settings, split)
    outlines, counts, found = [], [], []
    for grids, made in encode_portions(portions, splits, settings):
        incoming, kept = (table["piece_id"].to_pylist() for table in (grids, made.rows))
        counts.append(balance("encode", incoming, kept, made.rejections))
        outlines.append(made.outline())
        found.append(distributions(made.rows))
        _write(folder, cutter.add(made.rows), metadata)
    _write(folder, cutter.rest(), metadata)
    return EncodedDataset(join(outlines), add_counts(counts), added(found))


def _write(folder: Path, shards: Iterable[Shard], metadata: Mapping[str, str]) -> None:
    for name, rows in shards:
        write_table(folder / f"{name}.parquet", rows, TOKENS, metadata)
