"""The training loop: knows batches and likelihood, nothing of any model's inside.

All losses are nats per target symbol (STOP included, padding never), summed
over all batches and then divided. On a processor the same settings, data,
version and number of threads give the same weights to the bit.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.batches import plan
from pipeline.errors import PipelineError
from pipeline.examples import Example
from pipeline.files import write_text
from pipeline.models.interface import Seq2Seq
from pipeline.progress import say, track
from pipeline.settings import SettingsError
from pipeline.training.gradients import Workers
from pipeline.training.settings import TrainingSettings

LINES = 20  # epochs that are reported, at most
LONG_EPOCH = 20  # batches; a bar for a shorter one would only flicker


class DivergedError(PipelineError):
    """Training went wrong: the loss is no longer finite."""


@dataclass(frozen=True)
class Epoch:
    """One row of the learning curve, in nats per target symbol."""

    epoch: int
    train_nats: float
    valid_nats: float


@dataclass(frozen=True)
class Trained:
    """What a training did: the learning curve, and which epoch's weights the model has now."""

    curve: tuple[Epoch, ...]
    best: Epoch


def prepare(settings: TrainingSettings) -> torch.device:
    """Fix everything random; call it before a model is built.

    Returns:
        The device to train on.

    Raises:
        SettingsError: this machine has no such device.
    """
    device = choose_device(settings.device)
    random.seed(settings.seed)
    np.random.seed(settings.seed)  # noqa: NPY002 (for libraries below; our own code has generators)
    torch.manual_seed(settings.seed)
    torch.set_flush_denormal(True)  # denormal numbers make an LSTM many times slower
    torch.set_num_threads(1)  # the threads of a batch's slices are our own
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    return device


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` prefers CUDA, then MPS, then the processor.

    Raises:
        SettingsError: this machine has no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if not there[name]:
        found = ", ".join(kind for kind in there if there[kind])
        raise SettingsError(f"device '{name}': this machine has none; it has {found} (auto chooses)")
    return torch.device(name)


def train(
    model: Seq2Seq, examples: Sequence[Example], validation: Sequence[Example], settings: TrainingSettings
) -> Trained:
    """Train a model in place; it ends with the weights of its best epoch.

    Args:
        model: on the device on which it is to be trained.
        examples: what it learns from, at least one.
        validation: what decides which epoch was best; ``examples`` again where a
            data set has no split.

    Raises:
        DivergedError: the loss is no longer a finite number.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
    workers = Workers(model, settings.threads)
    curve: list[Epoch] = []
    best, best_weights = Epoch(0, math.inf, math.inf), _copy_of_weights(model)
    for number in range(1, settings.epochs + 1):
        train_nats = _train_epoch(model, workers, optimizer, examples, settings, number)
        valid_nats = workers.nats_per_token(validation, settings.batch_tokens)
        if not math.isfinite(train_nats + valid_nats):
            raise DivergedError(
                f"epoch {number}: the loss is no longer finite; lower learning_rate "
                f"({settings.learning_rate}) or clip_norm ({settings.clip_norm})"
            )
        curve.append(Epoch(number, train_nats, valid_nats))
        if number % math.ceil(settings.epochs / LINES) == 0:
            losses = f"{train_nats:.4f} nats per token, {valid_nats:.4f} on validation"
            say(f"epoch {number} of {settings.epochs}: {losses}")
        if valid_nats < best.valid_nats:
            best, best_weights = curve[-1], _copy_of_weights(model)
        elif settings.patience and number - best.epoch >= settings.patience:
            break
    workers.close()
    model.load_state_dict(best_weights)
    return Trained(tuple(curve), best)


def cut_anew(examples: Sequence[Example], settings: TrainingSettings, epoch: int) -> list[Example]:
    """The same pieces, cut elsewhere: evenly between ``least_cut`` and ``most_cut``, by seed and epoch."""
    if settings.least_cut == settings.most_cut == settings.cut:
        return list(examples)
    rng = np.random.default_rng([settings.seed, epoch, 1])
    cuts = rng.uniform(settings.least_cut, settings.most_cut, len(examples))
    return [example.cut_anew(cut) for example, cut in zip(examples, cuts, strict=True)]


def write_learning_curve(path: Path, curve: Iterable[Epoch]) -> None:
    """Write ``epoch,train_nats,valid_nats`` as CSV, six decimals."""
    rows = [f"{row.epoch},{row.train_nats:.6f},{row.valid_nats:.6f}" for row in curve]
    write_text(path, "\n".join(["epoch,train_nats,valid_nats", *rows]) + "\n")


def _train_epoch(
    model: Seq2Seq,
    workers: Workers,
    optimizer: torch.optim.Optimizer,
    examples: Sequence[Example],
    settings: TrainingSettings,
    number: int,
) -> float:
    examples = cut_anew(examples, settings, number)
    batches = plan(examples, settings.batch_tokens, settings.seed, number)
    turns: Iterable[NDArray[np.int64]] = batches
    if len(batches) >= LONG_EPOCH:
        turns = track(batches, f"training, epoch {number} of {settings.epochs}", len(batches), "batches")
    sums = []
    for done, indices in enumerate(turns):
        chosen = [examples[i] for i in indices]
        progress = (number - 1 + (done + 0.5) / len(batches)) / settings.epochs
        nats, gradients = workers.gradient(chosen, settings.teacher_forcing, (settings.seed, number, done))
        n_tokens = _n_tokens(chosen)
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient / n_tokens
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
        for group in optimizer.param_groups:
            group["lr"] = settings.rate_at(progress)
        optimizer.step()
        sums.append(nats)
    return float(torch.stack(sums).double().sum()) / _n_tokens(examples)


def _n_tokens(examples: Sequence[Example]) -> int:
    return sum(len(example.target) for example in examples)


def _copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}
