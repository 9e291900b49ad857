"""Inputs of the report: the files that the stages wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.core.accounting import Count
from pipeline.core.json_files import read_list, read_object
from pipeline.core.rejections import read_counts
from pipeline.core.schemas import REJECTED
from pipeline.core.tables import read_table
from pipeline.errors import PipelineError
from pipeline.report.columns import column_names, read_columns
from pipeline.report.files import read_base64, read_numbers, read_text
from pipeline.report.rejected_examples import RejectedExample, refused

OF_CARD = ("examples", "corpora", "keys", "meters", "distributions", "split", "voices", "steps_per_quarter")
OF_FIGURES = ("dataset", "split", "predictors")
OF_HARMONIES = ("dataset", "split", "given")


class ReportError(PipelineError):
    """A file that the report needs is missing or not readable."""


@dataclass(frozen=True)
class StageCounts:
    """Pieces that one stage kept and rejected, of one corpus or data set.

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
    """Results of training and evaluating one continuation experiment.

    Attributes:
        settings: its entry in params.yaml.
        metrics: its file in data/metrics.
        figures: figures.json.
        learning: columns of the learning curve.
        attention: one entry per sample, where attention weights were saved.
        samples: entries of samples.json, with the ``number`` of each and, by ending, its
            ``scores`` as MusicXML and its ``midi`` in base64.
    """

    name: str
    settings: Mapping[str, Any]
    metrics: Mapping[str, float]
    figures: Mapping[str, Any]
    learning: Mapping[str, Sequence[float]]
    attention: Sequence[Mapping[str, Any]]
    samples: Sequence[Mapping[str, Any]]

    @property
    def held_out(self) -> bool:
        """Whether the model is evaluated on pieces that it was not trained on."""
        return bool(self.figures["split"] == "test")

    @property
    def n_pieces(self) -> int:
        """Number of pieces in the evaluation."""
        return int(self.figures["predictors"]["model"]["all"]["overall"]["n_pieces"])

    def nearest(self, piece_id: str, decoding: str) -> Mapping[str, Any] | None:
        """The training tune with the longest sequence shared with a sample: a row of ``novelty.samples``."""
        samples = self.figures.get("novelty", {}).get("samples", ())
        found = [s for s in samples if (s["piece_id"], s["decoding"]) == (piece_id, decoding)]
        return found[0] if found and found[0]["nearest"] else None


@dataclass(frozen=True)
class HarmonizerResults:
    """Results of training and evaluating one harmonization experiment.

    Attributes:
        settings: its entry in params.yaml.
        figures: figures.json.
        learning: columns of the learning curve.
        samples: as in :class:`ExperimentResults`.
        folk: harmonized folk tunes, entries of folk.json in the same form.
    """

    name: str
    settings: Mapping[str, Any]
    figures: Mapping[str, Any]
    learning: Mapping[str, Sequence[float]]
    samples: Sequence[Mapping[str, Any]]
    folk: Sequence[Mapping[str, Any]] = ()

    @property
    def held_out(self) -> bool:
        """Whether the model is evaluated on pieces that it was not trained on."""
        return bool(self.figures["split"] == "test")


@dataclass(frozen=True)
class Inputs:
    """All inputs, read once.

    Attributes:
        cards: the data cards by the names of their data sets.
        steps: counts of all stages that keep and reject pieces.
        experiments: those whose task is continue, in the order of params.yaml.
        crossvalidated: results of ``cross-validate`` by experiment, where it was run.
        versions: versions of the libraries that change the bytes of the stages' outputs.
        harmonizers: experiments whose task is harmonize, in the order of params.yaml.
        refused: a rejected piece for each rule of the filters.
        grids: by data set and piece_id, rows of the grids of the pieces that the page engraves.
        tables: folder of the Parquet tables; None in tests of single sections.
    """

    cards: Mapping[str, Mapping[str, Any]]
    steps: Sequence[StageCounts]
    experiments: Sequence[ExperimentResults]
    crossvalidated: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    harmonizers: Sequence[HarmonizerResults] = ()
    refused: Sequence[RejectedExample] = ()
    grids: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    tables: Path | None = None

    @property
    def held_out(self) -> list[ExperimentResults]:
        """Experiments with held-out pieces, those with most pieces first."""
        found = [experiment for experiment in self.experiments if experiment.held_out]
        return sorted(found, key=lambda experiment: -experiment.n_pieces)

    @property
    def overfitted(self) -> list[ExperimentResults]:
        """Experiments that are evaluated on their training pieces."""
        return [experiment for experiment in self.experiments if not experiment.held_out]

    @property
    def main_dataset(self) -> str | None:
        """The data set of the experiment with most held-out pieces, else the largest one."""
        if self.held_out:
            return str(self.held_out[0].figures["dataset"])
        sizes = {
            name: sum(split["examples"] for split in card["examples"].values())
            for name, card in self.cards.items()
        }
        return max(sizes, key=lambda name: sizes[name], default=None)


