"""Predicting the voices of a piece that are not given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core.vocabulary import PAD_ID, START, STOP, TIED
from pipeline.decoding.continuation import token_positions
from pipeline.decoding.sampling import GREEDY, Sampling, require_numbers
from pipeline.decoding.voice_leading.costs import VoiceLeadingCosts
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.models.base.batches import Batch, collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq


def harmonize(
    model: Seq2Seq,
    examples: Sequence[Example],
    sampling: Sampling = GREEDY,
    seed: int = 0,
    batch_size: int = 64,
    guidance: Guidance | None = None,
) -> list[NDArray[np.uint16]]:
    """Predict the voices that are not given, under the grammar; their true tokens are not used.

    Args:
        model: on any device.
        examples: pieces with given voices.
        sampling: how the next token is chosen.
        seed: of the samples; example i has its own random stream.
        batch_size: examples that are harmonized at once.
        guidance: voice-leading costs to subtract from the logits; None: the model alone.

    Returns:
        For each piece all voices, the given ones unchanged, ending in STOP: (T,), as its target.
    """
    generators = [np.random.default_rng([seed, i]) for i in range(len(examples))]
    harmonies: dict[int, NDArray[np.uint16]] = {}
    for indices in groups_of_equal_length(examples, batch_size):
        group = [examples[i] for i in indices]
        costs = None
        if guidance:
            costs = guidance.start(indices, np.full((len(group), group[0].voices), START))
        tokens = _harmonize_group(model, group, sampling, [generators[i] for i in indices], costs)
        harmonies |= {i: as_target(row, examples[i]) for i, row in zip(indices, tokens, strict=True)}
    return [harmonies[i] for i in range(len(examples))]


def groups_of_equal_length(examples: Sequence[Example], batch_size: int) -> Iterator[list[int]]:
    """Indices of examples of about equal length, at most ``batch_size`` in each group."""
    order = sorted(range(len(examples)), key=lambda i: (len(examples[i].target), i))
    for begin in range(0, len(order), batch_size):
        yield order[begin : begin + batch_size]


def as_target(tokens: NDArray[np.int64], example: Example) -> NDArray[np.uint16]:
    """The tokens of one piece, without what follows its end, and STOP."""
    return np.append(tokens[: len(example.target) - 1], STOP).astype(np.uint16)


def _harmonize_group(
    model: Seq2Seq,
    examples: Sequence[Example],
    sampling: Sampling,
    generators: Sequence[np.random.Generator],
    costs: VoiceLeadingCosts | None,
) -> NDArray[np.int64]:
    """(B, T - 1 of the longest) tokens of all voices; undefined after the end of a piece."""
    device, voices = model.grammar_mask.device, examples[0].voices
    batch = collate(examples).to(device)
    cells = given_cells(batch)
    source = torch.from_numpy(cells.reshape(len(cells), -1)).to(device)
    closing = closing_steps(examples, cells)
    previous = torch.full((len(examples), voices), START, device=device)
    tokens, never = previous[:, 0], torch.zeros(len(examples), dtype=torch.bool, device=device)
    filled = []
    with torch.inference_mode():
        state = model.start(batch)
        for position in token_positions(source.shape[1], f"harmonizing {len(examples)} at once"):
            step, voice = divmod(position, voices)
            logits, state = model.step(state, tokens)
            masked = model.mask(logits, previous[:, voice], never).double().cpu().numpy()
            require_numbers(masked)
            if costs:
                costs = costs if voice else costs.next_step(cells[:, step], closing[:, step])
                masked -= costs.of_candidates(voice)
            predicted = torch.from_numpy(sampling.choose(masked, generators)).to(device)
            given = source[:, position]
            tokens = torch.where(given == START, predicted, given)
            if costs:
                costs = costs.choose(voice, tokens.cpu().numpy())
            filled.append(tokens)
            previous[:, voice] = tokens
    return torch.stack(filled, dim=1).cpu().numpy()


def given_cells(batch: Batch) -> NDArray[np.int64]:
    """(B, N, V) the tokens of the given voices; START where one is to be predicted and after the end."""
    source = batch.source.masked_fill(batch.source == PAD_ID, START)
    return source.view(len(source), -1, batch.voices).cpu().numpy()


def closing_steps(examples: Sequence[Example], cells: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(B, N) the steps of the closing chords: of the notes of the top voice that end a phrase.

    Where the top voice is not given, of each phrase its last step alone.

    Args:
        cells: (B, N, V) tokens of the given voices, START elsewhere.
    """
    closing = np.zeros(cells.shape[:2], bool)
    for row, example in enumerate(examples):
        for end in np.flatnonzero(example.phrase_ends).tolist():
            begin = end
            while begin and TIED <= cells[row, begin, 0] < START:
                begin -= 1
            closing[row, begin : end + 1] = True
    return closing
