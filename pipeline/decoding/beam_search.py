"""Beam search for the most probable continuation."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from pipeline.core.vocabulary import START, STOP, VOCAB_SIZE
from pipeline.decoding.beams import select_beams
from pipeline.decoding.continuation import Continuation, token_positions, until_stop
from pipeline.decoding.sampling import require_numbers
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.models.base.batches import collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq


def search(
    model: Seq2Seq, example: Example, max_steps: int, width: int, guidance: Guidance | None = None
) -> Continuation:
    """Continue one source by beam search: the most probable continuation found.

    Continuations of different lengths are compared by their mean log-probability per
    token. The search ends when ``width`` of them end in STOP.

    Args:
        model: on any device.
        example: its target is not used.
        max_steps: largest number of steps of a continuation.
        width: unfinished continuations that are kept at every token.
        guidance: voice-leading costs of the one piece; None: none.
    """
    device, voices = model.grammar_mask.device, example.voices
    batch = collate([example] * width).to(device)
    previous = torch.tensor(example.source[-voices:].astype(np.int64), device=device).repeat(width, 1)
    tokens = torch.full((width,), START, device=device)
    predicted = torch.empty((width, 0), dtype=torch.int64, device=device)
    totals = torch.full((width,), -math.inf, device=device, dtype=torch.float64)
    totals[0] = 0.0  # all beams are equal at first: one of them is enough
    complete: list[tuple[float, Tensor]] = []
    costs = guidance.start([0] * width, previous.cpu().numpy()) if guidance else None
    with torch.inference_mode():
        state = initial = model.start(batch)
        for position in token_positions(max_steps * voices, f"searching, {width} at once"):
            voice = position % voices
            logits, state = model.step(state, tokens)
            stop_allowed = torch.full((width,), voice == 0, device=device)
            scores = model.mask(logits, previous[:, voice], stop_allowed).double().log_softmax(-1)  # (W, 258)
            require_numbers(scores.cpu().numpy())
            if costs:
                costs = costs if voice else costs.next_step(np.full((width, voices), START))
                scores = scores - torch.from_numpy(costs.of_candidates(voice)).to(device)
            best, places = (totals[:, None] + scores).flatten().topk(2 * width)
            rows, chosen = places // VOCAB_SIZE, places % VOCAB_SIZE
            stops = (chosen == STOP) & best.isfinite()
            complete += [
                (float(best[i]) / (position + 1), torch.cat([predicted[rows[i]], chosen[i : i + 1]]))
                for i in torch.nonzero(stops[:width])[:, 0].tolist()
            ]
            if len(complete) >= width:
                break
            kept = torch.nonzero(~stops)[:width, 0]
            rows, tokens, totals = rows[kept], chosen[kept], best[kept]
            predicted = torch.cat([predicted[rows], tokens[:, None]], dim=1)
            previous = previous[rows]
            previous[:, voice] = tokens
            state = select_beams(state, initial, rows)
            if costs:
                costs = costs.select(rows.cpu().numpy()).choose(voice, tokens.cpu().numpy())
    if not complete:
        return until_stop(predicted[0].cpu().numpy())
    _, most_probable = max(complete, key=lambda pair: pair[0])
    return until_stop(most_probable.cpu().numpy())
