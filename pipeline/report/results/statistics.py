"""Section: distributions of generated notes against those of human tunes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import (
    GENERATED,
    TRUTH,
    colours,
    draw,
    in_two_widths,
    interval_dots,
    legend,
    lines,
)
from pipeline.report.html import ReportSection, charts_in_grid, counted, figure, folded, folded_table
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.results.continuations import predictor_name

HUMAN, MODEL = "human reference: held-out tunes", "model"
FEATURES = {
    "pitch": "pitch",
    "pitch_class": "pitch class",
    "interval": "interval",
    "duration": "duration",
    "inter_onset_interval": "inter-onset interval",
    "scale_consistency": "scale consistency",
    "groove_similarity": "groove similarity",
    "pitch_class_entropy": "pitch class entropy",
}
SINGLE = ("scale_consistency", "groove_similarity", "pitch_class_entropy")  # one value per passage
DRAWN = ("interval", "duration")
SHOWN = ("model", "human reference: training tunes")
LEAD = (
    "Overlapped area of the histograms of generated and original continuations: 1 is the same "
    "distribution, 0 has "
    "nothing in common. The human reference is the expectation for a random human tune."
)


def statistics(inputs: Inputs) -> ReportSection:
    """A dot plot of overlapped areas of the main model; tables and histograms in folds."""
    body = _chart(inputs.held_out[0]) if inputs.held_out else Markup("")
    body += folded("Statistics by experiment", Markup("").join(map(_of, inputs.held_out)))
    return ReportSection("statistics", "Music statistics", LEAD, body, folded=True)


def _chart(experiment: ExperimentResults) -> Markup:
    predictors = experiment.figures["statistics"]["predictors"]
    rows = []
    for name in (name for name in SHOWN if name in predictors):
        for feature, title in FEATURES.items():
            value = predictors[name][feature]["overlapped_area"]
            if value is not None:
                shown = predictor_name(name)
                row = {"group": title, "series": shown, "value": value, "low": value, "high": value}
                rows.append({**row, "label": f"{title}, {shown}: {value:.3f}"})
    scale = colours(
        [predictor_name(name) for name in SHOWN], {MODEL: GENERATED, predictor_name(SHOWN[1]): TRUTH}
    )
    alt = f"Dot plot: overlapped area of each feature with the original continuations, {experiment.name}."
    title = f"overlapped area, {experiment.name}"
    groups = list(FEATURES.values())
    return legend(scale) + in_two_widths(
        lambda width: interval_dots(rows, groups, scale, title, width, 24), alt
    )


def _of(experiment: ExperimentResults) -> Markup:
    found = experiment.figures["statistics"]
    predictors = found["predictors"]
    others = {name: figures for name, figures in predictors.items() if name != HUMAN}
    n = counted(predictors[HUMAN]["n_passages"], "original continuation")
    note = (
        f"Passages end {found['horizon_quarters']} quarter notes after the prompt; reference: {n}. Every "
        "passage has the same weight."
    )
    body = _table("Overlapped area", others, "overlapped_area", FEATURES, note)
    note = "Kullback-Leibler divergence from the original continuations in bits; 0 is the same distribution."
    body += _table("Kullback-Leibler divergence", others, "divergence_bits", FEATURES, note)
    means = {name: FEATURES[name] for name in SINGLE}
    body += _table(
        "Means", predictors, "mean", means, "Means over the passages in which a feature is defined."
    )
    body += charts_in_grid([_histogram(experiment.name, name, found["shares"][name]) for name in DRAWN])
    return folded(experiment.name, body)


def _table(
    summary: str, predictors: Mapping[str, Any], figure_name: str, features: Mapping[str, str], note: str
) -> Markup:
    rows = [
        [
            predictor_name(name),
            *(figures[feature][figure_name] for feature in features),
            figures["n_passages"],
        ]
        for name, figures in predictors.items()
    ]
    return folded_table(summary, ["predictor", *features.values(), "passages"], rows, note=note)


def _histogram(experiment: str, feature: str, shares: Mapping[str, Any]) -> Markup:
    """Shares of all values between the first and the last one that occur, zeros kept."""
    names = [name for name in shares if name not in ("unit", "grid")]
    occurs = [place for place in range(len(shares["grid"])) if any(shares[name][place] > 0 for name in names)]
    shown = range(occurs[0], occurs[-1] + 1) if occurs else range(0)
    rows = [
        {
            "series": predictor_name(name),
            "x": shares["grid"][place],
            "y": 100 * shares[name][place],
            "label": f"{predictor_name(name)}, {shares['grid'][place]:g}: {100 * shares[name][place]:.2f} %",
        }
        for name in names
        for place in shown
    ]
    scale = colours(
        [predictor_name(name) for name in names], {MODEL: GENERATED, predictor_name(HUMAN): TRUTH}
    )
    alt = f"Lines: share of every {FEATURES[feature]} in continuations of {experiment}, by predictor."
    title = f"{FEATURES[feature].capitalize()} ({shares['unit']})"
    spec = lines(rows, scale, title, "% of notes")
    drawn = figure(draw(spec, alt), "Values beyond the axis are added at its end.")
    return Markup("<div>{}{}</div>").format(legend(scale), drawn)
