"""The loss of a batch and its gradient, computed in slices side by side.

On a processor each slice of a batch runs in a thread of its own, whose torch
uses that thread alone: the threads meet once a batch, where threads inside an
LSTM meet several times a step of the melody (with one other busy process on the
machine those were seen to be ten times slower). Sums over slices are taken in
their order, so that the result does not depend on who was first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.batches import Batch, by_length, collate
from pipeline.examples import Example
from pipeline.models.interface import Seq2Seq
from pipeline.vocabulary import IGNORED_LABEL


class Workers:
    """Threads that compute losses and gradients of one model.

    Args:
        threads: how many slices a batch is cut into; on a GPU it stays whole.
    """

    def __init__(self, model: Seq2Seq, threads: int) -> None:
        self._model = model
        self._device = model.barriers.device
        self._threads = threads if self._device.type == "cpu" else 1
        self._parameters = list(model.parameters())
        self._pool = ThreadPoolExecutor(self._threads, initializer=_one_thread)

    def gradient(
        self, examples: Sequence[Example], teacher_forcing: float, seeds: Iterable[int]
    ) -> tuple[Tensor, list[Tensor]]:
        """Summed nats of a batch, and for each parameter the gradient of the sum.

        Args:
            examples: of one batch.
            teacher_forcing: see ``sometimes_its_own``.
            seeds: of all noise in this batch.
        """
        slices = [part for i in range(self._threads) if (part := examples[i :: self._threads])]
        entropy = list(seeds)

        def of_slice(number: int) -> tuple[Tensor, tuple[Tensor, ...]]:
            batch = collate(slices[number]).to(self._device)
            noise = _generator([*entropy, number], self._device)
            told = sometimes_its_own(self._model, batch, teacher_forcing, noise)
            nats = summed_nats(self._model, told, noise)
            return nats.detach(), torch.autograd.grad(nats, self._parameters)

        results = list(self._pool.map(of_slice, range(len(slices))))
        nats = torch.stack([nats for nats, _ in results]).sum()
        gradients = list(results[0][1])
        for _, others in results[1:]:
            torch._foreach_add_(gradients, others)
        return nats, gradients

    def nats_per_token(self, examples: Sequence[Example], batch_tokens: int) -> float:
        """Mean loss over the target symbols of all examples, STOP included, without noise."""

        def of_batch(indices: Sequence[int]) -> Tensor:
            with torch.inference_mode():
                return summed_nats(self._model, collate([examples[i] for i in indices]).to(self._device))

        sums = list(self._pool.map(of_batch, by_length(examples, batch_tokens)))
        return float(torch.stack(sums).double().sum()) / sum(len(example.target) for example in examples)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


def summed_nats(model: Seq2Seq, batch: Batch, noise: torch.Generator | None = None) -> Tensor:
    """The loss of a batch: nats of all target symbols, renormalised over the valid ones."""
    logits = model.mask(model(batch, noise), batch.previous, batch.stop_allowed)  # (B, T, 258)
    return nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.target.flatten(), ignore_index=IGNORED_LABEL, reduction="sum"
    )


def sometimes_its_own(model: Seq2Seq, batch: Batch, teacher_forcing: float, noise: torch.Generator) -> Batch:
    """Tell the decoder some of its own symbols in place of the true ones.

    A first pass, told the truth, gives a distribution for every place; what is
    drawn from it replaces a random share of the inputs of the second pass, which
    is the one that learns. The grammar's state stays that of the true symbols.

    Source: scheduled sampling (Bengio et al. 2015) in two parallel passes
    (Mihaylova and Martins 2019); differs in a share that stays the same.
    """
    if teacher_forcing == 1:
        return batch
    with torch.no_grad():
        never = torch.zeros_like(batch.stop_allowed)  # a decoder is never told STOP
        logits = model.mask(model(batch, noise), batch.previous, never)  # (B, T, 258)
        drawn = torch.multinomial(logits.flatten(0, 1).softmax(-1), 1, generator=noise)
        said = drawn.view_as(batch.inputs)  # (B, T)
        chance = torch.rand(said.shape, generator=noise, device=said.device)
    inputs = batch.inputs.clone()
    inputs[:, 1:] = torch.where(chance[:, 1:] < teacher_forcing, inputs[:, 1:], said[:, :-1])
    return batch.with_inputs(inputs)


def _generator(entropy: Sequence[int], device: torch.device) -> torch.Generator:
    seed = int(np.random.SeedSequence(entropy).generate_state(1, np.uint32)[0])
    return torch.Generator(device).manual_seed(seed)


def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
