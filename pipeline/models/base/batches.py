"""From token shards to padded tensors.

A batch holds examples of similar length, so that little of it is padding. On the input
side padding is row 258 of an embedding, on the output side the label -100; the outputs of
a model for one piece must not depend on the other pieces of the batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.core import vocabulary
from pipeline.core.schemas import TOKENS
from pipeline.core.tables import TableError, read_metadata, read_table
from pipeline.core.vocabulary import IGNORE_INDEX, PAD_ID, START
from pipeline.errors import PipelineError
from pipeline.models.base.chord_numbers import with_next
from pipeline.models.base.examples import Example
from pipeline.models.base.meters import meter_number

LENGTH_JITTER = 0.05  # standard deviation of the noise on log lengths that varies batches between epochs


class BatchError(PipelineError):
    """Examples that cannot be in one batch."""


@dataclass(frozen=True)
class Batch:
    """B examples, sources padded on the right to S, targets to T.

    Attributes:
        source: (B, S) int64 tokens, PAD_ID after the end.
        source_lengths: (B,) int64.
        inputs: (B, T) int64, decoder inputs: START, then the target without its last token.
        previous: (B, T) int64, the last token of the same voice: the grammar's state.
        stop_allowed: (B, T) bool, the other part of that state.
        target: (B, T) int64, IGNORE_INDEX after the end and where a token is given.
        target_lengths: (B,) int64.
        step_in_bar: (B, W) int64, W the longest source and target together: position in
            the bar of the tokens of the source, immediately followed by those of the
            target (see ``Example.step_in_bar``); -1 where unknown and after the end.
        steps_per_bar: (B,) int64, 0 where unknown.
        meter: (B,) int64, the number of the time signature (see ``meters``), 0 where unknown.
        voices: V, the same in all examples.
        aligned: sources cover the same steps as the targets (some voices are given); else
            the targets continue the sources.
        phrase_end: (B, N) bool, the steps at which a phrase ends; False where unknown and
            after the end; (B, 0) where the targets continue the sources.
        chords: (B, K, 3) int64, of every step of the piece its chord, the next chord and the class
            of the distance to that (see ``chord_numbers``); after the end the last step again.
            All 0 where unknown.
    """

    source: Tensor
    source_lengths: Tensor
    inputs: Tensor
    previous: Tensor
    stop_allowed: Tensor
    target: Tensor
    target_lengths: Tensor
    step_in_bar: Tensor
    steps_per_bar: Tensor
    meter: Tensor
    voices: int
    aligned: bool
    phrase_end: Tensor
    chords: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        moved: dict[str, Any] = {
            name: value.to(device) if isinstance(value, Tensor) else value
            for name, value in vars(self).items()
        }
        return Batch(**moved)

    def with_inputs(self, inputs: Tensor) -> Batch:
        """The same batch with other decoder inputs."""
        return replace(self, inputs=inputs)


def read_rows(folder: Path, split: str, columns: Sequence[str] | None = None) -> pa.Table:
    """All rows of one split of a data set, in the order of its shards.

    Args:
        folder: ``data/tokens/DATASET``.
        split: one of ``schemas.PLACES``; a folder that is empty or missing has no rows.
        columns: of ``schemas.TOKENS``; None for all.

    Raises:
        TableError: no such data set, a damaged shard, or one of another vocabulary.
    """
    if not folder.is_dir():
        raise TableError(f"{folder}: no such data set; `dvc repro` makes it")
    shards = sorted((folder / split).glob("*.parquet"))
    tables = [_read_shard(shard, columns) for shard in shards]
    if tables:
        return pa.concat_tables(tables)
    return TOKENS.empty_table().select(list(columns or TOKENS.names))


def split_settings(folder: Path) -> str:
    """The section ``split`` of a data set, as JSON; "{}" where its shards do not record it."""
    for shard in sorted(folder.glob("*/*.parquet")):
        return str(read_metadata(shard).get(b"split", b"{}"), "utf-8")
    return "{}"


def fingerprint(folder: Path) -> str:
    """sha256 over the names and contents of all shards of a data set."""
    digest = hashlib.sha256()
    for shard in sorted(folder.glob("*/*.parquet")):
        content = read_metadata(shard).get(b"content_sha256", b"")
        digest.update(f"{shard.parent.name}/{shard.name}\n".encode() + content + b"\n")
    return digest.hexdigest()


def plan(examples: Sequence[Example], batch_tokens: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """The batches of an epoch: a pure function of the arguments.

    Args:
        examples: of one task.
        batch_tokens: most target tokens of a batch, padding included; a longer example
            has a batch of its own.
        seed: of the order of batches and of their composition.
        epoch: likewise.

    Returns:
        Arrays of indices into ``examples``; every example is in exactly one of them.
    """
    rng = np.random.default_rng([seed, epoch])
    jitter = np.exp(LENGTH_JITTER * rng.standard_normal(len(examples)))
    batches = by_length(examples, batch_tokens, jitter)
    return [batches[i] for i in rng.permutation(len(batches))]


def by_length(
    examples: Sequence[Example], batch_tokens: int, jitter: NDArray[np.float64] | None = None
) -> list[NDArray[np.int64]]:
    """Batches of similar length, the shortest first.

    Args:
        examples: of one task.
        batch_tokens: as in :func:`plan`.
        jitter: (n,) factors on the lengths by which examples are sorted.
    """
    targets = np.array([len(example.target) for example in examples], np.int64)
    lengths = targets + [len(example.source) for example in examples]
    order = np.argsort(lengths if jitter is None else lengths * jitter, kind="stable")
    batches: list[NDArray[np.int64]] = []
    begin = longest = 0
    for end, index in enumerate(order):
        longest = max(longest, int(targets[index]))
        if end > begin and longest * (end + 1 - begin) > batch_tokens:
            batches.append(order[begin:end])
            begin, longest = end, int(targets[index])
    return [*batches, order[begin:]] if len(order) else []


def collate(examples: Sequence[Example]) -> Batch:
    """Pad examples to one batch.

    Raises:
        BatchError: different numbers of voices, or different tasks.
    """
    if len({example.voices for example in examples}) > 1:
        raise BatchError("all examples of a batch must have the same number of voices")
    if len({type(example) for example in examples}) > 1:
        raise BatchError("a batch contains pieces to continue or pieces to harmonize, not both")
    sources = [example.source for example in examples]
    targets = [example.target for example in examples]
    target = _pad(targets, IGNORE_INDEX)
    predicted = _pad([example.predicted for example in examples], 0).astype(bool)
    inputs = np.concatenate([np.full((len(examples), 1), START), target[:, :-1]], axis=1)
    return Batch(
        source=torch.from_numpy(_pad(sources, PAD_ID)),
        source_lengths=_lengths(sources),
        inputs=torch.from_numpy(np.where(target == IGNORE_INDEX, PAD_ID, inputs)),
        previous=torch.from_numpy(_pad([example.previous for example in examples], START)),
        stop_allowed=torch.from_numpy(_pad([example.stop_allowed for example in examples], 0).astype(bool)),
        target=torch.from_numpy(np.where(predicted, target, IGNORE_INDEX)),
        target_lengths=_lengths(targets),
        step_in_bar=torch.from_numpy(_pad([example.step_in_bar for example in examples], -1)),
        steps_per_bar=torch.tensor([e.bars.steps_per_bar if e.bars else 0 for e in examples]),
        meter=torch.tensor([meter_number(e.bars.meter if e.bars else None) for e in examples]),
        voices=examples[0].voices,
        aligned=examples[0].aligned,
        phrase_end=torch.from_numpy(_pad([example.phrase_ends for example in examples], 0).astype(bool)),
        chords=torch.from_numpy(_chords(examples)),
    )


def _read_shard(shard: Path, columns: Sequence[str] | None) -> pa.Table:
    rows = read_table(shard, TOKENS, columns)
    found = read_metadata(shard).get(b"vocabulary_sha256", b"none").decode(errors="replace")
    if found != vocabulary.sha256():
        raise TableError(
            f"{shard}: written with another vocabulary (sha256 {found[:12]}), "
            f"this project has {vocabulary.sha256()[:12]}; run `dvc repro`"
        )
    return rows.replace_schema_metadata(None)


def _pad(sequences: Sequence[NDArray[np.generic]], filler: int) -> NDArray[np.int64]:
    padded = np.full((len(sequences), max(map(len, sequences))), filler, np.int64)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded


def _chords(examples: Sequence[Example]) -> NDArray[np.int64]:
    """(B, K, 3) see ``Batch.chords``."""
    known = [np.zeros(1, np.int64) if e.chords is None or not len(e.chords) else e.chords for e in examples]
    longest = max(map(len, known))
    return np.stack([with_next(np.pad(each, (0, longest - len(each)), mode="edge")) for each in known])


def _lengths(sequences: Sequence[NDArray[np.generic]]) -> Tensor:
    return torch.tensor([len(sequence) for sequence in sequences], dtype=torch.int64)
