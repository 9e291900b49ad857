"""Section: similarity of generated continuations to the originals."""

from __future__ import annotations

from markupsafe import Markup

from pipeline.report.charts import GENERATED, SERIES, colours, in_two_widths, interval_dots, legend
from pipeline.report.html import ReportSection, counted, folded, folded_table
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.results.predictors import interval

FIRST, LAST = "4", "10"  # quarter notes
SCORES = {
    "pitch_overlap": "pitch overlap",
    "pitch_class_overlap": "pitch class overlap",
    "edit_share": "edit distance",
}
NAMES = {"markov chain": "Markov chain"}
LEAD = (
    "F1 of notes (onset and pitch) that coincide with the original under the best shift in time and "
    f"pitch, within {LAST} "
    "quarter notes after the prompt (MIREX, Patterns for Prediction); higher is better, chance is about 0.25."
)


def likeness(inputs: Inputs) -> ReportSection:
    """A dot plot of F1 with intervals; tables in a fold."""
    body = _chart(inputs.held_out) if inputs.held_out else Markup("")
    body += folded("Similarity tables", Markup("").join(map(likeness_table, inputs.held_out)))
    return ReportSection("similarity", "Similarity to the original", LEAD, body, folded=True)


def predictor_name(name: str) -> str:
    """A predictor of continuations as the page names it."""
    return NAMES.get(name, name)


def _chart(held_out: list[ExperimentResults]) -> Markup:
    rows = []
    for experiment in held_out:
        for name, by_horizon in experiment.figures["continuations"]["predictors"].items():
            found = by_horizon[LAST]["f1_interval"]
            if found:
                label = f"{experiment.name}, {predictor_name(name)}: F1 {interval(found)}"
                values = {key: found[key] for key in ("value", "low", "high")}
                row = {"group": experiment.name, "series": predictor_name(name), **values}
                rows.append({**row, "label": label})
    names = list(dict.fromkeys(str(row["series"]) for row in rows))
    scale = colours(names, {"model": GENERATED, "model, greedy decoding": SERIES[5]})
    alt = f"Dot plot: F1 at {LAST} quarter notes of each predictor, with 95 % confidence intervals."
    groups = list(dict.fromkeys(str(row["group"]) for row in rows))
    title = f"F1 at {LAST} quarter notes"
    return legend(scale) + in_two_widths(
        lambda width: interval_dots(rows, groups, scale, title, width, 60), alt
    )


def likeness_table(experiment: ExperimentResults) -> Markup:
    """All scores of one experiment."""
    compared = experiment.figures["continuations"]
    rows = [
        [
            predictor_name(name),
            interval(by_horizon[FIRST]["f1_interval"]),
            interval(by_horizon[LAST]["f1_interval"]),
            *(by_horizon[LAST][score] for score in SCORES),
            by_horizon[LAST]["n_pieces"],
            by_horizon[LAST]["n_undefined"],
        ]
        for name, by_horizon in compared["predictors"].items()
    ]
    head = [
        "predictor",
        f"F1 at {FIRST}, 95 %",
        f"F1 at {LAST}, 95 %",
        *SCORES.values(),
        "pieces",
        "without F1",
    ]
    note = (
        f"{counted(compared['samples'], 'sample')} per piece; the Markov chain has order "
        f"{compared['markov_order']}. F1 is undefined "
        f"where a side has fewer than two notes. Overlap: common area of the pitch histograms up to {LAST} "
        "quarter notes. "
        "Edit distance: share of tokens to change, lower is better."
    )
    return folded_table(f"Similarity: {experiment.name}", head, rows, note=note)
