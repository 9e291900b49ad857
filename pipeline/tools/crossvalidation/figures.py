"""Aggregate the rows of all seeds and folds to figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from pipeline.core.files import write_json
from pipeline.core.tables import write_table
from pipeline.core.text import counted
from pipeline.evaluation.comparison import MODEL, rounded, tokens_per_quarter
from pipeline.evaluation.horizons import CONTINUATIONS, figures_by_horizon
from pipeline.evaluation.metrics.likelihood import Sums, figures, interval, total
from pipeline.models.base.devices import describe
from pipeline.tools.crossvalidation.measuring import SCORES, Measured
from pipeline.tools.crossvalidation.study import Study


def summary(
    study: Study, measured: Measured, folds: NDArray[np.int64], seeds: Sequence[int]
) -> dict[str, Any]:
    """All figures, with the settings that they depend on.

    The figure of a predictor with several seeds is the mean per piece over them; their
    spread is given separately. Differences are paired by piece, intervals are over tune families.
    """
    names = _predictors(measured.scores)
    seed = study.evaluation.seed
    per_quarter = tokens_per_quarter(study.rows)
    facts: dict[str, Any] = rounded(
        {
            "pieces": len(study.rows),
            "families": len(set(study.rows["tune_family"].to_pylist())),
            "folds": int(folds.max()) + 1,
            "seeds": list(seeds),
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": np.__version__,
            },
            "machine": ", ".join(
                (platform.machine(), counted(os.cpu_count() or 1, "core"), describe(torch.device("cpu")))
            ),
            "predictors": {name: _figures(measured.scores, name, per_quarter) for name in names},
            "intervals": {
                unit: _intervals(measured.scores, names, column, seed)
                for unit, column in (("bits_per_onset", "n_onset"), ("nats_per_token", "n_tokens"))
            },
            "continuations": figures_by_horizon(_mean_over_seeds(measured.continued), seed),
        }
    )
    return facts


def write_results(folder: Path, measured: Measured, facts: Mapping[str, Any]) -> None:
    """Write ``figures.json``, and ``pieces.parquet`` for further analysis."""
    write_table(folder / "pieces.parquet", measured.scores, SCORES)
    write_json(folder / "figures.json", facts)


def _predictors(scores: pa.Table) -> list[str]:
    return list(dict.fromkeys(scores["predictor"].to_pylist()))


def _figures(scores: pa.Table, predictor: str, per_quarter: int) -> dict[str, Any]:
    """Figures of a predictor: the mean over its seeds, and the value of each seed."""
    own = scores.filter(pc.equal(scores["predictor"], predictor)).to_pylist()
    by_seed = {
        seed: _total(row for row in own if row["seed"] == seed) for seed in {row["seed"] for row in own}
    }
    found = [figures(sums, per_quarter) for _, sums in sorted(by_seed.items(), key=lambda item: item[0] or 0)]
    mean = {name: _mean([each[name] for each in found]) for name in found[0]}
    spread = {name: [each[name] for each in found] for name in ("bits_per_onset", "nats_per_token")}
    return {**mean, "by_seed": spread} if len(found) > 1 else mean


def _total(rows: Iterable[Mapping[str, Any]]) -> Sums:
    return total(Sums(**{field.name: row[field.name] for field in fields(Sums)}) for row in rows)


def _mean(values: Sequence[float | int | None]) -> float | int | None:
    if any(value is None for value in values):
        return None
    return values[0] if len(set(values)) == 1 else float(np.mean([float(value or 0) for value in values]))


def _intervals(scores: pa.Table, names: Sequence[str], per: str, seed: int) -> dict[str, Any]:
    """Each predictor, and the model minus each other one, in bits per onset or nats per token."""
    by_piece = {name: _by_piece(scores, name) for name in names}
    pieces = sorted(by_piece[MODEL])
    families = [str(by_piece[MODEL][piece]["tune_family"]) for piece in pieces]
    below = np.array([by_piece[MODEL][piece][per] for piece in pieces])
    unit = np.log(2) if per == "n_onset" else 1.0
    nats = {
        name: np.array([rows[piece]["nats"] for piece in pieces]) / unit for name, rows in by_piece.items()
    }
    nats |= {f"{MODEL} - {name}": nats[MODEL] - nats[name] for name in names if name != MODEL}
    return {name: asdict(interval(families, amount, below, seed)) for name, amount in nats.items()}


def _by_piece(scores: pa.Table, predictor: str) -> dict[str, dict[str, Any]]:
    """The mean over seeds of each piece's nats, STOP apart, and its numbers of onsets and tokens."""
    found: dict[str, dict[str, Any]] = {}
    own = scores.filter(pc.equal(scores["predictor"], predictor)).to_pylist()
    n_seeds = len({row["seed"] for row in own})
    for row in own:
        sums = _total([row])
        piece = found.setdefault(
            row["piece_id"],
            {
                "tune_family": row["tune_family"],
                "n_onset": sums.n_onset,
                "n_tokens": sums.n_tokens,
                "nats": 0.0,
            },
        )
        piece["nats"] += sums.nats / n_seeds
    return found


def _mean_over_seeds(continued: pa.Table) -> pa.Table:
    """One row per piece, predictor and horizon: means over the seeds with a defined score."""
    keys = ["piece_id", "corpus", "tune_family", "soft_relative", "predictor", "horizon_quarters"]
    rest = [name for name in CONTINUATIONS.names if name not in keys]
    grouped = continued.group_by(keys, use_threads=False).aggregate([(name, "mean") for name in rest])
    columns = {name: grouped[name] for name in keys} | {name: grouped[f"{name}_mean"] for name in rest}
    columns |= {name: pc.round(columns[name]) for name in ("n_samples", "n_undefined")}
    return pa.table(
        {name: columns[name].cast(CONTINUATIONS.field(name).type) for name in CONTINUATIONS.names}
    )
