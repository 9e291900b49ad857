"""Figures of the experiments in params.yaml: test splits and cross-validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup
from pipeline.core.text import counted
from pipeline.tools.benchmark.published import figure_at, read_result
from pipeline.tools.benchmark.rows import Comparison, Protocol, Row

MODEL, NGRAM_MEMORY = "model", "ngram_memory"
BASELINES = {
    "ngram": "n-gram",
    NGRAM_MEMORY: "n-gram with memory",
    "before fine-tuning": "before fine-tuning",
}
NAMES = {**BASELINES, "model, greedy decoding": "greedy decoding"}
QUARTERS = "10"  # after the last onset of the prompt
KEYS = {"none": "as written", "c_major_a_minor": "C major / A minor"}


@dataclass(frozen=True)
class Unit:
    """A metric of an experiment.

    Attributes:
        name: its key in the files of figures.
        label: its name in the table.
    """

    name: str
    label: str
    section: str
    better: Literal["lower", "higher"]


BITS = Unit("bits_per_onset", "bits per onset", "tokens", "lower")
NATS = Unit("nats_per_token", "nats per token, without STOP", "tokens", "lower")
F1 = Unit("f1", "F1 of (onset, pitch) at 10 quarters (MIREX Patterns for Prediction)", "music", "higher")


def experiment_comparisons(root: Path) -> list[Comparison]:
    """One comparison per data set, unit and test protocol; none for data sets without held-out pieces.

    Raises:
        SettingsError: params.yaml is missing, or an experiment names no data set of it.
        BenchmarkError: a file of figures that cannot be read.
    """
    params = load_yaml(root / PARAMS_FILE)
    found: dict[tuple[Unit, Protocol], list[Row]] = {}
    for name, experiment in lookup(params, "experiments").items():
        dataset = lookup(params, "datasets", experiment["dataset"])
        if lookup(experiment, "task", "kind") != "continue" or dataset["split"]["kind"] == "none":
            continue
        for unit, protocol, rows in _measured(root, name, experiment, dataset):
            known = found.setdefault((unit, protocol), [])
            known += [row for row in rows if not _told(row, known)]
    return [
        Comparison(unit.section, _title(protocol), unit.label, unit.better, protocol, rows)
        for (unit, protocol), rows in found.items()
    ]


def _title(protocol: Protocol) -> str:
    dataset, _, _ = protocol.data.partition(":")
    return f"Continuation of {dataset}, {'folds' if 'folds' in protocol.split else 'test split'}"


def _told(row: Row, known: list[Row]) -> bool:
    """Merge rows of a comparison: all experiments of a data set have the same baselines."""
    return any((row.name, row.figure) == (other.name, other.figure) for other in known)


def _measured(
    root: Path, name: str, experiment: Mapping[str, Any], dataset: Mapping[str, Any]
) -> Iterator[tuple[Unit, Protocol, list[Row]]]:
    seed = str(experiment["training"]["seed"])
    split = " ".join(f"{key} {value}," for key, value in dataset["split"].items() if key != "kind")
    tested = _protocol(experiment, dataset, f"test split by {dataset['split']['kind']}, {split}".rstrip(", "))
    command = f"dvc repro evaluate@{name}"
    place = f"data/evaluations/{name}/figures.json"
    figures, metrics = read_result(root / place), read_result(root / f"data/metrics/{name}.json")
    source = place if figures is not None else f"data/metrics/{name}.json"
    for unit in (BITS, NATS):
        yield unit, tested, _test_rows(unit, name, seed, figures, metrics, source, command)
    continued = (figures or {}).get("continuations", {}).get("predictors", {})
    yield F1, tested, _continued_rows(name, seed, continued, place, command)

    place = f"data/crossvalidation/{name}/figures.json"
    facts = read_result(root / place)
    command = f"python -m pipeline cross-validate --experiment {name}"
    folds = _protocol(experiment, dataset, f"{facts['folds'] if facts else 5} folds over tune families")
    seeds = ", ".join(map(str, facts["seeds"])) if facts else ""
    for unit in (BITS, NATS):
        yield unit, folds, _fold_rows(unit, name, seeds, facts, place, command)
    yield F1, folds, _continued_rows(name, seeds, (facts or {}).get("continuations", {}), place, command)


def _protocol(experiment: Mapping[str, Any], dataset: Mapping[str, Any], split: str) -> Protocol:
    cut = experiment["evaluation"]["cut"]
    return Protocol(
        data=f"{experiment['dataset']}: {', '.join(dataset['corpora'])}",
        measured=f"the rest of the piece, given the first {cut:.0%} of its notes",
        grid=f"{counted(dataset['quantize']['steps_per_quarter'], 'step')} per quarter",
        split=split,
        key=KEYS[dataset["encode"]["transpose"]],
    )


def _test_rows(
    unit: Unit, name: str, seed: str, figures: Any, metrics: Any, source: str, command: str
) -> list[Row]:
    """Read figures.json if it exists, else the metrics that are committed to git."""
    rows = []
    few = {MODEL: unit.name} | ({NGRAM_MEMORY: NGRAM_MEMORY} if unit is BITS else {})
    for predictor in (MODEL, *BASELINES):
        value = figure_at(figures, "predictors", predictor, "all", "overall", unit.name)
        value = figure_at(metrics, few.get(predictor, "")) if value is None else value
        low, high = (
            figure_at(figures, f"{unit.name}_intervals", predictor, side) for side in ("low", "high")
        )
        if predictor == MODEL or value is not None:
            rows.append(_row(name, predictor, value, low, high, seed, source, command))
    return rows


def _fold_rows(unit: Unit, name: str, seeds: str, facts: Any, source: str, command: str) -> list[Row]:
    rows = []
    for predictor in (MODEL, *BASELINES):
        value, low, high = (
            figure_at(facts, "intervals", unit.name, predictor, side) for side in ("value", "low", "high")
        )
        if predictor == MODEL or value is not None:
            rows.append(_row(name, predictor, value, low, high, seeds, source, command))
    return rows


def _continued_rows(
    name: str, seeds: str, predictors: Mapping[str, Any], source: str, command: str
) -> list[Row]:
    rows = []
    for predictor in {MODEL: None, **predictors}:
        value = figure_at(predictors, predictor, QUARTERS, "f1")
        low, high = (
            figure_at(predictors, predictor, QUARTERS, "f1_interval", side) for side in ("low", "high")
        )
        if predictor == MODEL or value is not None:
            rows.append(_row(name, predictor, value, low, high, seeds, source, command))
    return rows


def _row(
    experiment: str,
    predictor: str,
    value: float | None,
    low: float | None,
    high: float | None,
    seeds: str,
    source: str,
    command: str,
) -> Row:
    """The name of a predictor: that of a model includes its experiment, that of a baseline does not."""
    own = predictor.startswith(MODEL) or predictor == "before fine-tuning"
    name = experiment if predictor == MODEL else NAMES.get(predictor, predictor)
    if own and predictor != MODEL:
        name = f"{experiment}, {name.removeprefix(f'{MODEL}, ')}"
    drawn = own or predictor in ("another tune", "markov chain")
    return Row(name, "ours", value, source, seeds if drawn else "none", low, high, command=command)
