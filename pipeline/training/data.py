"""The examples of a training; every shard is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.settings import SettingsError
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


def refuse_long_pieces(tokens: Path, max_piece_tokens: int) -> None:
    """Refuse a data set with a piece whose attention would take too much memory.

    Test pieces count, too: they are evaluated on the same machine.

    Args:
        tokens: ``data/tokens/DATASET``.
        max_piece_tokens: most tokens of a piece, all voices together.

    Raises:
        SettingsError: a longer piece.
    """
    for split in ("train", *HELD_OUT):
        rows = read_rows(tokens, split, ("piece_id", "n_steps", "voices"))
        lengths = pc.multiply(rows["n_steps"].cast(pa.int64()), rows["voices"].cast(pa.int64()))
        longest = pc.max(lengths).as_py() or 0
        if longest > max_piece_tokens:
            piece = rows["piece_id"][pc.index(lengths, longest).as_py()]
            raise SettingsError(
                f"{tokens.name}: {piece} has {longest:,} tokens, training.max_piece_tokens is "
                f"{max_piece_tokens:,}; set filter.max_steps of the data set, or allow more tokens"
            )


def require_chords(dataset: str, data: TrainingData) -> None:
    """Make sure that a model with chords gets some.

    Raises:
        SettingsError: no training piece has chord symbols.
    """
    if all(example.chords is None for example in data.train):
        raise SettingsError(
            f"model.chords is true, but none of the {len(data.train):,} training pieces of {dataset} has "
            "chord symbols; use a data set with chord symbols, or set model.chords to false"
        )


def read_training_data(tokens: Path, task: Continue | Harmonize) -> TrainingData:
    """Read the shards of a data set for one task.

    Args:
        tokens: ``data/tokens/DATASET``.
        task: the section ``task``.

    Raises:
        CutError, GivenError: pieces that the task cannot use.
        SettingsError: the data set has no training piece.
        TableError: files missing or damaged.
    """
    columns = [*EXAMPLE_COLUMNS, *RELATION_COLUMNS]
    rows = {split: read_rows(tokens, split, columns) for split in ("train", "valid")}
    rows["test"] = read_rows(tokens, "test", RELATION_COLUMNS)
    if not len(rows["train"]):
        n_pieces = len(rows["valid"]) + len(rows["test"])
        raise SettingsError(
            f"{tokens.name} has no training piece, {n_pieces:,} held out; lower valid and test in "
            f"datasets.{tokens.name}.split, or add pieces"
        )
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
