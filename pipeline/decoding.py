"""What a trained model says: likelihoods of true targets, and continuations of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.batches import by_length, collate
from pipeline.examples import Example
from pipeline.models.interface import Seq2Seq
from pipeline.progress import track
from pipeline.sampling import GREEDY, Sampling
from pipeline.vocabulary import PAD_ROW, SIZE, START, STOP

WINDOW = 1024  # examples whose likelihoods are held at once, to return them in order
FEW = 64  # examples whose matrices are


@dataclass(frozen=True)
class Continuation:
    """What a model says after a source.

    Attributes:
        tokens: (T,) uint16, valid after the source; ends in STOP if complete.
        complete: False where the limit of steps came before STOP.
    """

    tokens: NDArray[np.uint16]
    complete: bool


@dataclass(frozen=True)
class Attention:
    """Where each place of one target looks, and whom it believes; see :class:`models.interface.Looks`.

    Attributes:
        weights: by what looks: (T, N), N the symbols of the source, or of source and target but the last.
        beliefs, credits: by who has an opinion: (T,).
    """

    weights: Mapping[str, NDArray[np.float32]]
    beliefs: Mapping[str, NDArray[np.float32]]
    credits: Mapping[str, NDArray[np.float32]]


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


def attention(model: Seq2Seq, examples: Sequence[Example], batch_tokens: int = 2048) -> Iterator[Attention]:
    """Where a model looks, told the true symbols before.

    Args:
        batch_tokens: most target symbols of a batch; changes nothing but rounding.

    Yields:
        For each example, in order; nothing for a model that does not look.
    """
    for begin in range(0, len(examples), FEW):
        window = examples[begin : begin + FEW]
        found: dict[int, Attention] = {}
        for indices in by_length(window, batch_tokens):
            seen = _attention_of([window[i] for i in indices], model)
            found |= zip(indices.tolist(), seen, strict=False)  # none was seen, or all
        yield from (found[i] for i in sorted(found))


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
    for indices in _runs_of_equal_voices(order, examples, batch_size):
        group = [examples[i] for i in indices]
        draws = [chances[i] for i in indices]
        tokens = _continue_group(model, group, max_steps, sampling, draws)
        said |= {i: _until_stop(row) for i, row in zip(indices, tokens, strict=True)}
    return [said[i] for i in range(len(examples))]


def harmonize(
    model: Seq2Seq,
    examples: Sequence[Example],
    sampling: Sampling = GREEDY,
    seed: int = 0,
    batch_size: int = 64,
) -> list[NDArray[np.uint16]]:
    """Say the voices that are not given, under the grammar; what the targets say there is not looked at.

    Args:
        examples: pieces with given voices.
        sampling: how the next symbol is chosen.
        seed: of the draws; example i draws from its own stream.
        batch_size: how many are harmonized at once.

    Returns:
        Of each piece all voices, given ones as they are, ending in STOP: (T,), as its target.
    """
    chances = [np.random.default_rng([seed, i]) for i in range(len(examples))]
    order = sorted(range(len(examples)), key=lambda i: (len(examples[i].target), i))
    said: dict[int, NDArray[np.uint16]] = {}
    for begin in range(0, len(order), batch_size):
        indices = order[begin : begin + batch_size]
        group = [examples[i] for i in indices]
        tokens = _harmonize_group(model, group, sampling, [chances[i] for i in indices])
        for i, row in zip(indices, tokens, strict=True):
            n_symbols = len(examples[i].target) - 1
            said[i] = np.append(row[:n_symbols], STOP).astype(np.uint16)
    return [said[i] for i in range(len(examples))]


def search(model: Seq2Seq, example: Example, max_steps: int, width: int) -> Continuation:
    """Continue one source by beam search: the likeliest continuation that is found.

    Continuations of different lengths are compared by their mean log-probability a
    symbol. The search ends when ``width`` of them have said STOP.

    Args:
        max_steps: most steps that a continuation may have.
        width: unfinished continuations that are kept at every symbol.
    """
    device, voices = model.barriers.device, example.voices
    batch = collate([example] * width).to(device)
    held = torch.tensor(example.source[-voices:].astype(np.int64), device=device).repeat(width, 1)
    symbols = torch.full((width,), START, device=device)
    said = torch.empty((width, 0), dtype=torch.int64, device=device)
    totals = torch.full((width,), -math.inf, device=device, dtype=torch.float64)
    totals[0] = 0.0  # all begin alike: one of them is enough
    ended: list[tuple[float, Tensor]] = []
    with torch.inference_mode():
        state = model.start(batch)
        for place in _places(max_steps * voices, f"searching, {width} at once"):
            voice = place % voices
            logits, state = model.step(state, symbols)
            border = torch.full((width,), voice == 0, device=device)
            scores = model.mask(logits, held[:, voice], border).double().log_softmax(-1)  # (W, 258)
            best, places = (totals[:, None] + scores).flatten().topk(2 * width)
            rows, chosen = places // SIZE, places % SIZE
            stops = (chosen == STOP) & best.isfinite()
            ended += [
                (float(best[i]) / (place + 1), torch.cat([said[rows[i]], chosen[i : i + 1]]))
                for i in torch.nonzero(stops[:width])[:, 0].tolist()
            ]
            if len(ended) >= width:
                break
            going = torch.nonzero(~stops)[:width, 0]
            rows, symbols, totals = rows[going], chosen[going], best[going]
            said = torch.cat([said[rows], symbols[:, None]], dim=1)
            held = held[rows]
            held[:, voice] = symbols
            state = tuple(part[rows] for part in state)
    if not ended:
        return _until_stop(said[0].cpu().numpy())
    _, likeliest = max(ended, key=lambda pair: pair[0])
    return _until_stop(likeliest.cpu().numpy())


def _log_probs_of(examples: Sequence[Example], model: Seq2Seq) -> NDArray[np.float32]:
    with torch.inference_mode():
        batch = collate(examples).to(model.barriers.device)
        masked = model.mask(model(batch), batch.previous, batch.stop_allowed)
        rows: NDArray[np.float32] = masked.log_softmax(-1).cpu().numpy()  # (B, T, 258)
    return rows


def _attention_of(examples: Sequence[Example], model: Seq2Seq) -> list[Attention]:
    with torch.inference_mode():
        batch = collate(examples).to(model.barriers.device)
        looks = model.attention(batch)
    if looks is None:
        return []
    width = batch.source.shape[1]
    seen = []
    for row, example in enumerate(examples):
        n_source, n_target = len(example.source), len(example.target)
        columns = torch.cat([torch.arange(n_source), torch.arange(width, width + n_target - 1)])
        weights = {
            name: part[row, :n_target, columns[columns < part.shape[2]]].cpu().numpy()
            for name, part in looks.weights.items()
        }
        beliefs, credits = (
            {name: part[row, :n_target].cpu().numpy() for name, part in parts.items()}
            for parts in (looks.beliefs, looks.credits)
        )
        seen.append(Attention(weights, beliefs, credits))
    return seen


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
        for place in _places(max_steps * voices, f"continuing {len(examples)} at once"):
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


def _harmonize_group(
    model: Seq2Seq, examples: Sequence[Example], sampling: Sampling, chances: Sequence[np.random.Generator]
) -> NDArray[np.int64]:
    """(B, T - 1 of the longest) symbols of all voices; after the end of a piece they mean nothing."""
    device, voices = model.barriers.device, examples[0].voices
    batch = collate(examples).to(device)
    given = batch.source.masked_fill(batch.source == PAD_ROW, START)  # START: to be said
    held = torch.full((len(examples), voices), START, device=device)
    symbols, never = held[:, 0], torch.zeros(len(examples), dtype=torch.bool, device=device)
    said = []
    with torch.inference_mode():
        state = model.start(batch)
        for place in _places(given.shape[1], f"harmonizing {len(examples)} at once"):
            voice = place % voices
            logits, state = model.step(state, symbols)
            masked = model.mask(logits, held[:, voice], never).double().cpu().numpy()
            chosen = torch.from_numpy(sampling.choose(masked, chances)).to(device)
            told = given[:, place]
            symbols = torch.where(told == START, chosen, told)
            said.append(symbols)
            held[:, voice] = symbols
    return torch.stack(said, dim=1).cpu().numpy()


def _places(most: int, what: str) -> Iterator[int]:
    """The places of the symbols to say, with progress; STOP may come before the last."""
    return track(range(most), what, most, "symbols")


def _until_stop(symbols: NDArray[np.int64]) -> Continuation:
    stops = np.flatnonzero(symbols == STOP)
    complete = len(stops) > 0
    return Continuation(symbols[: stops[0] + 1 if complete else None].astype(np.uint16), complete)
