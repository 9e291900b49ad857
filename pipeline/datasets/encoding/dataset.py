"""Write the shards of a data set in portions, and collect the counts for its data card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.accounting import Count, add_counts, balance
from pipeline.core.schemas import TOKENS
from pipeline.core.tables import write_table
from pipeline.datasets.columns.chunks import Mapped
from pipeline.datasets.encoding.distributions import added
from pipeline.datasets.encoding.encode import Encoded, EncodeSettings, encode_portions, join
from pipeline.datasets.encoding.shards import Shard, ShardCutter, shard_metadata


@dataclass(frozen=True)
class EncodedDataset:
    """Summary of a data set after all its shards are written.

    Attributes:
        outline: all rows, grids and rejections, without the columns that the data card does not use.
        counts: per corpus the grids read, kept and rejected.
        distributions: counts of notes and pieces, see ``distributions.added``.
    """

    outline: Encoded
    counts: Mapping[str, Count]
    distributions: Mapping[str, list[list[int]]]

    @property
    def n_rows(self) -> int:
        """Number of examples written."""
        return int(self.outline.rows.num_rows)


def write_shards(
    folder: Path,
    portions: Iterable[pa.Table],
    splits: pa.Table,
    settings: EncodeSettings,
    split: Mapping[str, Any] | None = None,
    mapped: Mapped = map,
) -> EncodedDataset:
    """Encode grids and write their shards; memory use does not grow with the number of tokens.

    Args:
        folder: folder of the shards, ``SPLIT/NUMBER.parquet``.
        portions: rows of ``schemas.GRIDS`` in order of piece_id, in portions.
        splits: rows of ``schemas.SPLITS`` for all of them.
        settings: the section ``encode``.
        split: the section ``split`` that the rows were divided by; it is recorded in the shards.
        mapped: how the portions are distributed.

    Raises:
        RoundTripError: a row does not decode to its grid.
        AccountingError: a grid was lost.
    """
    cutter = ShardCutter(settings.max_rows_per_shard)
    metadata = shard_metadata(settings, split)
    outlines, counts, found = [], [], []
    for made in encode_portions(portions, splits, settings, mapped):
        kept = made.rows["piece_id"].to_pylist()
        counts.append(balance("encode", made.incoming, kept, made.outline.rejections))
        outlines.append(made.outline)
        found.append(made.distributions)
        _write(folder, cutter.add(made.rows), metadata)
    _write(folder, cutter.rest(), metadata)
    return EncodedDataset(join(outlines), add_counts(counts), added(found))


def _write(folder: Path, shards: Iterable[Shard], metadata: Mapping[str, str]) -> None:
    for name, rows in shards:
        write_table(folder / f"{name}.parquet", rows, TOKENS, metadata)
