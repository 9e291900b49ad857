"""Write token rows to the files of a data set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core import vocabulary
from pipeline.core.schemas import PLACES, TOKENS
from pipeline.datasets.encoding.encode import PROJECT_VERSION, EncodeSettings

Shard = tuple[str, pa.Table]  # the path below the data set without suffix, and the rows


class ShardCutter:
    """Cut token rows that arrive in portions into shards: files of at most ``max_rows`` rows of one split.

    Args:
        max_rows: maximum number of rows in a shard.
    """

    def __init__(self, max_rows: int) -> None:
        self._max_rows = max_rows
        self._waiting = dict.fromkeys(PLACES, TOKENS.empty_table())
        self._number = dict.fromkeys(PLACES, 0)

    def add(self, rows: pa.Table) -> Iterator[Shard]:
        """Add the next rows of ``schemas.TOKENS`` and return the shards that are full now."""
        for split in PLACES:
            chosen = rows.filter(pc.equal(rows["split"], split))
            self._waiting[split] = pa.concat_tables([self._waiting[split], chosen])
            while self._waiting[split].num_rows >= self._max_rows:
                yield self._name(split), self._waiting[split].slice(0, self._max_rows)
                self._waiting[split] = self._waiting[split].slice(self._max_rows)
                self._number[split] += 1

    def rest(self) -> Iterator[Shard]:
        """Return the last shards; a split without rows has no file."""
        for split in PLACES:
            if self._waiting[split].num_rows:
                yield self._name(split), self._waiting[split]

    def _name(self, split: str) -> str:
        return f"{split}/{self._number[split]:05d}"


def shard_metadata(settings: EncodeSettings, split: Mapping[str, Any] | None = None) -> Mapping[str, str]:
    """The metadata of every shard: vocabulary, parameters, version.

    Args:
        split: the section ``split`` that the rows were divided by; None: no split.
    """
    return {
        "vocabulary": f"{vocabulary.VOCAB_SIZE} symbols: onset p, tied p, START, STOP",
        "vocabulary_sha256": vocabulary.sha256(),
        "parameters": json.dumps(settings.model_dump(), sort_keys=True),
        "split": json.dumps(dict(split or {}), sort_keys=True),
        "project_version": PROJECT_VERSION,
    }
