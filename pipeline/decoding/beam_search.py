"""Beam search for the most probable continuation."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from pipeline.core.vocabulary import SIZE, START, STOP
from pipeline.decoding.continuation import Continuation, token_positions, until_stop
from pipeline.models.base.batches import collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq


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
        for place in token_positions(max_steps * voices, f"searching, {width} at once"):
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
        return until_stop(said[0].cpu().numpy())
    _, likeliest = max(ended, key=lambda pair: pair[0])
    return until_stop(likeliest.cpu().numpy())
