"""Section: the experiments side by side with their baselines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, heading, number, paragraph, table
from pipeline.report.inputs import ExperimentResults, Inputs

PREDICTORS = {
    "model": "model",
    "model_memory": "model + memory",
    "ngram": "n-gram",
    "ngram_memory": "n-gram with memory",
    "copy": "copy",
}
FIGURES = {
    "bits_per_onset": "bits per onset",
    "rhythm_bits_per_onset": "rhythm",
    "pitch_bits_per_onset": "pitch",
    "silence_bits_per_onset": "silence",
    "nats_per_token": "nats per token",
    "bits_per_token": "bits per token",
    "stop_bits_per_piece": "STOP, bits per piece",
    "onset_accuracy": "onset accuracy",
    "tied_accuracy": "tied accuracy",
}


def experiments(inputs: Inputs) -> ReportSection:
    """An overview, then every experiment: overall, per corpus, without soft relatives."""
    body = _overview(inputs) + Markup("").join(map(_details, inputs.experiments))
    how = (
        "Bits per onset is what the second half of a piece costs for each note that begins in it, given "
        "the first half: lower is better. Rhythm, pitch and silence add up to it. All predictors are "
        "scored on the same pieces and over the same valid symbols. Compare rows of one data set only."
    )
    return ReportSection("experiments", "Experiments and their baselines", how, body)


def _overview(inputs: Inputs) -> Markup:
    rows: list[list[object]] = []
    best: set[tuple[int, int]] = set()
    for r, experiment in enumerate(inputs.experiments):
        overall = {name: _overall(experiment, name) for name in PREDICTORS}
        bits = [overall[name]["bits_per_onset"] for name in PREDICTORS]
        best.add((r, 3 + min(range(len(bits)), key=lambda i, bits=bits: bits[i])))  # type: ignore[misc]
        rows.append(
            [
                experiment.name,
                experiment.figures["dataset"],
                overall["model"]["n_pieces"],
                *bits,
                _interval(experiment, "model - ngram"),
                _interval(experiment, "model - ngram_memory"),
                overall["model"]["onset_accuracy"],
                _exact(experiment),
            ]
        )
    head = [
        "experiment",
        "data set",
        "pieces",
        *PREDICTORS.values(),
        "model less n-gram, 95 %",
        "model less n-gram with memory, 95 %",
        "onset accuracy",
        "exact samples",
    ]
    note = paragraph(
        "Bits per onset of the model and of its baselines, the lowest in bold. Memory is an n-gram of the "
        "piece so far, mixed in by how sure each of both is. Differences have their 95 % interval over tune "
        "families: below 0 throughout, the model is better."
    )
    return heading("Overview") + note + table(head, rows, text_columns=(0, 1), best=best)


def _details(experiment: ExperimentResults) -> Markup:
    figures = experiment.figures
    training, model = experiment.settings["training"], experiment.settings["model"]
    shape = ", ".join(f"{name} {value}" for name, value in model.items())
    text = (
        f"{shape}; seed {training['seed']}. Evaluated on the {figures['split']} pieces of "
        f"{figures['dataset']}, cut after {figures['cut']:g} of the notes; {_ngram(figures['baselines'])}."
    )
    rows = [
        [label, group, *(figures_of[name] for name in FIGURES)]
        for predictor, label in PREDICTORS.items()
        for group, figures_of in _groups(figures["predictors"][predictor])
    ]
    head = ["predictor", "pieces of", *FIGURES.values()]
    return heading(experiment.name) + paragraph(text) + table(head, rows, text_columns=(0, 1))


def _ngram(baselines: Mapping[str, Any]) -> str:
    order, mixing_b = baselines["ngram"]["order"], baselines["ngram_memory"]["mixing_b"]
    limit = "no limit of order" if order is None else f"order {order}"
    return f"n-gram with {limit}, memory mixed in with b = {mixing_b:g}"


def _groups(by_group: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    """Names of groups of pieces and their figures; a corpus alone stands under "all"."""
    everything = by_group["all"]
    groups = [("all", everything["overall"])]
    if len(everything["corpora"]) > 1:
        groups += list(everything["corpora"].items())
    apart = by_group["without_soft_relatives"]
    if apart is not None and apart["overall"]["n_pieces"] != everything["overall"]["n_pieces"]:
        groups.append(("all without a soft relative in training", apart["overall"]))
    return groups


def _overall(experiment: ExperimentResults, predictor: str) -> Mapping[str, float]:
    overall: Mapping[str, float] = experiment.figures["predictors"][predictor]["all"]["overall"]
    return overall


def _interval(experiment: ExperimentResults, name: str) -> str:
    found = experiment.figures["bits_per_onset_intervals"][name]
    return f"{number(found['value'])} [{number(found['low'])}, {number(found['high'])}]"


def _exact(experiment: ExperimentResults) -> str:
    samples = experiment.figures["samples"]
    return f"{samples['n_exact']} of {samples['n_samples']}"
