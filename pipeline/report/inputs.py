"""What the report is made from: the small files that the stages leave behind."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.accounting import Count
from pipeline.core.tables import REJECTED, read_books, read_table
from pipeline.errors import PipelineError
from pipeline.report.rejected_examples import RejectedExample, refused


class ReportError(PipelineError):
    """A file that the report needs is missing or not readable."""


@dataclass(frozen=True)
class StageCounts:
    """What one stage kept and rejected, of one corpus or data set.

    Attributes:
        counts: per corpus.
        rejected: rows of the rejected table: piece_id, part, rule, value, limit, detail.
    """

    stage: str
    name: str
    counts: Mapping[str, Count]
    rejected: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class ExperimentResults:
    """What training and evaluation of one experiment left behind.

    Attributes:
        samples: what samples.json tells of each piece, its ``number`` and, by ending, its
            ``scores`` as MusicXML.
    """

    name: str
    settings: Mapping[str, Any]
    metrics: Mapping[str, float]
    figures: Mapping[str, Any]
    learning: Mapping[str, Sequence[float]]
    attention: Sequence[Mapping[str, Any]]  # of each sample, where it was asked for
    samples: Sequence[Mapping[str, Any]]

    @property
    def held_out(self) -> bool:
        """It is measured on pieces that it was not trained on."""
        return bool(self.figures["split"] == "test")


@dataclass(frozen=True)
class HarmonizerResults:
    """What training and evaluation left of one model that harmonizes.

    Attributes:
        settings: its entry in params.yaml.
        figures: figures.json.
        learning: columns of the learning curve.
        samples: as those of :class:`ExperimentResults`.
    """

    name: str
    settings: Mapping[str, Any]
    figures: Mapping[str, Any]
    learning: Mapping[str, Sequence[float]]
    samples: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Inputs:
    """Everything, read once.

    Attributes:
        cards: the data cards by the names of their data sets.
        steps: of all stages that keep and reject.
        experiments: those whose task is continue, in the order of params.yaml.
        crossvalidated: what ``cross-validate`` found, by experiment, where it was asked for.
        versions: of the libraries that shape the bytes of what the stages make.
        harmonizers: experiments whose task is harmonize, likewise.
        refused: a piece for each rule of the filters that rejected any.
    """

    cards: Mapping[str, Mapping[str, Any]]
    steps: Sequence[StageCounts]
    experiments: Sequence[ExperimentResults]
    crossvalidated: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    harmonizers: Sequence[HarmonizerResults] = ()
    refused: Sequence[RejectedExample] = ()


def read_inputs(data: Path, params: Mapping[str, Any], versions: Mapping[str, str]) -> Inputs:
    """Read what lies under ``data/``, in the order of params.yaml."""
    steps = [_step(data, "parse", name) for name in params["corpora"]]
    for stage in ("quantize", "filter", "encode"):
        steps += [_step(data, stage, name) for name in params["datasets"]]
    by_task: dict[str, dict[str, Any]] = {"continue": {}, "harmonize": {}}
    for name, settings in params["experiments"].items():
        by_task[settings["task"]["kind"]][name] = settings
    experiments = [_experiment(data, name, settings) for name, settings in by_task["continue"].items()]
    cards = {name: _json(data / "cards" / name / "card.json") for name in params["datasets"]}
    folds = {name: data / "crossvalidation" / name / "figures.json" for name in by_task["continue"]}
    crossvalidated = {name: _json(path) for name, path in folds.items() if path.exists()}
    harmonizers = [_harmonizer(data, name, settings) for name, settings in by_task["harmonize"].items()]
    filtered = {step.name: step.rejected for step in steps if step.stage == "filter"}
    return Inputs(cards, steps, experiments, crossvalidated, versions, harmonizers, refused(data, filtered))


def _step(data: Path, stage: str, name: str) -> StageCounts:
    path = data / "rejected" / stage / f"{name}.parquet"
    return StageCounts(stage, name, read_books(path), read_table(path, REJECTED).to_pylist())


def _experiment(data: Path, name: str, settings: Mapping[str, Any]) -> ExperimentResults:
    attention = data / "evaluations" / name / "attention.json"
    return ExperimentResults(
        name=name,
        settings=settings,
        metrics=_json(data / "metrics" / f"{name}.json"),
        figures=_json(data / "evaluations" / name / "figures.json"),
        learning=_columns(data / "plots" / name / "learning.csv"),
        attention=_json(attention) if attention.exists() else (),
        samples=_samples(data / "evaluations" / name),
    )


def _harmonizer(data: Path, name: str, settings: Mapping[str, Any]) -> HarmonizerResults:
    return HarmonizerResults(
        name=name,
        settings=settings,
        figures=_json(data / "evaluations" / name / "figures.json"),
        learning=_columns(data / "plots" / name / "learning.csv"),
        samples=_samples(data / "evaluations" / name),
    )


def _samples(folder: Path) -> list[dict[str, Any]]:
    return [
        {
            **sample,
            "number": number,
            "scores": {
                ending: _text(folder / files["musicxml"]) for ending, files in sample["files"].items()
            },
        }
        for number, sample in enumerate(_json(folder / "samples.json"), start=1)
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: not readable ({error}); run `dvc repro`") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: not readable ({error}); run `dvc repro`") from None


def _columns(path: Path) -> dict[str, list[float]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else {})}
    except (OSError, ValueError, TypeError) as error:
        raise ReportError(f"{path}: not readable ({error}); run `dvc repro`") from None
