"""Music statistics of passages: one row per passage, then each set compared with human passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.lists import flatten
from pipeline.evaluation.comparison import MODEL
from pipeline.evaluation.horizons import HORIZONS
from pipeline.evaluation.metrics.statistics import (
    FEATURES,
    Feature,
    PassageMusic,
    Pooled,
    divergence_bits,
    overlapped_area,
)
from pipeline.evaluation.passages import HELD_OUT, TRAINING, Passage

STATISTICS = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("tune_family", pa.string(), nullable=False),
        ("soft_relative", pa.bool_()),
        pa.field("predictor", pa.string(), nullable=False),
        pa.field("sample", pa.int16(), nullable=False),
        pa.field("n_notes", pa.int32(), nullable=False),
        *((each.name, pa.float64() if each.single else pa.list_(pa.int16())) for each in FEATURES),
    ]
)


def measure_statistics(passages: Sequence[Passage]) -> pa.Table:
    """All values of all features of every passage: rows of STATISTICS, in the order given."""
    rows = []
    for each in passages:
        music = PassageMusic.after(each.example.source, each.tokens, each.example.voices, each.example.bars)
        rows.append(
            {
                **each.about,
                "predictor": each.predictor,
                "sample": each.sample,
                "n_notes": len(music.notes.pitch),
                **{feature.name: feature.of(music) for feature in FEATURES},
            }
        )
    return pa.Table.from_pylist(rows, schema=STATISTICS)


def statistics_figures(table: pa.Table) -> dict[str, Any]:
    """Every predictor compared with human held-out tunes, feature by feature.

    Returns:
        ``predictors``: ``{predictor: {"n_passages", "n_notes", feature: {"n_passages",
        "mean" (of features with one value per passage), "overlapped_area",
        "divergence_bits"}}}``, areas and divergences null where a side has no value; and
        ``shares``: ``{feature: {"unit", "grid", predictor: shares}}`` of human tunes and model.
    """
    names = list(dict.fromkeys(table["predictor"].to_pylist()))
    of = {name: table.filter(pc.equal(table["predictor"], name)) for name in names}
    pooled = {name: {each.name: _pooled(own, each) for each in FEATURES} for name, own in of.items()}
    true = pooled[HELD_OUT]
    return {
        "horizon_quarters": HORIZONS[-1],
        "predictors": {name: _predictor(own, true, pooled[name]) for name, own in of.items()},
        "shares": {
            each.name: {
                "unit": each.unit,
                "grid": each.grid.tolist(),
                **{name: pooled[name][each.name].shares.tolist() for name in (HELD_OUT, TRAINING, MODEL)},
            }
            for each in FEATURES
        },
    }


def _predictor(rows: pa.Table, true: Mapping[str, Pooled], own: Mapping[str, Pooled]) -> dict[str, Any]:
    compared = {each.name: _compared(true[each.name], own[each.name], rows, each) for each in FEATURES}
    return {"n_passages": len(rows), "n_notes": pc.sum(rows["n_notes"]).as_py(), **compared}


def _pooled(rows: pa.Table, feature: Feature) -> Pooled:
    return Pooled.of(*_values(rows[feature.name], feature.single), feature.grid)


def _values(column: pa.ChunkedArray, single: bool) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Borders of the passages, and their values."""
    if not single:
        return flatten(column)
    values = column.drop_null().to_numpy()
    return np.arange(len(values) + 1), values


def _compared(true: Pooled, own: Pooled, rows: pa.Table, feature: Feature) -> dict[str, Any]:
    both = min(true.n, own.n) > 0
    return {
        "n_passages": own.n,
        **({"mean": pc.mean(rows[feature.name]).as_py()} if feature.single else {}),
        "overlapped_area": overlapped_area(true.shares, own.shares) if both else None,
        "divergence_bits": divergence_bits(true.smoothed, own.smoothed) if both else None,
    }
