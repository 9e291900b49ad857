"""Attention of a trained model: means over many pieces, and the matrices of samples."""

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

ALL, ONSETS = "all", "onsets"  # rows: all tokens but STOP, and onsets of sounding notes
DECIMALS = 4  # of the weights that are written


def analyse_attention(model: Seq2Seq, examples: Sequence[Example]) -> dict[str, Any] | None:
    """Attention of a model under teacher forcing, compared with uniform attention.

    Returns:
        ``measures``: by attention, rows (ALL or ONSETS) and measure the mean, and that of uniform
        attention on the same pieces; ``components``: by mixture component and rows the mean
        ``mixture_weight`` and ``responsibility``, see
        :class:`models.base.interface.AttentionMaps`. None for a model without attention.
    """
    measured: list[dict[str, dict[str, NDArray[np.float64]]]] = []
    shares: list[dict[str, NDArray[np.float64]]] = []
    pairs = zip(examples, attention(model, examples), strict=False)  # all, or none
    for example, maps in track(pairs, "analysing attention", len(examples), "pieces"):
        measured.append({name: measure(weights, example) for name, weights in maps.weights.items()})
        shares.append(
            {
                name: np.stack([weight, maps.responsibilities[name]])[:, :-1].astype(np.float64)
                for name, weight in maps.mixture_weights.items()
            }
        )
    if not measured:
        return None
    chosen = {
        ALL: [np.ones(len(example.target) - 1, bool) for example in examples],
        ONSETS: [classes(example.target[:-1]) == 0 for example in examples],
    }
    measures = {
        name: {rows: means([piece[name] for piece in measured], where) for rows, where in chosen.items()}
        for name in measured[0]
    }
    components = {
        name: {rows: _shares([piece[name] for piece in shares], where) for rows, where in chosen.items()}
        for name in shares[0]
    }
    return {
        "pieces": len(examples),
        "like_intervals": LIKE_INTERVALS,
        "measures": measures,
        "components": components,
    }


def describe_attention(model: Seq2Seq, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """The matrices of each sample and the data to draw them; empty for a model without attention."""
    maps = attention(model, [sample.example for sample in samples])
    return [_described(sample, found) for sample, found in zip(samples, maps, strict=False)]


def _described(sample: Sample, maps: PieceAttention) -> dict[str, Any]:
    row, example = sample.row, sample.example
    return {
        "piece_id": row["piece_id"],
        "title": row["title"],
        "voices": example.voices,
        "source": example.source.tolist(),
        "target": example.target.tolist(),
        "notes": _notes(example),
        "bars": np.flatnonzero(example.step_in_bar[:: example.voices] == 0).tolist(),
        "weights": _rounded(maps.weights),
        "mixture_weights": _rounded(maps.mixture_weights),
        "responsibilities": _rounded(maps.responsibilities),
    }


def _notes(example: Example) -> list[tuple[int, int, int]]:
    """(first step, step after the last, pitch) of every sounding note, voice by voice."""
    tokens = np.concatenate([example.source, example.target[:-1]]).astype(np.int64)
    notes = []
    for voice in range(example.voices):
        own = tokens[voice :: example.voices]
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
    weight, responsibility = both.mean(axis=1).tolist() if both.shape[1] else (None, None)
    return {"mixture_weight": weight, "responsibility": responsibility}
