"""Continuing the sources of examples under the grammar, greedily or by sampling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core.vocabulary import START, STOP
from pipeline.decoding.repetition import RepetitionCosts
from pipeline.decoding.sampling import GREEDY, Sampling, require_numbers
from pipeline.decoding.voice_leading.costs import VoiceLeadingCosts
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.models.base.batches import collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.workflow.progress import track


@dataclass(frozen=True)
class Continuation:
    """A model's continuation of a source.

    Attributes:
        tokens: (T,) uint16, valid after the source; ends in STOP if complete.
        complete: False where the limit of steps was reached before STOP.
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
    repetition_nats: float = 0.0,
    guidance: Guidance | None = None,
) -> list[Continuation]:
    """Continue the sources of examples under the grammar; their targets are not used.

    Args:
        model: on any device.
        examples: pieces to continue.
        max_steps: largest number of steps of a continuation.
        sampling: how the next token is chosen.
        seed: of the samples; example i has its own random stream, so that its continuation
            does not depend on the other examples.
        batch_size: examples that are continued at once.
        repetition_nats: cost of continuing a repeated passage; see
            :mod:`pipeline.decoding.repetition`.
        guidance: voice-leading costs of pieces of several voices; None: none.
    """
    generators = [np.random.default_rng([seed, i]) for i in range(len(examples))]
    order = sorted(range(len(examples)), key=lambda i: (examples[i].voices, len(examples[i].source), i))
    continuations: dict[int, Continuation] = {}
    for indices in _groups_of_equal_voices(order, examples, batch_size):
        group = [examples[i] for i in indices]
        costs = RepetitionCosts.start(repetition_nats, group) if repetition_nats else None
        leading = guidance.start(indices, last_tokens(group)) if guidance else None
        tokens = _continue_group(
            model, group, max_steps, sampling, [generators[i] for i in indices], costs, leading
        )
        continuations |= {i: until_stop(row) for i, row in zip(indices, tokens, strict=True)}
    return [continuations[i] for i in range(len(examples))]


def until_stop(tokens: NDArray[np.int64]) -> Continuation:
    """A continuation up to and including its first STOP."""
    stops = np.flatnonzero(tokens == STOP)
    complete = len(stops) > 0
    return Continuation(tokens[: stops[0] + 1 if complete else None].astype(np.uint16), complete)


def last_tokens(examples: Sequence[Example]) -> NDArray[np.int64]:
    """(B, V) the last token of each voice of the sources."""
    return np.stack([example.source[-example.voices :] for example in examples]).astype(np.int64)


def token_positions(n_tokens: int, what: str) -> Iterator[int]:
    """The positions of the tokens to predict, with a progress bar; decoding may stop before the last."""
    return track(range(n_tokens), what, n_tokens, "tokens")


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
    generators: Sequence[np.random.Generator],
    costs: RepetitionCosts | None,
    leading: VoiceLeadingCosts | None,
) -> NDArray[np.int64]:
    """(B, up to max_steps * V + 1) tokens; undefined after a STOP."""
    device = model.grammar_mask.device
    voices = examples[0].voices
    batch = collate(examples).to(device)
    previous = torch.tensor(last_tokens(examples), device=device)
    unknown = np.full((len(examples), voices), START)
    tokens = torch.full((len(examples),), START, device=device)
    stopped = torch.zeros(len(examples), dtype=torch.bool, device=device)
    predicted = []
    with torch.inference_mode():
        state = model.start(batch)
        for position in token_positions(max_steps * voices, f"continuing {len(examples)} at once"):
            voice = position % voices
            logits, state = model.step(state, tokens)
            stop_allowed = torch.full_like(stopped, voice == 0)
            masked = model.mask(logits, previous[:, voice], stop_allowed).double().cpu().numpy()
            require_numbers(masked)
            if costs:
                masked -= costs.of_candidates()
            if leading:
                leading = leading if voice else leading.next_step(unknown)
                masked -= leading.of_candidates(voice)
            tokens = torch.from_numpy(sampling.choose(masked, generators)).to(device)
            predicted.append(tokens)
            stopped |= tokens == STOP
            if bool(stopped.all()):
                break
            tokens = tokens.masked_fill(stopped, 0)  # any valid token: it is discarded
            previous[:, voice] = tokens
            costs = costs and costs.append(tokens.cpu().numpy())
            leading = leading and leading.choose(voice, tokens.cpu().numpy())
    return (
        torch.stack(predicted, dim=1).cpu().numpy() if predicted else np.empty((len(examples), 0), np.int64)
    )
