"""Continuing the sources of examples under the grammar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core.vocabulary import START, STOP
from pipeline.decoding.sampling import GREEDY, Sampling
from pipeline.models.base.batches import collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.workflow.progress import track


@dataclass(frozen=True)
class Continuation:
    """What a model says after a source.

    Attributes:
        tokens: (T,) uint16, valid after the source; ends in STOP if complete.
        complete: False where the limit of steps came before STOP.
    """

    tokens: NDArray[np.uint16]
    complete: bool


def continue_melodies(
    model: Seq2Seq,
    examples: Sequence[Example],
    max_steps: int,
    sampling: Sampling = GREEDY,
    seed: int = 0,
    batch_size: int = 256,
) -> list[Continuation]:
    """Continue the sources of examples under the grammar; their targets are not looked at.

    Args:
        max_steps: most steps that a continuation may have.
        sampling: how the next symbol is chosen.
        seed: of the draws; example i draws from its own stream, so it hears
            nothing of the others.
        batch_size: how many are continued at once.
    """
    chances = [np.random.default_rng([seed, i]) for i in range(len(examples))]
    order = sorted(range(len(examples)), key=lambda i: (examples[i].voices, len(examples[i].source), i))
    said: dict[int, Continuation] = {}
    for indices in _groups_of_equal_voices(order, examples, batch_size):
        group = [examples[i] for i in indices]
        draws = [chances[i] for i in indices]
        tokens = _continue_group(model, group, max_steps, sampling, draws)
        said |= {i: until_stop(row) for i, row in zip(indices, tokens, strict=True)}
    return [said[i] for i in range(len(examples))]


def until_stop(symbols: NDArray[np.int64]) -> Continuation:
    """A continuation up to its first STOP, that included."""
    stops = np.flatnonzero(symbols == STOP)
    complete = len(stops) > 0
    return Continuation(symbols[: stops[0] + 1 if complete else None].astype(np.uint16), complete)


def token_positions(most: int, what: str) -> Iterator[int]:
    """The places of the symbols to say, with progress; STOP may come before the last."""
    return track(range(most), what, most, "symbols")


def _groups_of_equal_voices(
    order: Sequence[int], examples: Sequence[Example], batch_size: int
) -> Iterator[list[int]]:
    group: list[int] = []
    for index in order:
        if group and (len(group) == batch_size or examples[index].voices != examples[group[0]].voices):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _continue_group(
    model: Seq2Seq,
    examples: Sequence[Example],
    max_steps: int,
    sampling: Sampling,
    chances: Sequence[np.random.Generator],
) -> NDArray[np.int64]:
    """(B, up to max_steps * V + 1) symbols; after a STOP they mean nothing."""
    device = model.barriers.device
    voices = examples[0].voices
    batch = collate(examples).to(device)
    held = torch.tensor(np.stack([e.source[-voices:] for e in examples]).astype(np.int64), device=device)
    symbols = torch.full((len(examples),), START, device=device)
    stopped = torch.zeros(len(examples), dtype=torch.bool, device=device)
    said = []
    with torch.inference_mode():
        state = model.start(batch)
        for place in token_positions(max_steps * voices, f"continuing {len(examples)} at once"):
            voice = place % voices
            logits, state = model.step(state, symbols)
            border = torch.full_like(stopped, voice == 0)
            masked = model.mask(logits, held[:, voice], border).double().cpu().numpy()
            symbols = torch.from_numpy(sampling.choose(masked, chances)).to(device)
            said.append(symbols)
            stopped |= symbols == STOP
            if bool(stopped.all()):
                break
            symbols = symbols.masked_fill(stopped, 0)  # what a stopped one says is not kept
            held[:, voice] = symbols
    return torch.stack(said, dim=1).cpu().numpy() if said else np.empty((len(examples), 0), np.int64)
