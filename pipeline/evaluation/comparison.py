"""Several predictors on the same pieces: one row per piece and predictor, then figures by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.evaluation.baselines.predictors import Memory, Predictor
from pipeline.evaluation.metrics.likelihood import PIECES, Sums, add_up, figures, interval, total
from pipeline.evaluation.metrics.surprisal import Surprisal, surprisal
from pipeline.models.base.examples import Example
from pipeline.workflow.progress import track

MODEL, NGRAM, COPY = "model", "ngram", "copy"
MODEL_MEMORY, NGRAM_MEMORY = "model_memory", "ngram_memory"
WITH_MEMORY = {MODEL: MODEL_MEMORY, NGRAM: NGRAM_MEMORY}  # names of mixtures with the short-term n-gram
GROUPING = ("piece_id", "corpus", "tune_family", "soft_relative")

Row = Mapping[str, Any]


def compare(
    predictors: Mapping[str, Predictor],
    rows: pa.Table,
    examples: Sequence[Example],
    memory: Memory | None = None,
) -> pa.Table:
    """Measure every predictor on every piece; see :func:`surprisals` and :func:`piece_sums`."""
    return piece_sums(rows, surprisals(predictors, examples, memory))


def surprisals(
    predictors: Mapping[str, Predictor], examples: Sequence[Example], memory: Memory | None = None
) -> dict[str, list[Surprisal]]:
    """Surprisals of every predictor on every piece, also mixed with a short-term n-gram (WITH_MEMORY).

    Args:
        predictors: by their names in tables.
        examples: the pieces, cut.
        memory: the short-term n-gram of the piece so far; None: no mixtures.

    Returns:
        By predictor as given, each before its mixture, in the order of the examples.
    """
    found: dict[str, list[Surprisal]] = {}
    for name, predictor in predictors.items():
        mixed = WITH_MEMORY.get(name) if memory is not None else None
        found |= {name: []} | ({mixed: []} if mixed else {})
        scored = track(predictor.log_probs(examples), f"scoring {name}", len(examples), "pieces")
        for log_probs, example in zip(scored, examples, strict=True):
            found[name].append(surprisal(log_probs, example))
            if mixed and memory is not None:
                found[mixed].append(surprisal(memory.mixed_with(log_probs, example), example))
    return found


def piece_sums(rows: pa.Table, found: Mapping[str, Sequence[Surprisal]]) -> pa.Table:
    """One row per piece and predictor.

    Args:
        rows: of the token shards, at least the columns GROUPING.
        found: surprisals by predictor, in the order of the rows.

    Returns:
        A table of ``likelihood.PIECES``, ordered by predictor as given, then as the rows are.
    """
    pieces = rows.select(list(GROUPING)).to_pylist()
    measured = [
        {**piece, "predictor": name, **asdict(add_up(each))}
        for name, of_pieces in found.items()
        for piece, each in zip(pieces, of_pieces, strict=True)
    ]
    return pa.Table.from_pylist(measured, schema=PIECES)


def tokens_per_quarter(rows: pa.Table) -> int:
    """Of a data set: its voices times its steps per quarter note.

    Args:
        rows: of the token shards, at least one.
    """
    first = rows.select(["voices", "steps_per_quarter"]).slice(0, 1).to_pylist()[0]
    return int(first["voices"] * first["steps_per_quarter"])


def figures_by_group(table: pa.Table, per_quarter: int) -> dict[str, Any]:
    """All figures of each predictor: overall and per corpus, of all pieces and without soft relatives.

    Args:
        table: of ``likelihood.PIECES``.
        per_quarter: tokens per quarter note.

    Returns:
        ``{predictor: {"all" | "without_soft_relatives": {"overall": {...}, "corpora": {name: {...}}}}}``;
        null where a group holds no piece.
    """
    rows = table.to_pylist()
    grouped = {}
    for predictor in dict.fromkeys(row["predictor"] for row in rows):
        own = [row for row in rows if row["predictor"] == predictor]
        strict = [row for row in own if not row["soft_relative"]]
        grouped[predictor] = {
            "all": _figures(own, per_quarter),
            "without_soft_relatives": _figures(strict, per_quarter) if strict else None,
        }
    return grouped


def intervals(table: pa.Table, seed: int) -> dict[str, Any]:
    """Bits per onset of each predictor, and the model minus each other one, with confidence intervals.

    Also the model minus the long-term n-gram, both mixed with the same short-term n-gram.
    Differences are paired: negative where the model is better. The 95 % intervals are
    bootstraps over tune families (``likelihood.interval``), with the same resamples for all.

    Args:
        table: of ``likelihood.PIECES``.
        seed: of the bootstrap.
    """
    names = list(dict.fromkeys(table.column("predictor").to_pylist()))
    of = {name: table.filter(pc.equal(table.column("predictor"), name)) for name in names}
    bits = {name: _bits(part) for name, part in of.items()}
    amounts = dict(bits)
    if MODEL in bits:
        amounts |= {f"{MODEL} - {name}": bits[MODEL] - bits[name] for name in names if name != MODEL}
    if MODEL_MEMORY in bits and NGRAM_MEMORY in bits:
        amounts[f"{MODEL_MEMORY} - {NGRAM_MEMORY}"] = bits[MODEL_MEMORY] - bits[NGRAM_MEMORY]
    first = of[names[0]]
    families, onsets = first.column("tune_family").to_pylist(), first.column("n_onset").to_numpy()
    return {name: asdict(interval(families, amount, onsets, seed)) for name, amount in amounts.items()}


def rounded(value: Any) -> Any:
    """Every float in a JSON value to six significant digits."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return value


def _figures(rows: Sequence[Row], per_quarter: int) -> dict[str, Any]:
    corpora = sorted({row["corpus"] for row in rows})
    return {
        "overall": figures(total(map(_sums, rows)), per_quarter),
        "corpora": {
            corpus: figures(total(_sums(row) for row in rows if row["corpus"] == corpus), per_quarter)
            for corpus in corpora
        },
    }


def _sums(row: Row) -> Sums:
    return Sums(**{field.name: row[field.name] for field in fields(Sums)})


def _bits(table: pa.Table) -> np.ndarray[Any, np.dtype[np.float64]]:
    nats = sum(table.column(f"{name}_nats").to_numpy() for name in ("onset", "tied", "silence"))
    return np.asarray(nats / np.log(2), dtype=np.float64)
