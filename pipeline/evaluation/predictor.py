"""A trained model as a predictor, and the rows for its evaluation; shared by both tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from pipeline.decoding.scoring import log_probs
from pipeline.errors import PipelineError
from pipeline.models.base.batches import fingerprint, read_rows
from pipeline.models.base.devices import choose_device
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.pretrained import load_run

PIECES_AT_ONCE = 256  # scored at once: shows progress and limits memory


_ADVICE = "; lower valid and test in the section split of the data set, or add pieces, and run `dvc repro`"


class EvaluationError(PipelineError):
    """Nothing to evaluate, or a model trained on other data."""


@dataclass(frozen=True)
class ModelPredictor:
    """A trained model as a predictor, comparable with the baselines."""

    model: Seq2Seq

    def log_probs(self, examples: Sequence[Example]) -> Iterator[NDArray[np.float32]]:
        """See :class:`pipeline.evaluation.baselines.predictors.Predictor`."""
        for begin in range(0, len(examples), PIECES_AT_ONCE):
            yield from log_probs(self.model, examples[begin : begin + PIECES_AT_ONCE])


def load_trained(run: Path, tokens: Path, device: str, threads: int) -> Seq2Seq:
    """The model of a run on a device; its data set must be the one that it was trained on.

    Raises:
        EvaluationError: it was trained on other shards.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # denormal numbers make an LSTM many times slower
    model, facts = load_run(run)
    if facts.data_fingerprint != fingerprint(tokens):
        raise EvaluationError(
            f"{run}: trained on other shards than those now in {tokens}; `dvc repro` trains it again"
        )
    return model.to(choose_device(device))


def rows_to_evaluate(tokens: Path) -> tuple[str, pa.Table]:
    """Name and rows of the test split, or of the training split of a data set without one.

    Raises:
        EvaluationError: there is neither.
    """
    for split in ("test", "train"):
        rows = read_rows(tokens, split)
        if len(rows):
            return split, rows
    raise EvaluationError(f"{tokens}: no examples to evaluate, neither in test nor in train{_ADVICE}")


def training_rows(tokens: Path) -> pa.Table:
    """Rows of the training split, which the baselines need.

    Raises:
        EvaluationError: there are none.
    """
    rows = read_rows(tokens, "train")
    if not len(rows):
        raise EvaluationError(f"{tokens / 'train'}: no training piece for the baselines{_ADVICE}")
    return rows
