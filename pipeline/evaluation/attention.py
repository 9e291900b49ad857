"""Where a trained model looks, over many pieces and in the pieces that are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import TIED
from pipeline.decoding.attention import PieceAttention, attention
from pipeline.evaluation.metrics.attention import LIKE_INTERVALS, means, measure
from pipeline.evaluation.metrics.surprisal import classes
from pipeline.evaluation.samples import Sample
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.workflow.progress import track

ALL, ONSETS = "all", "onsets"  # every symbol but STOP, and those that begin a sounding note
DECIMALS = 4  # of the weights that are written


def analyse_attention(model: Seq2Seq, examples: Sequence[Example]) -> dict[str, Any] | None:
    """Where a model looks in pieces, told the true symbols before each.

    Returns:
        ``looks``: by what looks, by rows (ALL or ONSETS) and by measure the mean, beside what
        uniform attention gives on the same pieces; ``opinions``: by who has one and by rows the
        mean ``belief`` and ``credit``, see :class:`models.interface.Looks`. None for a model
        that does not look.
    """
    measured: list[dict[str, dict[str, NDArray[np.float64]]]] = []
    shares: list[dict[str, NDArray[np.float64]]] = []
    looking = zip(examples, attention(model, examples), strict=False)  # all, or none
    for example, seen in track(looking, "where the model looks", len(examples), "pieces"):
        measured.append({name: measure(weights, example) for name, weights in seen.weights.items()})
        shares.append(
            {
                name: np.stack([belief, seen.responsibilities[name]])[:, :-1].astype(np.float64)
                for name, belief in seen.mixture_weights.items()
            }
        )
    if not measured:
        return None
    chosen = {
        ALL: [np.ones(len(example.target) - 1, bool) for example in examples],
        ONSETS: [classes(example.target[:-1]) == 0 for example in examples],
    }
    looks = {
        name: {rows: means([piece[name] for piece in measured], where) for rows, where in chosen.items()}
        for name in measured[0]
    }
    opinions = {
        name: {rows: _shares([piece[name] for piece in shares], where) for rows, where in chosen.items()}
        for name in shares[0]
    }
    return {"pieces": len(examples), "like_intervals": LIKE_INTERVALS, "looks": looks, "opinions": opinions}


def describe_attention(model: Seq2Seq, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """The matrices of each sample and what is needed to draw them; none for a model that does not look."""
    seen = attention(model, [sample.example for sample in samples])
    return [_described(sample, found) for sample, found in zip(samples, seen, strict=False)]


def _described(sample: Sample, seen: PieceAttention) -> dict[str, Any]:
    row, example = sample.row, sample.example
    return {
        "piece_id": row["piece_id"],
        "title": row["title"],
        "voices": example.voices,
        "source": example.source.tolist(),
        "target": example.target.tolist(),
        "notes": _notes(example),
        "bars": np.flatnonzero(example.step_in_bar[:: example.voices] == 0).tolist(),
        "weights": _rounded(seen.weights),
        "beliefs": _rounded(seen.mixture_weights),
        "credits": _rounded(seen.responsibilities),
    }


def _notes(example: Example) -> list[tuple[int, int, int]]:
    """(first step, step after the last, pitch) of every sounding note, voice by voice."""
    symbols = np.concatenate([example.source, example.target[:-1]]).astype(np.int64)
    notes = []
    for voice in range(example.voices):
        own = symbols[voice :: example.voices]
        borders = np.append(np.flatnonzero(own < TIED), len(own))  # where notes and silences begin
        for begin, end in pairwise(borders.tolist()):
            if 0 < own[begin] < TIED:
                notes.append((begin, end, int(own[begin])))
    return notes


def _rounded(parts: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    return {name: part.astype(np.float64).round(DECIMALS).tolist() for name, part in parts.items()}


def _shares(
    pieces: Sequence[NDArray[np.float64]], chosen: Sequence[NDArray[np.bool_]]
) -> dict[str, float | None]:
    both = np.concatenate([piece[:, rows] for piece, rows in zip(pieces, chosen, strict=True)], axis=1)
    belief, credit = both.mean(axis=1).tolist() if both.shape[1] else (None, None)
    return {"belief": belief, "credit": credit}
