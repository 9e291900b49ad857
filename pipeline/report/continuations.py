"""Section: continuations as music, beside what needs no model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, heading, number, paragraph, table
from pipeline.report.inputs import ExperimentResults, Inputs

FIRST, LAST = "4", "10"  # quarter notes
SCORES = {
    "pitch_overlap": "pitch overlap",
    "pitch_class_overlap": "pitch class overlap",
    "edit_share": "edit distance",
}


def continuations(inputs: Inputs) -> ReportSection:
    """A table an experiment: F1 at two horizons, and what else is compared."""
    body = Markup("").join(map(_of, inputs.experiments))
    how = (
        "The model goes on from the first half of a piece, and what it says is laid over what is written. "
        "F1 counts the notes (onset and pitch) that coincide under the best shift in time and pitch, within "
        f"{FIRST} and {LAST} quarter notes after the last onset of the first half (MIREX, Patterns for "
        "Prediction); higher is better, and chance is about 0.25, not 0. Overlaps are the common area of the "
        f"histograms of pitches up to {LAST} quarters; edit distance is the share of symbols to change, "
        "lower is better. Of a predictor that draws, every piece counts by the mean of its samples."
    )
    return ReportSection("continuations", "Continuations", how, body)


def _of(experiment: ExperimentResults) -> Markup:
    compared = experiment.figures["continuations"]
    found = compared["predictors"]
    rows = [
        [
            name,
            by_horizon[LAST]["n_pieces"],
            by_horizon[LAST]["n_undefined"],
            _f1(by_horizon[FIRST]),
            _f1(by_horizon[LAST]),
            *(by_horizon[LAST][score] for score in SCORES),
        ]
        for name, by_horizon in found.items()
    ]
    head = [
        "predictor",
        "pieces",
        "without a score",
        f"F1 at {FIRST}, 95 %",
        f"F1 at {LAST}, 95 %",
        *SCORES.values(),
    ]
    note = paragraph(
        f"{compared['samples']} samples a piece; the Markov chain has order {compared['markov_order']}; a "
        "piece has no score where either side has fewer than two notes."
    )
    return heading(experiment.name) + note + table(head, rows)


def _f1(figures: Mapping[str, Any]) -> str | None:
    spread = figures["f1_interval"]
    return spread and f"{number(spread['value'])} [{number(spread['low'])}, {number(spread['high'])}]"