def read_inputs(data: Path, params: Mapping[str, Any], versions: Mapping[str, str]) -> Inputs:
    """Read the files under ``data/``, in the order of params.yaml.

    Raises:
        ReportError: a file that a stage writes is missing or not readable.
    """
    steps = [_step(data, "parse", name) for name in params["corpora"]]
    for stage in ("quantize", "filter", "encode"):
        steps += [_step(data, stage, name) for name in params["datasets"]]
    by_task: dict[str, dict[str, Any]] = {"continue": {}, "harmonize": {}}
    for name, settings in params["experiments"].items():
        by_task[settings["task"]["kind"]][name] = settings
    experiments = [_experiment(data, name, settings) for name, settings in by_task["continue"].items()]
    cards = {name: read_object(data / "cards" / name / "card.json", *OF_CARD) for name in params["datasets"]}
    folds = sorted((data / "crossvalidation").glob("*/figures.json"))
    crossvalidated = {path.parent.name: read_object(path) for path in folds}
    harmonizers = [_harmonizer(data, name, settings) for name, settings in by_task["harmonize"].items()]
    filtered = {step.name: step.rejected for step in steps if step.stage == "filter"}
    rejected_pieces = refused(data, filtered)
    grids = _grids(data, params["datasets"], [*experiments, *harmonizers])
    return Inputs(
        cards, steps, experiments, crossvalidated, versions, harmonizers, rejected_pieces, grids, data
    )


def only(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """params.yaml reduced to one experiment, its data set and the corpora of that.

    Raises:
        ReportError: there is no such experiment.
    """
    if name not in params["experiments"]:
        raise ReportError(
            f"no experiment {name} in params.yaml; there are {', '.join(params['experiments'])}"
        )
    experiment = params["experiments"][name]
    dataset = experiment["dataset"]
    corpora = params["datasets"][dataset].get("corpora", list(params["corpora"]))
    return {
        **params,
        "corpora": {corpus: params["corpora"][corpus] for corpus in params["corpora"] if corpus in corpora},
        "datasets": {dataset: params["datasets"][dataset]},
        "experiments": {name: experiment},
    }


def _grids(
    data: Path, datasets: Iterable[str], models: Sequence[ExperimentResults | HarmonizerResults]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Rows of the pieces that samples are of, and of their nearest training tunes."""
    found = {}
    for dataset in datasets:
        wanted = set()
        for model in models:
            if model.figures["dataset"] == dataset:
                wanted |= {sample["piece_id"] for sample in model.samples}
                nearest = model.figures.get("novelty", {}).get("samples", ())
                wanted |= {sample["nearest"] for sample in nearest if sample["nearest"]}
        path = data / "grids" / f"{dataset}.parquet"
        if wanted and path.exists():
            rows = read_columns(path, column_names(path), wanted)
            found[dataset] = {row["piece_id"]: row for row in rows}
    return found


def _step(data: Path, stage: str, name: str) -> StageCounts:
    path = data / "rejected" / stage / f"{name}.parquet"
    return StageCounts(stage, name, read_counts(path), read_table(path, REJECTED).to_pylist())


def _experiment(data: Path, name: str, settings: Mapping[str, Any]) -> ExperimentResults:
    attention = data / "evaluations" / name / "attention.json"
    return ExperimentResults(
        name=name,
        settings=settings,
        metrics=read_object(data / "metrics" / f"{name}.json"),
        figures=read_object(data / "evaluations" / name / "figures.json", *OF_FIGURES),
        learning=read_numbers(data / "plots" / name / "learning.csv"),
        attention=read_list(attention) if attention.exists() else (),
        samples=_samples(data / "evaluations" / name),
    )


def _harmonizer(data: Path, name: str, settings: Mapping[str, Any]) -> HarmonizerResults:
    return HarmonizerResults(
        name=name,
        settings=settings,
        figures=read_object(data / "evaluations" / name / "figures.json", *OF_HARMONIES),
        learning=read_numbers(data / "plots" / name / "learning.csv"),
        samples=_samples(data / "evaluations" / name),
        folk=_samples(data / "evaluations" / name, "folk.json"),
    )


def _samples(folder: Path, name: str = "samples.json") -> list[dict[str, Any]]:
    """Samples of a file with their scores; a file of an older run may be missing, except samples.json."""
    if name != "samples.json" and not (folder / name).exists():
        return []
    return [
        {
            **sample,
            "number": number,
            "scores": {
                ending: read_text(folder / files["musicxml"]) for ending, files in sample["files"].items()
            },
            "midi": {ending: read_base64(folder / files["mid"]) for ending, files in sample["files"].items()},
        }
        for number, sample in enumerate(read_list(folder / name), start=1)
    ]
