"""The examples of a training; every shard is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.models.base.batches import fingerprint, read_rows, split_settings
from pipeline.models.base.examples import Example
from pipeline.models.base.lineage import HELD_OUT
from pipeline.models.base.tasks import EXAMPLE_COLUMNS, Continue, Harmonize

RELATION_COLUMNS = ("piece_id", "tune_family", "soft_relative")


@dataclass(frozen=True)
class TrainingData:
    """The examples of a training, and the tune families and relatives of their pieces.

    Attributes:
        task: ``train`` and ``valid`` are examples of its kind.
        train: training examples, at least one.
        valid: validation examples, which decide on the best epoch; the training examples
            where a data set has no validation split.
        families: tune families of the training pieces.
        held_out: of each held-out split the columns RELATION_COLUMNS of its pieces.
        fingerprint: of all shards, see ``batches.fingerprint``.
        split: how the data set was divided, see ``batches.split_settings``.
    """

    task: Continue | Harmonize
    train: Sequence[Any]
    valid: Sequence[Example]
    families: frozenset[str] = frozenset()
    held_out: Mapping[str, pa.Table] = field(default_factory=dict)
    fingerprint: str = ""
    split: str = "{}"

    def epoch(self, seed: int, number: int) -> list[Example]:
        """The training examples of one epoch: a pure function of its arguments."""
        return list(self.task.varied(self.train, seed, number))


def read_training_data(tokens: Path, task: Continue | Harmonize) -> TrainingData:
    """Read the shards of a data set for one task.

    Args:
        tokens: ``data/tokens/DATASET``.
        task: the section ``task``.

    Raises:
        CutError, GivenError: pieces that the task cannot use.
        TableError: files missing or damaged.
    """
    columns = [*EXAMPLE_COLUMNS, *RELATION_COLUMNS]
    rows = {split: read_rows(tokens, split, columns) for split in ("train", "valid")}
    rows["test"] = read_rows(tokens, "test", RELATION_COLUMNS)
    train = task.examples(rows["train"])
    return TrainingData(
        task,
        train,
        task.examples(rows["valid"]) or train,
        frozenset(rows["train"]["tune_family"].to_pylist()),
        {split: rows[split].select(RELATION_COLUMNS) for split in HELD_OUT},
        fingerprint(tokens),
        split_settings(tokens),
    )
