"""Sections: loss by position, calibration, and loss by size of the tune family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import TRUTH, Spec, colours, draw, legend, lines
from pipeline.report.html import ReportSection, charts_in_grid, counted, figure, folded, folded_table, one_row
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.results.predictors import COLOURS, PREDICTORS, scale_of

DRAWN = ("model", "ngram", "ngram_memory")
LEAST_IN_BIN = 20  # predictions; the accuracy of fewer is mostly chance
IDEAL = "perfectly calibrated"
WHAT = {"tokens": "most probable token", "pitches": "most probable pitch"}


def position(inputs: Inputs) -> ReportSection:
    """Bits per onset in each tenth of the second half."""
    held_out = inputs.held_out
    body = legend(scale_of(DRAWN)) + one_row([_by_place(each) for each in held_out])
    if held_out:
        tables = Markup("").join(_place_table(each) + _size_table(each) for each in held_out)
        body += folded("Tables of loss by position and by size of the tune family", tables)
    lead = (
        "Bits per onset in each tenth of the second half. A falling line means that a predictor learns "
        "from the "
        "piece."
    )
    return ReportSection("position", "Loss by position", lead, body)


def calibration(inputs: Inputs) -> ReportSection:
    """Reliability diagrams of tokens; those of pitches and the errors in folds."""
    held_out = inputs.held_out
    body = legend(_calibration_scale()) + charts_in_grid([_reliability(each, "tokens") for each in held_out])
    if held_out:
        pitches = charts_in_grid([_reliability(each, "pitches") for each in held_out])
        body += folded("Calibration of pitches, calibration errors", pitches + _errors(held_out))
    lead = (
        "Accuracy by confidence of the most probable token: of predictions with a confidence of 0.8, 80 % "
        "should be "
        f"right (grey line). Bins with at least {LEAST_IN_BIN} predictions."
    )
    return ReportSection("calibration", "Calibration", lead, body, folded=True)


def _by_place(experiment: ExperimentResults) -> Markup:
    bits = experiment.figures["by_place"]["bits_per_onset"]
    rows = [
        {
            "series": PREDICTORS[name],
            "x": tenth,
            "y": value,
            "label": f"{PREDICTORS[name]}, tenth {tenth}: {_text(value)} bits per onset",
        }
        for name in DRAWN
        for tenth, value in enumerate(bits[name], start=1)
    ]
    alt = f"Lines: bits per onset in each tenth of the second halves of {experiment.name}, by predictor."
    spec = lines(rows, scale_of(DRAWN), "tenth of the second half", "bits per onset", experiment.name)
    return figure(draw(spec, alt))


def _place_table(experiment: ExperimentResults) -> Markup:
    places = experiment.figures["by_place"]
    rows = [[PREDICTORS[name], *values] for name, values in places["bits_per_onset"].items()]
    head = ["predictor", *(f"tenth {tenth}" for tenth in range(1, len(places["onsets"]) + 1))]
    summary = f"Loss by position: {experiment.name}"
    return folded_table(summary, head, [*rows, ["number of onsets", *places["onsets"]]])


def _size_table(experiment: ExperimentResults) -> Markup:
    sizes = experiment.figures["by_family_size"]
    names = list(next(iter(sizes.values()))["bits_per_onset"])
    rows = [
        [size, *(group["bits_per_onset"][name] for name in names), group["n_pieces"], group["n_families"]]
        for size, group in sizes.items()
    ]
    head = ["pieces in the family", *(PREDICTORS[name] for name in names), "pieces", "families"]
    note = "Bits per onset by the number of pieces that the tune family has in the data set."
    return folded_table(f"Loss by family size: {experiment.name}", head, rows, note=note)


def _errors(held_out: Sequence[ExperimentResults]) -> Markup:
    rows = []
    for experiment in held_out:
        found = experiment.figures["calibration"]
        for name in found["tokens"]:
            errors = [found[what][name]["error"] for what in WHAT]
            rows.append([f"{experiment.name}, {PREDICTORS[name]}", *errors])
    head = ["experiment, predictor", *WHAT.values()]
    bins = len(held_out[0].figures["calibration"]["tokens"]["model"]["n"])
    note = f"Mean distance of accuracy from confidence, in {bins} bins of equal width; 0 is best."
    return folded_table("Expected calibration error", head, rows, note=note)


def _reliability(experiment: ExperimentResults, what: str) -> Markup:
    found: Mapping[str, Any] = experiment.figures["calibration"][what]
    rows: list[dict[str, Any]] = [
        {"series": IDEAL, "x": float(end), "y": float(end), "label": IDEAL} for end in (0, 1)
    ]
    for name in DRAWN:
        bins = found[name]
        for n, confidence, accuracy in zip(bins["n"], bins["confidence"], bins["accuracy"], strict=True):
            if n >= LEAST_IN_BIN:
                label = f"{PREDICTORS[name]}: confidence {confidence:.2f}, accuracy {accuracy:.2f}"
                label += f", {counted(n, 'prediction')}"
                rows.append({"series": PREDICTORS[name], "x": confidence, "y": accuracy, "label": label})
    alt = f"Lines: accuracy by confidence of the {WHAT[what]}, {experiment.name}, by predictor."
    spec = lines(rows, _calibration_scale(), "confidence", "accuracy", experiment.name)
    return figure(draw(spec, alt))


def _calibration_scale() -> Spec:
    return colours([IDEAL, *(PREDICTORS[name] for name in DRAWN)], {IDEAL: TRUTH, **COLOURS})


def _text(value: float | None) -> str:
    return "no" if value is None else f"{value:.2f}"
