"""Section: experiments and their baselines, bits per onset with confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import in_two_widths, interval_dots, legend
from pipeline.report.html import ReportSection, counted, folded, folded_table, number, paragraph, table
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.results.predictors import DRAWN, PREDICTORS, interval, scale_of

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
LEAD = (
    "Bits per onset: cross-entropy of the second half of a piece given its first half, per note; lower is "
    "better. Bars "
    "are 95 % confidence intervals (bootstrap over tune families). Compare rows of one data set only."
)


def experiments(inputs: Inputs) -> ReportSection:
    """A dot plot of all experiments with held-out pieces; tables in folds."""
    body = _chart(inputs.held_out) if inputs.held_out else paragraph("No experiment has held-out pieces.")
    if inputs.held_out:
        details = Markup("").join(map(details_of, inputs.held_out))
        body += folded("Tables by experiment, predictor and corpus", _overview(inputs.held_out) + details)
    return ReportSection("experiments", "Experiments and baselines", LEAD, body)


def _chart(held_out: Sequence[ExperimentResults]) -> Markup:
    rows = []
    for experiment in held_out:
        group = f"{experiment.name} ({number(experiment.n_pieces)})"
        for name in DRAWN:
            found = experiment.figures["bits_per_onset_intervals"].get(name) or {
                "value": overall(experiment, name)
            }
            low, high = found.get("low"), found.get("high")
            label = f"{experiment.name}, {PREDICTORS[name]}: {interval(found)} bits per onset"
            row = {
                "group": group,
                "series": PREDICTORS[name],
                "value": found["value"],
                "low": low,
                "high": high,
            }
            rows.append({**row, "label": label})
    groups = list(dict.fromkeys(row["group"] for row in rows))
    alt = "Dot plot: bits per onset of each experiment's model and baselines, with 95 % confidence intervals."
    title = "bits per onset (test pieces in parentheses)"
    return legend(scale_of()) + in_two_widths(
        lambda width: interval_dots(rows, groups, scale_of(), title, width, 38), alt
    )


def overall(experiment: ExperimentResults, predictor: str) -> float:
    """Bits per onset of a predictor over all pieces."""
    return float(experiment.figures["predictors"][predictor]["all"]["overall"]["bits_per_onset"])


def _overview(held_out: Sequence[ExperimentResults]) -> Markup:
    rows: list[list[object]] = []
    best: set[tuple[int, int]] = set()
    for r, experiment in enumerate(held_out):
        bits = [overall(experiment, name) for name in PREDICTORS]
        best.add((r, 1 + bits.index(min(bits))))
        intervals = experiment.figures["bits_per_onset_intervals"]
        model = experiment.figures["predictors"]["model"]["all"]["overall"]
        differences = [interval(intervals[f"model - {name}"]) for name in ("ngram", "ngram_memory")]
        accuracy = [model["onset_accuracy"], experiment.figures["dataset"], model["n_pieces"]]
        rows.append([experiment.name, *bits, *differences, *accuracy])
    head = ["experiment", *PREDICTORS.values(), "model \N{MINUS SIGN} n-gram, 95 %"]
    head += ["model \N{MINUS SIGN} n-gram with memory, 95 %", "onset accuracy", "data set", "pieces"]
    note = (
        "Bits per onset, the lowest in bold. Memory: an n-gram of the piece so far is mixed in, weighted "
        "by the "
        "confidence of both. Copy: the prompt is repeated. A difference whose interval is below 0 is an "
        "improvement."
    )
    return folded_table("Bits per onset by experiment and predictor", head, rows, (0, 9), note, best)


def details_of(experiment: ExperimentResults) -> Markup:
    """Settings as text, and all figures of all predictors by corpus."""
    figures = experiment.figures
    training, model = experiment.settings["training"], experiment.settings["model"]
    shape = ", ".join(f"{name} {value}" for name, value in model.items())
    text = (
        f"{shape}; seed {training['seed']}. Evaluated on the {figures['split']} pieces of "
        f"{figures['dataset']}, prompt: the first {100 * figures['cut']:g} % of the notes; "
        f"{_ngram(figures['baselines'])}. Exact reproductions: {_exact(experiment)}."
    )
    rows = [
        [f"{label}, {group}", *(figures_of[name] for name in FIGURES)]
        for predictor, label in PREDICTORS.items()
        for group, figures_of in _groups(figures["predictors"][predictor])
    ]
    head = ["predictor, pieces", *FIGURES.values()]
    return folded(experiment.name, paragraph(text) + table(head, rows, name=f"results of {experiment.name}"))


def _ngram(baselines: Mapping[str, Any]) -> str:
    order, mixing_b = baselines["ngram"]["order"], baselines["ngram_memory"]["mixing_b"]
    limit = "unlimited order" if order is None else f"order {order}"
    return f"n-gram of {limit}, memory mixed in with b = {mixing_b:g}"


def _groups(by_group: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    """Names of groups of pieces and their figures; a single corpus is the same as "all"."""
    everything = by_group["all"]
    groups = [("all", everything["overall"])]
    if len(everything["corpora"]) > 1:
        groups += list(everything["corpora"].items())
    apart = by_group["without_soft_relatives"]
    if apart is not None and apart["overall"]["n_pieces"] != everything["overall"]["n_pieces"]:
        groups.append(("without possible variants in training", apart["overall"]))
    return groups


def _exact(experiment: ExperimentResults) -> str:
    samples = experiment.figures["samples"]
    return f"{samples['n_exact']} of {counted(samples['n_samples'], 'sample')}"
