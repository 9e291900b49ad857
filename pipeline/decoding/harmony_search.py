"""Beam search for the harmony of the highest log-probability minus voice-leading costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core.text import counted
from pipeline.core.vocabulary import START, VOCAB_SIZE
from pipeline.decoding.beams import select_beams
from pipeline.decoding.continuation import token_positions
from pipeline.decoding.harmonization import as_target, closing_steps, given_cells, groups_of_equal_length
from pipeline.decoding.sampling import require_numbers
from pipeline.decoding.voice_leading.costs import VoiceLeadingCosts
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.models.base.batches import collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq


def search_harmonies(
    model: Seq2Seq,
    examples: Sequence[Example],
    width: int,
    batch_size: int = 32,
    guidance: Guidance | None = None,
) -> list[NDArray[np.uint16]]:
    """Predict the voices that are not given by beam search.

    A harmony's score is the sum of the log-probabilities of its predicted tokens minus
    their costs. All harmonies of a piece are equally long, so that no length is favoured.
    A width of 1 is greedy decoding.

    Args:
        model: on any device.
        examples: pieces with given voices.
        width: harmonies that are kept at every token.
        batch_size: examples that are harmonized at once.
        guidance: voice-leading costs; None: the model alone.

    Returns:
        As :func:`pipeline.decoding.harmonization.harmonize`.
    """
    harmonies: dict[int, NDArray[np.uint16]] = {}
    for indices in groups_of_equal_length(examples, batch_size):
        group = [examples[i] for i in indices]
        costs = None
        if guidance:
            costs = guidance.start(
                np.repeat(indices, width).tolist(), np.full((len(group) * width, group[0].voices), START)
            )
        tokens = _search_group(model, group, width, costs)
        harmonies |= {i: as_target(row, examples[i]) for i, row in zip(indices, tokens, strict=True)}
    return [harmonies[i] for i in range(len(examples))]


def _search_group(
    model: Seq2Seq, examples: Sequence[Example], width: int, costs: VoiceLeadingCosts | None
) -> NDArray[np.int64]:
    """(B, T - 1 of the longest) the best harmony of each example; undefined after the end of a piece."""
    device, n, voices = model.grammar_mask.device, len(examples), examples[0].voices
    batch = collate([example for example in examples for _ in range(width)]).to(device)
    cells = given_cells(batch)  # (B * W, N, V)
    n_tokens = np.repeat([len(example.target) - 1 for example in examples], width)
    closing = np.repeat(closing_steps(examples, cells[::width]), width, axis=0)
    previous = np.full((n * width, voices), START)
    tokens, never = previous[:, 0], torch.zeros(n * width, dtype=torch.bool, device=device)
    totals = np.where(np.arange(n * width) % width == 0, 0.0, -np.inf)  # beams are equal at first
    first = np.arange(n)[:, None] * width  # of the beams of each example
    links: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []  # of each position: beam before, token
    with torch.inference_mode():
        state = initial = model.start(batch)
        for position in token_positions(
            cells.shape[1] * voices, f"harmonizing {n}, {counted(width, 'harmony', 'harmonies')} each"
        ):
            step, voice = divmod(position, voices)
            logits, state = model.step(state, torch.from_numpy(tokens).to(device))
            masked = model.mask(logits, torch.from_numpy(previous[:, voice]).to(device), never)
            scores = masked.double().log_softmax(-1).cpu().numpy()
            require_numbers(scores)
            if costs:
                costs = costs if voice else costs.next_step(cells[:, step], closing[:, step])
                scores = scores - costs.of_candidates(voice)
            given = np.where(position < n_tokens, cells[:, step, voice], 0)  # any token after the end
            scores = np.where((given == START)[:, None], scores, -np.inf)
            forced = np.flatnonzero(given != START)
            scores[forced, given[forced]] = 0.0
            totals, rows, tokens = _best((totals[:, None] + scores).reshape(n, -1), width, first)
            links.append((rows, tokens))
            if not np.array_equal(rows, np.arange(n * width)):
                state = select_beams(state, initial, torch.from_numpy(rows).to(device))
                previous, costs = previous[rows], costs and costs.select(rows)
            previous = previous.copy()
            previous[:, voice] = tokens
            costs = costs and costs.choose(voice, tokens)
    return _trace(links, first[:, 0])


def _best(
    scores: NDArray[np.float64], width: int, first: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """The best extensions of each example, best first: their scores, beams and tokens, each (B * W,)."""
    places = np.argsort(-scores, axis=1, kind="stable")[:, :width]
    kept = np.take_along_axis(scores, places, axis=1).reshape(-1)
    return kept, (first + places // VOCAB_SIZE).reshape(-1), (places % VOCAB_SIZE).reshape(-1)


def _trace(
    links: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Follow the best beam of each example back from its last token."""
    found = []
    for before, tokens in reversed(links):
        found.append(tokens[rows])
        rows = before[rows]
    return np.stack(found[::-1], axis=1)
