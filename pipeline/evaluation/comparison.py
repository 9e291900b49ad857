"""Several predictors on the same pieces: a row a piece and predictor, then figures by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.baselines.tokens import Memory, Predictor
from pipeline.examples import Example
from pipeline.metrics.likelihood import PIECES, Sums, figures, interval, measure, total
from pipeline.progress import track

MODEL, NGRAM, COPY = "model", "ngram", "copy"
MODEL_MEMORY, NGRAM_MEMORY = "model_memory", "ngram_memory"
REMINDED = {MODEL: MODEL_MEMORY, NGRAM: NGRAM_MEMORY}  # the name of a predictor once mixed with a memory
GROUPING = ("piece_id", "corpus", "tune_family", "soft_relative")

Row = Mapping[str, Any]


def compare(
    predictors: Mapping[str, Predictor],
    rows: pa.Table,
    examples: Sequence[Example],
    memory: Memory | None = None,
) -> pa.Table:
    """Measure every predictor on every piece, those of REMINDED also mixed with a memory.

    Args:
        predictors: by the name that the table gives them.
        rows: of the token shards, at least the columns GROUPING.
        examples: the same pieces, cut.
        memory: of the piece so far; None: no mixtures.

    Returns:
        A table of ``likelihood.PIECES``, ordered by predictor as given, each before its
        mixture, then as the rows are.
    """
    pieces = rows.select(list(GROUPING)).to_pylist()
    measured: list[dict[str, Any]] = []
    for name, predictor in predictors.items():
        scored = track(predictor.log_probs(examples), f"scoring {name}", len(examples), "pieces")
        alone, reminded = [], []
        for piece, log_probs, example in zip(pieces, scored, examples, strict=True):
            alone.append({**piece, "predictor": name, **asdict(measure(log_probs, example))})
            if memory is not None and name in REMINDED:
                sums = measure(memory.remind(log_probs, example), example)
                reminded.append({**piece, "predictor": REMINDED[name], **asdict(sums)})
        measured += alone + reminded
    return pa.Table.from_pylist(measured, schema=PIECES)


def figures_by_group(table: pa.Table) -> dict[str, Any]:
    """All figures of each predictor: overall and per corpus, of all pieces and without soft relatives.

    Returns:
        ``{predictor: {"all" | "without_soft_relatives": {"overall": {...}, "corpora": {name: {...}}}}}``;
        null where a group holds no piece.
    """
    rows = table.to_pylist()
    grouped = {}
    for predictor in dict.fromkeys(row["predictor"] for row in rows):
        own = [row for row in rows if row["predictor"] == predictor]
        apart = [row for row in own if not row["soft_relative"]]
        grouped[predictor] = {
            "all": _figures(own),
            "without_soft_relatives": _figures(apart) if apart else None,
        }
    return grouped


def intervals(table: pa.Table, seed: int) -> dict[str, Any]:
    """Bits per onset of each predictor, and of the model less each other one, over tune families.

    So is the reminded model less the reminded n-gram: who knows more beside the same memory.

    Differences are paired: negative where the model is better. Every figure has
    its 95 % interval by ``likelihood.interval``; the same families are drawn for all.
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


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    corpora = sorted({row["corpus"] for row in rows})
    return {
        "overall": figures(total(map(_sums, rows))),
        "corpora": {
            corpus: figures(total(_sums(row) for row in rows if row["corpus"] == corpus))
            for corpus in corpora
        },
    }


def _sums(row: Row) -> Sums:
    return Sums(**{field.name: row[field.name] for field in fields(Sums)})


def _bits(table: pa.Table) -> np.ndarray[Any, np.dtype[np.float64]]:
    nats = sum(table.column(f"{name}_nats").to_numpy() for name in ("onset", "tied", "silence"))
    return np.asarray(nats / np.log(2), dtype=np.float64)
