"""The training loop, the same for every kind of model.

All losses are nats per target token (STOP included, padding excluded), summed over all
batches and then divided. On a processor the same settings, data, version and number of
threads give bit-identical weights, no matter how often the training was killed and
resumed.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from pipeline.core.files import write_text
from pipeline.core.text import counted
from pipeline.errors import PipelineError
from pipeline.models.base.batches import plan
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.pretrained import CheckpointError
from pipeline.training.augmentation import examples_of_epoch
from pipeline.training.averaging import MovingAverage
from pipeline.training.checkpoints import Checkpoints, TrainingState, require_fitting
from pipeline.training.data import TrainingData
from pipeline.training.determinism import random_states, restore_random_states
from pipeline.training.gradients import Workers
from pipeline.training.processes import SINGLE, Processes
from pipeline.training.settings import TrainingSettings
from pipeline.workflow.progress import say, time_left, track

MAX_REPORTED_EPOCHS = 20
LONG_EPOCH = 20  # batches; shorter epochs have no progress bar, which would only flicker


class DivergedError(PipelineError):
    """The loss is no longer finite."""


@dataclass(frozen=True)
class Epoch:
    """One row of the learning curve, in nats per target token."""

    epoch: int
    train_nats: float
    valid_nats: float


@dataclass(frozen=True)
class TrainingResult:
    """The learning curve, and the epoch whose weights the model has now."""

    curve: tuple[Epoch, ...]
    best: Epoch


def train(
    model: Seq2Seq,
    data: TrainingData,
    settings: TrainingSettings,
    processes: Processes = SINGLE,
    checkpoints: Checkpoints | None = None,
    curve: Path | None = None,
) -> TrainingResult:
    """Train a model in place; afterwards it has the weights of its best epoch.

    Args:
        model: on the device on which it is trained.
        data: training and validation examples.
        settings: the section ``training``.
        processes: all processes that train it, each with the same arguments.
        checkpoints: where the training is resumed from and saves its state; None: no checkpoints.
        curve: file of the learning curve, which grows by a line per epoch; None: no file.

    Raises:
        DivergedError: the loss is no longer a finite number.
    """
    training = _Training(model, settings, processes, checkpoints)
    training.resume()
    while training.continues():
        train_nats = training.learn(data)
        training.measure(train_nats, data.valid)
        if curve is not None and processes.rank == 0:
            write_learning_curve(curve, training.curve)
        training.keep()
    return training.end()


def write_learning_curve(path: Path, curve: Iterable[Epoch]) -> None:
    """Write ``epoch,train_nats,valid_nats`` as CSV, six decimals."""
    rows = [f"{row.epoch},{row.train_nats:.6f},{row.valid_nats:.6f}" for row in curve]
    write_text(path, "\n".join(["epoch,train_nats,valid_nats", *rows]) + "\n")


class _Training:
    """The state of a training between two batches: everything that changes during training.

    Attributes:
        curve: of the finished epochs.
        best: the epoch with the least validation loss.
        best_weights: of that epoch.
        nats: summed loss of each finished batch of the current epoch.
        n_steps: batches of all epochs.
        began: start time of this process.
        resumed: finished epochs at that time.
    """

    def __init__(
        self,
        model: Seq2Seq,
        settings: TrainingSettings,
        processes: Processes,
        checkpoints: Checkpoints | None,
    ) -> None:
        self.model = model
        self.settings = settings
        self.processes = processes
        self.checkpoints = checkpoints
        self.workers = Workers(model, settings, processes)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)
        self.average = MovingAverage(model, settings.ema_decay)
        self.curve: list[Epoch] = []
        self.best, self.best_weights = Epoch(0, math.inf, math.inf), _copy_of_weights(model)
        self.nats: list[Tensor] = []
        self.n_steps = 0
        self.began, self.resumed = time.monotonic(), 0

    def continues(self) -> bool:
        """Whether another epoch follows."""
        done, patience = len(self.curve), self.settings.patience
        waited = bool(patience) and done > 0 and done - self.best.epoch >= patience
        return done < self.settings.epochs and not waited

    def learn(self, data: TrainingData) -> float:
        """Finish the current epoch; the mean loss of its batches in nats."""
        number = len(self.curve) + 1
        examples = examples_of_epoch(data, self.settings, number)
        batches = plan(examples, self.settings.batch_tokens, self.settings.seed, number)
        remaining: Iterable[int] = range(len(self.nats), len(batches))
        if len(batches) >= LONG_EPOCH and self.processes.rank == 0:
            what = f"training, epoch {number} of {self.settings.epochs}"
            remaining = track(remaining, what, len(batches) - len(self.nats), "batches")
        for done in remaining:
            progress = (number - 1 + (done + 0.5) / len(batches)) / self.settings.epochs
            seeds = (self.settings.seed, number, done)
            self._step([examples[i] for i in batches[done]], self.settings.rate_at(progress), seeds)
            self.keep()
        return float(torch.stack(self.nats).double().sum()) / _n_tokens(examples)

    def measure(self, train_nats: float, validation: Sequence[Example]) -> None:
        """Validate the current epoch and end it."""
        number = len(self.curve) + 1
        with self.average.in_place():
            valid_nats = self.workers.nats_per_token(validation)
            if valid_nats < self.best.valid_nats:
                self.best = Epoch(number, train_nats, valid_nats)
                self.best_weights = _copy_of_weights(self.model)
        if not math.isfinite(train_nats + valid_nats):
            raise DivergedError(
                f"epoch {number}: the loss is no longer finite; lower learning_rate "
                f"({self.settings.learning_rate}) or clip_norm ({self.settings.clip_norm})"
            )
        self.curve.append(Epoch(number, train_nats, valid_nats))
        self.nats = []
        if number % math.ceil(self.settings.epochs / MAX_REPORTED_EPOCHS) == 0 and self.processes.rank == 0:
            losses = f"{train_nats:.4f} nats per token, {valid_nats:.4f} on validation"
            done, wanted = number - self.resumed, self.settings.epochs - self.resumed
            left = f", {time_left(time.monotonic() - self.began, done, wanted)}" if done < wanted else ""
            say(f"epoch {number} of {self.settings.epochs}: {losses}{left}")

    def end(self) -> TrainingResult:
        """Set the weights of the best epoch."""
        self.workers.close()
        self.model.load_state_dict(self.best_weights)
        return TrainingResult(tuple(self.curve), self.best)

    def keep(self) -> None:
        """Save a checkpoint when one is due."""
        if self.checkpoints is not None and self.processes.rank == 0:
            self.checkpoints.save_when_due(self.state)

    def resume(self) -> None:
        """Resume from the checkpoint that rank 0 finds; a damaged one is reported and ignored."""
        found: TrainingState | None = None
        if self.checkpoints is not None and self.processes.rank == 0:
            try:
                found = self.checkpoints.load()
            except CheckpointError as error:
                say(f"{error}; training starts from the beginning")
        state = self.processes.broadcast(found)
        if state is None:
            return
        try:
            self.restore(state)
        except CheckpointError as error:
            if self.processes.rank == 0:
                say(f"{error}; training starts from the beginning")
            return
        self.resumed = len(self.curve)
        if found is not None:
            batches = counted(len(self.nats), "batch", "batches")
            say(f"training resumes after epoch {len(self.curve)} and {batches}")

    def state(self) -> TrainingState:
        """Everything that the rest of the training depends on."""
        return {
            "weights": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.weights,
            "curve": [astuple(epoch) for epoch in self.curve],
            "best": astuple(self.best),
            "best_weights": self.best_weights,
            "nats": self.nats,
            "n_steps": self.n_steps,
            "random": random_states(),
        }

    def restore(self, state: TrainingState) -> None:
        """Restore the state that :meth:`state` returned.

        Raises:
            CheckpointError: it is no state of this training; nothing has changed.
        """
        before = copy.deepcopy(self.state())
        try:
            require_fitting(state, before, list(self.model.parameters()))
            self._set(state)
        except Exception:  # its digest is right, so it was made by hand: torch raises errors of many kinds
            self._set(before)
            raise CheckpointError("the checkpoint is no state of this training") from None

    def _set(self, state: TrainingState) -> None:
        device = self.model.grammar_mask.device
        self.model.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.weights = [weights.to(device) for weights in state["average"]]
        self.curve = [Epoch(*row) for row in state["curve"]]
        self.best, self.best_weights = Epoch(*state["best"]), dict(state["best_weights"])
        self.nats = [nats.to(device) for nats in state["nats"]]
        self.n_steps = state["n_steps"]
        restore_random_states(state["random"])

    def _step(self, chosen: Sequence[Example], learning_rate: float, seeds: Iterable[int]) -> None:
        nats, gradients = self.workers.gradient(chosen, seeds)
        n_tokens = _n_tokens(chosen)
        for parameter, gradient in zip(self.model.parameters(), gradients, strict=True):
            parameter.grad = gradient / n_tokens
        nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()
        self.n_steps += 1
        self.average.update(self.n_steps)
        self.nats.append(nats)


def _n_tokens(examples: Sequence[Example]) -> int:
    return sum(int(example.predicted.sum()) for example in examples)


def _copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}
