"""What a trained model says: likelihoods of true targets, and continuations of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.batches import by_length, collate
from pipeline.examples import Example
from pipeline.models.interface import Seq2Seq
from pipeline.vocabulary import SIZE, START, STOP

WINDOW = 1024  # examples whose likelihoods are held at once, to return them in order


@dataclass(frozen=True)
class Continuation:
    """What a model says after a source.

    Attributes:
        tokens: (T,) uint16, valid after the source; ends in STOP if complete.
        complete: False where the limit of steps came before STOP.
    """

    tokens: NDArray[np.uint16]
    complete: bool


def log_probs(
    model: Seq2Seq, examples: Sequence[Example], batch_tokens: int = 8192
) -> Iterator[NDArray[np.float32]]:
    """Likelihoods of the true targets.

    Args:
        batch_tokens: most target symbols of a batch; changes nothing but rounding.

    Yields:
        For each example, in order, (T, 258) natural logarithms of probabilities
        that sum to 1 over the symbols valid there; -inf at the others.
    """
    for begin in range(0, len(examples), WINDOW):
        window = examples[begin : begin + WINDOW]
        found: dict[int, NDArray[np.float32]] = {}
        for indices in by_length(window, batch_tokens):
            rows = _log_probs_of([window[i] for i in indices], model)
            found |= {
                int(i): row[: len(window[i].target)].copy() for i, row in zip(indices, rows, strict=True)
            }
        yield from (found[i] for i in range(len(window)))


def attention(model: Seq2Seq, example: Example) -> NDArray[np.float32] | None:
    """(T, S) how much each true target symbol looks at each source symbol; rows sum to 1.

    None for a model without attention.
    """
    with torch.inference_mode():
        weights = model.attention(collate([example]).to(model.barriers.device))
    return None if weights is None else weights[0].cpu().numpy()


def continue_melodies(
    model: Seq2Seq,
    examples: Sequence[Example],
    max_steps: int,
    temperature: float = 0.0,
    seed: int = 0,
    batch_size: int = 256,
) -> list[Continuation]:
    """Continue the sources of examples under the grammar; their targets are not looked at.

    Args:
        max_steps: most steps that a continuation may have.
        temperature: 0 says the most probable symbol each time; above 0 draws from
            the distribution whose logits are divided by it.
        seed: of the draws; example i draws from its own stream, so it hears
            nothing of the others.
        batch_size: how many are continued at once.
    """
    chances = [np.random.default_rng([seed, i]) for i in range(len(examples))]
    order = sorted(range(len(examples)), key=lambda i: (examples[i].voices, len(examples[i].source), i))
    said: dict[int, Continuation] = {}
    for indices in _runs_of_equal_voices(order, examples, batch_size):
        group = [examples[i] for i in indices]
        draws = [chances[i] for i in indices]
        tokens = _continue_group(model, group, max_steps, temperature, draws)
        said |= {i: _until_stop(row) for i, row in zip(indices, tokens, strict=True)}
    return [said[i] for i in range(len(examples))]


def _log_probs_of(examples: Sequence[Example], model: Seq2Seq) -> NDArray[np.float32]:
    with torch.inference_mode():
        batch = collate(examples).to(model.barriers.device)
        masked = model.mask(model(batch), batch.previous, batch.stop_allowed)
        rows: NDArray[np.float32] = masked.log_softmax(-1).cpu().numpy()  # (B, T, 258)
    return rows


def _runs_of_equal_voices(
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
    temperature: float,
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
        for place in range(max_steps * voices):
            voice = place % voices
            logits, state = model.step(state, symbols)
            border = torch.full_like(stopped, voice == 0)
            symbols = _choose(model.mask(logits, held[:, voice], border), temperature, chances)
            said.append(symbols)
            stopped |= symbols == STOP
            if bool(stopped.all()):
                break
            symbols = symbols.masked_fill(stopped, 0)  # what a stopped one says is not kept
            held[:, voice] = symbols
    return torch.stack(said, dim=1).cpu().numpy() if said else np.empty((len(examples), 0), np.int64)


def _choose(logits: Tensor, temperature: float, chances: Sequence[np.random.Generator]) -> Tensor:
    """(B,) symbols: the most probable, or one drawn per row."""
    if temperature == 0:
        return logits.argmax(-1)
    cumulated = (logits.double() / temperature).softmax(-1).cumsum(-1).cpu().numpy()  # (B, 258)
    drawn = [
        np.searchsorted(row, chance.random() * row[-1], side="right")
        for row, chance in zip(cumulated, chances, strict=True)
    ]
    return torch.tensor(np.minimum(drawn, SIZE - 1), device=logits.device)


def _until_stop(symbols: NDArray[np.int64]) -> Continuation:
    stops = np.flatnonzero(symbols == STOP)
    complete = len(stops) > 0
    return Continuation(symbols[: stops[0] + 1 if complete else None].astype(np.uint16), complete)
