"""Novelty of passages against the training tunes: one row per passage, figures, nearest tunes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.datasets.columns.ngrams import Sequences
from pipeline.datasets.columns.ragged import Ints
from pipeline.evaluation.metrics.likelihood import interval
from pipeline.evaluation.metrics.novelty import (
    FAIR_WITH_FAMILIES,
    LENGTHS,
    MelodyIntervals,
    Shared,
    longest_shared,
)
from pipeline.evaluation.passages import Passage
from pipeline.evaluation.samples import Sample
from pipeline.models.base.examples import Example

RUNS, INSIDE = "runs", "inside"  # interval n-grams that end in the passage; that are entirely inside it
SHARES = {  # shares of n-grams: in training, in the source, in training only; inside ones in training
    "shared": RUNS,
    "in_prompt": RUNS,
    "copied": RUNS,
    "inside_shared": INSIDE,
}
WITH_INTERVALS = ("shared", "copied")

NOVELTY = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("tune_family", pa.string(), nullable=False),
        ("soft_relative", pa.bool_()),
        pa.field("predictor", pa.string(), nullable=False),
        pa.field("sample", pa.int16(), nullable=False),
        ("longest", pa.int32()),  # consecutive intervals that occur in a training tune
        ("longest_in_prompt", pa.int32()),
        ("longest_copied", pa.int32()),  # in a training tune and not in the prompt
        ("nearest", pa.string()),  # the first training tune that contains the longest; null for none
        ("nearest_title", pa.string()),
        ("n_holders", pa.int32()),
        *((f"{kind}_{n}", pa.int32()) for n in LENGTHS for kind in (RUNS, INSIDE, *SHARES)),
    ]
)


@dataclass(frozen=True)
class Training:
    """The training tunes, for the lookup of n-grams.

    Attributes:
        names: rows with ``piece_id`` and ``title``.
        intervals: of each of them, whole.
    """

    names: Sequence[Mapping[str, str | None]]
    intervals: Sequences

    @classmethod
    def of(cls, rows: pa.Table, examples: Sequence[Example]) -> Training:
        """From rows of the token shards and the same pieces, cut."""
        wholes = [np.concatenate([example.source, example.target]) for example in examples]
        voices = examples[0].voices if examples else 1
        return cls(
            rows.select(["piece_id", "title"]).to_pylist(), MelodyIntervals.of(wholes, voices).intervals
        )


def measure_novelty(passages: Sequence[Passage], training: Training) -> pa.Table:
    """Look up every n-gram of every passage: rows of NOVELTY, in the order given.

    A training tune is looked up in all other training tunes, relatives included.
    """
    examples = {each.prompt: each.example for each in passages}
    measured = _look_up(
        [(each.example, each.tokens) for each in passages],
        list(examples.values()),
        np.searchsorted(list(examples), [each.prompt for each in passages]),
        np.array([each.tune for each in passages]),
        training,
    )
    rows = [
        {**each.about, "predictor": each.predictor, "sample": each.sample, **found}
        for each, found in zip(passages, measured, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=NOVELTY)


def nearest_tunes(samples: Sequence[Sample], training: Training) -> list[dict[str, Any]]:
    """The nearest training tune of each sample that is written as a score."""
    passages = [(number, name) for number, sample in enumerate(samples) for name in sample.continuations]
    measured = _look_up(
        [(samples[number].example, samples[number].continuations[name]) for number, name in passages],
        [sample.example for sample in samples],
        np.array([number for number, _ in passages]),
        np.full(len(passages), -1),
        training,
    )
    predicted = ("longest", "longest_in_prompt", "longest_copied", "nearest", "nearest_title", "n_holders")
    return [
        {
            "piece_id": samples[number].row["piece_id"],
            "title": samples[number].row["title"],
            "decoding": name,
            **{column: found[column] for column in predicted},
        }
        for (number, name), found in zip(passages, measured, strict=True)
    ]


def novelty_figures(table: pa.Table, seed: int) -> dict[str, Any]:
    """Shares of n-grams and longest runs of each predictor.

    Returns:
        ``predictors``: ``{predictor: {"n_passages", "longest" and the others: {"mean", "most"},
        "n_grams": {n: {"runs", "inside", and of SHARES {value, …}}}}}``: sums over all
        passages, divided once, those WITH_INTERVALS with low and high of 95 % over tune
        families; null where no passage has so long a run.
    """
    found = {}
    for name in dict.fromkeys(table["predictor"].to_pylist()):
        own = table.filter(pc.equal(table["predictor"], name))
        found[name] = {
            "n_passages": len(own),
            **{column: _spread(own[column]) for column in ("longest", "longest_in_prompt", "longest_copied")},
            "n_grams": {str(n): _shares(own, n, seed) for n in LENGTHS},
        }
    return {"fair_up_to": FAIR_WITH_FAMILIES, "predictors": found}


def _look_up(
    passages: Sequence[tuple[Example, np.ndarray[Any, np.dtype[np.uint16]]]],
    prompts: Sequence[Example],
    prompt: Ints,
    tune: Ints,
    training: Training,
) -> list[dict[str, Any]]:
    """The columns of NOVELTY for each passage, without those that identify it.

    Args:
        prompt: (n,) number of each passage's own prompt. tune: (n,) of its training tune, or -1.
    """
    voices = prompts[0].voices if prompts else 1
    wholes = MelodyIntervals.of(
        [np.concatenate([example.source, tokens]) for example, tokens in passages], voices
    )
    sources = MelodyIntervals.of([example.source for example in prompts], voices).intervals
    begins = np.array([len(example.source) // voices for example, _ in passages], np.int64)
    shared = longest_shared(wholes, begins, training.intervals, tune)
    repeated = longest_shared(wholes, begins, sources, prompt, "own")
    borders = np.searchsorted(shared.owner, np.arange(len(passages) + 1))
    return [
        _row(shared, repeated, slice(begin, end), training.names)
        for begin, end in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)
    ]


def _row(
    shared: Shared, repeated: Shared, at: slice, names: Sequence[Mapping[str, str | None]]
) -> dict[str, Any]:
    history, inside = shared.history[at], shared.inside[at]
    length, in_prompt = shared.length[at], repeated.length[at]
    place = int(np.argmax(length)) if len(length) else 0
    holder = int(shared.holder[at][place]) if len(length) else -1
    row: dict[str, Any] = {
        "longest": int(length.max(initial=0)),
        "longest_in_prompt": int(in_prompt.max(initial=0)),
        "longest_copied": int(length[length > in_prompt].max(initial=0)),
        "nearest": names[holder]["piece_id"] if holder >= 0 else None,
        "nearest_title": names[holder]["title"] if holder >= 0 else None,
        "n_holders": int(shared.n_holders[at][place]) if holder >= 0 else 0,
    }
    for n in LENGTHS:
        row[f"runs_{n}"] = int((history >= n).sum())
        row[f"inside_{n}"] = int((inside >= n).sum())
        row[f"inside_shared_{n}"] = int(((inside >= n) & (length >= n)).sum())
        row[f"shared_{n}"] = int((length >= n).sum())
        row[f"in_prompt_{n}"] = int((in_prompt >= n).sum())
        row[f"copied_{n}"] = int(((length >= n) & (in_prompt < n)).sum())
    return row


def _spread(column: pa.ChunkedArray) -> dict[str, Any]:
    return {"mean": pc.mean(column).as_py(), "most": pc.max(column).as_py()}


def _shares(rows: pa.Table, n: int, seed: int) -> dict[str, Any]:
    totals = {kind: pc.sum(rows[f"{kind}_{n}"]).as_py() for kind in (RUNS, INSIDE)}
    return totals | {kind: _share(rows, kind, n, seed) for kind in SHARES}


def _share(rows: pa.Table, kind: str, n: int, seed: int) -> dict[str, Any] | None:
    column = f"{SHARES[kind]}_{n}"
    able = rows.filter(pc.greater(rows[column], 0))
    if not len(able):
        return None
    some, all_ = able[f"{kind}_{n}"].to_numpy(), able[column].to_numpy()
    if kind not in WITH_INTERVALS:
        return {"value": float(some.sum() / all_.sum())}
    return asdict(interval(able["tune_family"].to_pylist(), some, all_, seed))
