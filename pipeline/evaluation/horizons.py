"""Continuations of many predictors compared with the true ones, by horizon.

A table has one row per piece, predictor and horizon. Where a predictor has several samples
of a piece, a row holds the means over the samples in which a score is defined. Figures are
means over pieces, with confidence intervals over tune families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.vocabulary import STOP
from pipeline.evaluation.baselines.continuations import Tokens
from pipeline.evaluation.metrics.continuation import (
    Ints,
    Points,
    edit_distances,
    last_steps,
    pattern_matches,
    pitch_overlaps,
    points,
)
from pipeline.evaluation.metrics.likelihood import interval
from pipeline.models.base.examples import Example
from pipeline.workflow.progress import track

HORIZONS = tuple(range(2, 11))  # quarter notes after the last onset of the source
GROUPING = ("piece_id", "corpus", "tune_family", "soft_relative")
SCORES = ("f1", "precision", "recall", "pitch_overlap", "pitch_class_overlap", "edit_share")

CONTINUATIONS = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("tune_family", pa.string(), nullable=False),
        ("soft_relative", pa.bool_()),
        pa.field("predictor", pa.string(), nullable=False),
        pa.field("horizon_quarters", pa.int16(), nullable=False),
        ("n_samples", pa.int16()),
        ("n_undefined", pa.int16()),  # samples with fewer than two notes on either side: no F1
        *((name, pa.float64()) for name in SCORES),  # null where undefined in every sample
    ]
)


def steps_to_predict(example: Example, steps_per_quarter: int) -> int:
    """Steps from the cut to the last horizon, that step included."""
    source = points(example.source, example.voices)
    last = int(source[:, 0].max()) if len(source) else 0
    return max(last + HORIZONS[-1] * steps_per_quarter + 1 - len(example.source) // example.voices, 1)


def measure_continuations(
    continuations: Mapping[str, Sequence[Sequence[Tokens]]], rows: pa.Table, examples: Sequence[Example]
) -> pa.Table:
    """Score every sample of every predictor at every horizon.

    Args:
        continuations: predictor → samples of each piece, each the tokens after the source.
        rows: of the token shards, at least GROUPING and ``steps_per_quarter``.
        examples: the same pieces, cut.

    Returns:
        A table of CONTINUATIONS, ordered by predictor as given, piece and horizon.
    """
    pieces = rows.select([*GROUPING, "steps_per_quarter"]).to_pylist()
    measured = []
    for predictor, samples in continuations.items():
        scored = track(zip(pieces, examples, samples, strict=True), f"comparing {predictor}", len(pieces))
        for piece, example, own in scored:
            steps_per_quarter = piece["steps_per_quarter"]
            about = {name: piece[name] for name in GROUPING} | {"predictor": predictor}
            measured += [{**about, **row} for row in _by_horizon(example, own, steps_per_quarter)]
    return pa.Table.from_pylist(measured, schema=CONTINUATIONS)


def figures_by_horizon(table: pa.Table, seed: int) -> dict[str, Any]:
    """Mean scores of each predictor at each horizon, F1 with its 95 % interval over tune families.

    Returns:
        ``{predictor: {horizon: {score: mean, "f1_interval": {...}, "n_pieces", "n_undefined"}}}``;
        a score that no piece defines is null.
    """
    figures: dict[str, Any] = {}
    for predictor in dict.fromkeys(table["predictor"].to_pylist()):
        own = table.filter(pc.equal(table["predictor"], predictor))
        figures[predictor] = {
            str(horizon): _means(own.filter(pc.equal(own["horizon_quarters"], horizon)), seed)
            for horizon in HORIZONS
        }
    return figures


def _by_horizon(example: Example, samples: Sequence[Tokens], steps_per_quarter: int) -> list[dict[str, Any]]:
    """One row per horizon for one piece and predictor, without the columns of the piece."""
    first = len(example.source) // example.voices
    source = points(example.source, example.voices)
    true = points(example.target, example.voices, first)
    ends = last_steps(source, [quarters * steps_per_quarter for quarters in HORIZONS])
    lengths = np.maximum((ends + 1 - first) * example.voices, 0)  # tokens from the cut to the end
    edits = _edit_shares(example.target, samples, lengths)
    scores = [
        _scores(true, points(sample, example.voices, first), ends) | {"edit_share": edit}
        for sample, edit in zip(samples, edits, strict=True)
    ]
    return [
        {
            "horizon_quarters": quarters,
            "n_samples": len(scores),
            "n_undefined": sum(score["f1"][number] is None for score in scores),
            **{name: _mean([score[name][number] for score in scores]) for name in SCORES},
        }
        for number, quarters in enumerate(HORIZONS)
    ]


def _scores(true: Points, generated: Points, ends: Ints) -> dict[str, list[float | None]]:
    """The scores of a sample, each up to each of several steps."""
    matches = pattern_matches(true, generated, ends)
    return {
        "f1": [match.f1 if match else None for match in matches],
        "precision": [match.precision if match else None for match in matches],
        "recall": [match.recall if match else None for match in matches],
        "pitch_overlap": pitch_overlaps(true, generated, ends),
        "pitch_class_overlap": pitch_overlaps(true, generated, ends, modulo=12),
    }


def _edit_shares(target: Tokens, samples: Sequence[Tokens], lengths: Ints) -> list[list[float | None]]:
    """Edit distances of each sample between the first tokens, as shares of the longer side."""
    true, *sides = (side[side != STOP] for side in (target, *samples))
    longer = np.minimum(lengths, np.array([[max(len(true), len(side))] for side in sides]))
    shares = edit_distances(true, sides, lengths.tolist()) / np.maximum(longer, 1)
    return [
        [share if size else None for share, size in zip(*row, strict=True)]
        for row in zip(shares.tolist(), longer.tolist(), strict=True)
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def _means(rows: pa.Table, seed: int) -> dict[str, Any]:
    defined = rows.filter(pc.is_valid(rows["f1"]))
    spread = None
    if len(defined):
        f1 = defined["f1"].to_numpy()
        spread = asdict(interval(defined["tune_family"].to_pylist(), f1, np.ones(len(f1)), seed))
    return {
        "n_pieces": len(rows),
        "n_undefined": len(rows) - len(defined),
        **{name: pc.mean(rows[name]).as_py() for name in SCORES},
        "f1_interval": spread,
    }
