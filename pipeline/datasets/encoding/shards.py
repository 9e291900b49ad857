"""Token rows to the files of a data set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core import vocabulary
from pipeline.core.tables import SPLIT_NAMES, TOKENS
from pipeline.datasets.encoding.encode import PROJECT_VERSION, EncodeSettings


def shards(portions: Iterable[pa.Table], max_rows: int) -> Iterator[tuple[str, pa.Table]]:
    """Token rows cut into files, each as soon as it is full.

    Yields:
        ("train/00000", rows of one split): at least one and at most ``max_rows``, in
        order. A split without rows has no file.
    """
    waiting = dict.fromkeys(SPLIT_NAMES, TOKENS.empty_table())
    number = dict.fromkeys(SPLIT_NAMES, 0)
    for rows in portions:
        for split in SPLIT_NAMES:
            chosen = rows.filter(pc.equal(rows["split"], split))
            waiting[split] = pa.concat_tables([waiting[split], chosen])
            while waiting[split].num_rows >= max_rows:
                yield f"{split}/{number[split]:05d}", waiting[split].slice(0, max_rows)
                waiting[split] = waiting[split].slice(max_rows)
                number[split] += 1
    for split in SPLIT_NAMES:
        if waiting[split].num_rows:
            yield f"{split}/{number[split]:05d}", waiting[split]


def shard_metadata(settings: EncodeSettings) -> Mapping[str, str]:
    """What every shard says of itself: vocabulary, parameters, version."""
    return {
        "vocabulary": f"{vocabulary.VOCAB_SIZE} symbols: onset p, tied p, START, STOP",
        "vocabulary_sha256": vocabulary.sha256(),
        "parameters": json.dumps(settings.model_dump(), sort_keys=True),
        "project_version": PROJECT_VERSION,
    }
