"""The loss of a batch and its gradient, computed in parallel slices.

On a CPU each slice of a batch runs in a thread of its own, in which torch uses one thread:
the threads synchronize once per batch, whereas threads inside an LSTM synchronize several
times per step (with one other busy process on the machine, those were ten times slower).
Slices are summed in their order, so that the result does not depend on which thread
finishes first. Several processes share a batch in the same way: two processes with one
thread each give the same result as one process with two threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from pipeline.models.base.batches import by_length, collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.training.losses import losses, scheduled_sampling
from pipeline.training.processes import SINGLE, Processes
from pipeline.training.settings import TrainingSettings


class Workers:
    """Threads that compute losses and gradients of one model.

    Args:
        settings: its threads are the slices that a process cuts its share of a
            batch into; on a GPU it stays whole.
    """

    def __init__(self, model: Seq2Seq, settings: TrainingSettings, processes: Processes = SINGLE) -> None:
        self._model = model
        self._settings = settings
        self._processes = processes
        self._device = model.grammar_mask.device
        self._threads = settings.threads if self._device.type == "cpu" else 1
        self._parameters = list(model.parameters())
        self._pool = ThreadPoolExecutor(self._threads, initializer=_one_thread)

    def gradient(self, examples: Sequence[Example], seeds: Iterable[int]) -> tuple[Tensor, list[Tensor]]:
        """Summed nats of a batch, and for each parameter the gradient of the summed loss.

        Args:
            examples: one batch; every process gets all of it.
            seeds: of all random numbers of this batch.
        """
        n_slices = self._threads * self._processes.world
        first = self._threads * self._processes.rank
        mine = range(first, min(first + self._threads, len(examples)))
        entropy = list(seeds)

        def of_slice(number: int) -> list[Tensor]:
            batch = collate(examples[number::n_slices]).to(self._device)
            generator = _generator([*entropy, number], self._device)
            batch = scheduled_sampling(self._model, batch, self._settings.teacher_forcing, generator)
            nats, loss = losses(self._model, batch, self._settings, generator)
            return [nats.detach(), *torch.autograd.grad(loss, self._parameters)]

        results = list(self._pool.map(of_slice, mine)) or [self._zeros()]
        sums = results[0]
        for others in results[1:]:
            torch._foreach_add_(sums, others)
        nats, *gradients = self._processes.summed(sums)
        return nats, gradients

    def nats_per_token(self, examples: Sequence[Example]) -> float:
        """Mean loss over the target tokens of all examples, STOP included, without dropout."""
        batches = by_length(examples, self._settings.batch_tokens)

        def of_batch(indices: Sequence[int]) -> Tensor:
            with torch.inference_mode():
                batch = collate([examples[i] for i in indices]).to(self._device)
                nats, _ = losses(self._model, batch)
                return nats

        mine = range(self._processes.rank, len(batches), self._processes.world)
        sums = torch.zeros(len(batches), device=self._device)
        for place, nats in zip(mine, self._pool.map(of_batch, [batches[i] for i in mine]), strict=True):
            sums[place] = nats
        (sums,) = self._processes.summed([sums])
        return float(sums.double().sum()) / sum(int(example.predicted.sum()) for example in examples)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _zeros(self) -> list[Tensor]:
        nats = torch.zeros((), device=self._device)
        return [nats, *(torch.zeros_like(parameter) for parameter in self._parameters)]


def _generator(entropy: Sequence[int], device: torch.device) -> torch.Generator:
    seed = int(np.random.SeedSequence(entropy).generate_state(1, np.uint32)[0])
    return torch.Generator(device).manual_seed(seed)


def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
