"""Chords of bars predicted from melodies; see ``tests.benchmarks.chords``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.evaluation.metrics.likelihood import interval
from pipeline.models.base.chord_numbers import harte_of, numbers_of
from pipeline.workflow.progress import say
from tests.helpers.bar_chords import ChordHmm, MajorityChord, TuneBars, bars_of_tune
from tests.helpers.bar_lstm import fit_bar_lstm
from tests.helpers.chord_accuracy import (
    COMPARISONS,
    ChordSums,
    compare_chords,
    total_chords,
)

WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0)  # of the notes in the n-gram; one is chosen on the validation pieces


class Harmonizer(Protocol):
    """Anything that predicts the chord of each bar."""

    def predict(self, tune: TuneBars) -> NDArray[np.int64]:
        """(B,) chord numbers."""
        ...


class BestPerBar:
    """The chord that lasts longest in each bar, of the true ones: a limit for one chord per bar."""

    def predict(self, tune: TuneBars) -> NDArray[np.int64]:
        """(B,) chord numbers."""
        return tune.chord


def harmonizing(rows: pa.Table, seeds: Sequence[int]) -> dict[str, Any]:
    """Accuracy of each harmonizer on the test pieces, with intervals over tune families."""
    known = [row for row in rows.to_pylist() if row["step_in_bar"]]
    parts = {split: [row for row in known if row["split"] == split] for split in ("train", "valid", "test")}
    tunes = {split: [_bars(row) for row in part] for split, part in parts.items()}
    hmms = [ChordHmm.fit(tunes["train"], weight) for weight in WEIGHTS]
    hmm = max(hmms, key=lambda each: _share(_measured(each, parts["valid"], tunes["valid"]), "majmin"))
    harmonizers: dict[str, list[Harmonizer]] = {
        "most frequent chord": [MajorityChord.fit(tunes["train"])],
        "n-gram": [hmm],
        "lstm": [fit_bar_lstm(tunes["train"], tunes["valid"], seed) for seed in seeds],
        "best chord of each bar": [BestPerBar()],
    }
    found = {
        name: [_measured(each, parts["test"], tunes["test"]) for each in several]
        for name, several in harmonizers.items()
    }
    result = {
        "pieces": {split: len(part) for split, part in parts.items()},
        "weight": hmm.weight,
        "accuracy": {name: _figures(each, parts["test"]) for name, each in found.items()},
        "difference": _difference(found["lstm"], found["n-gram"], parts["test"]),
    }
    say("\n".join(f"{name}: {figures}" for name, figures in result["accuracy"].items()))
    return result


def _bars(row: dict[str, Any]) -> TuneBars:
    return bars_of_tune(row["tokens"][1:-1], row["step_in_bar"], numbers_of(row["chord"]))


def _measured(
    harmonizer: Harmonizer, rows: Sequence[dict[str, Any]], tunes: Sequence[TuneBars]
) -> list[ChordSums]:
    """The steps of each piece."""
    sums = []
    for row, tune in zip(rows, tunes, strict=True):
        chords = np.repeat(harmonizer.predict(tune), tune.lengths)
        sums.append(compare_chords(row["chord"], [harte_of(int(number)) for number in chords]))
    return sums


def _share(sums: Sequence[ChordSums], name: str) -> float:
    return total_chords(sums).accuracy[name] or 0.0


def _right(found: Sequence[Sequence[ChordSums]], name: str) -> NDArray[np.float64]:
    """(P,) right steps of each piece, mean over seeds."""
    return np.mean([[piece.right[name] for piece in sums] for sums in found], axis=0)


def _figures(found: Sequence[Sequence[ChordSums]], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Accuracies with intervals over families, and of each corpus."""
    groups = {"all": None, "nottingham": "nottingham", "openewld": "openewld"}
    return {
        group: {name: _interval(_right(found, name), found[0], rows, name, corpus) for name in COMPARISONS}
        for group, corpus in groups.items()
    }


def _difference(
    first: Sequence[Sequence[ChordSums]],
    second: Sequence[Sequence[ChordSums]],
    rows: Sequence[dict[str, Any]],
) -> dict[str, dict[str, float]]:
    return {
        name: _interval(_right(first, name) - _right(second, name), first[0], rows, name, None)
        for name in COMPARISONS
    }


def _interval(
    amounts: NDArray[np.float64],
    sums: Sequence[ChordSums],
    rows: Sequence[dict[str, Any]],
    name: str,
    corpus: str | None,
) -> dict[str, float]:
    chosen = [i for i, row in enumerate(rows) if corpus in (None, row["corpus"])]
    counted = [sums[i].counted[name] for i in chosen]
    families = [rows[i]["tune_family"] for i in chosen]
    found = asdict(interval(families, amounts[chosen], counted, seed=1))
    return {key: round(value, 4) for key, value in found.items()}
