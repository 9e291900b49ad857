"""Section: likelihood by place in the piece, by size of the tune family, and whether it is calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import line_chart
from pipeline.report.experiments import PREDICTORS
from pipeline.report.html import ReportSection, figure, folded, heading, number, paragraph, table
from pipeline.report.inputs import ExperimentResults, Inputs

DRAWN = ("model", "ngram", "ngram_memory")
LEAST_IN_BIN = 20  # choices; the share of fewer is mostly chance


def likelihood(inputs: Inputs) -> ReportSection:
    """A chart and tables an experiment that has held-out pieces."""
    body = Markup("").join(_of(each) for each in inputs.experiments if each.held_out)
    how = (
        "The same bits from other sides. By place: what a note costs in each tenth of the second half; who "
        "learns from the piece itself gets cheaper towards its end. By family: pieces whose tune occurs "
        "once in the data set, or more often; relatives of a test piece are never in training. "
        "Calibration: of the choices made with a confidence of 0.8, 80 % should be right; the error is the "
        "mean distance from that, and 0 is best. Calibrated probabilities can be sampled from as they are."
    )
    return ReportSection("likelihood", "Where the bits go", how, body)


def _of(experiment: ExperimentResults) -> Markup:
    figures = experiment.figures
    return (
        heading(experiment.name)
        + paragraph(_in_short(figures["calibration"]["symbols"]))
        + _by_place(experiment.name, figures["by_place"])
        + folded("By the size of the tune family", _by_size(figures["by_family_size"]))
        + folded("Calibration", _calibration(experiment.name, figures["calibration"]))
    )


def _in_short(symbols: Mapping[str, Any]) -> str:
    errors = ", ".join(f"{PREDICTORS[name]} {number(symbols[name]['error'])}" for name in symbols)
    return f"Expected calibration error of the most probable symbol: {errors}."


def _by_place(name: str, places: Mapping[str, Any]) -> Markup:
    bits = places["bits_per_onset"]
    tenths = range(1, len(places["onsets"]) + 1)
    lines = {PREDICTORS[each]: (tenths, _numbers(bits[each])) for each in DRAWN}
    alt = f"Lines: bits per onset in each tenth of the second halves of {name}, by predictor."
    drawing = line_chart(lines, "tenth of the second half", "bits per onset", alt)
    rows = [[PREDICTORS[each], *values] for each, values in bits.items()]
    head = ["predictor", *(f"tenth {tenth}" for tenth in tenths)]
    shown = figure(drawing, f"{sum(places['onsets'])} notes begin in the second halves of {name}.")
    return shown + folded("As a table", table(head, [*rows, ["notes that begin", *places["onsets"]]]))


def _by_size(sizes: Mapping[str, Any]) -> Markup:
    names = list(next(iter(sizes.values()))["bits_per_onset"])
    rows = [
        [size, group["n_pieces"], group["n_families"], *(group["bits_per_onset"][name] for name in names)]
        for size, group in sizes.items()
    ]
    note = paragraph("Bits per onset of pieces by how many pieces of the data set their family has.")
    head = ["pieces in the family", "pieces", "families", *(PREDICTORS[name] for name in names)]
    return note + table(head, rows)


def _calibration(name: str, found: Mapping[str, Any]) -> Markup:
    rows = [
        [PREDICTORS[each], found["symbols"][each]["error"], found["pitches"][each]["error"]]
        for each in found["symbols"]
    ]
    note = paragraph(
        "Expected calibration error of the most probable symbol, and of the most probable pitch where a "
        f"note begins; {len(found['symbols']['model']['n'])} bins of equal width."
    )
    drawings = [_reliability(name, what, found[what]) for what in ("symbols", "pitches")]
    return (
        note
        + table(["predictor", "error, symbols", "error, pitches of notes"], rows)
        + Markup("").join(drawings)
    )


def _reliability(name: str, what: str, found: Mapping[str, Any]) -> Markup:
    lines: dict[str, Any] = {"as often right as said": ((0, 1), (0, 1))}
    for each in DRAWN:
        bins = found[each]
        enough = [index for index, n in enumerate(bins["n"]) if n >= LEAST_IN_BIN]
        lines[PREDICTORS[each]] = tuple(
            [bins[column][index] for index in enough] for column in ("confidence", "accuracy")
        )
    alt = f"Lines: share of right choices by confidence, {what} of {name}."
    drawing = line_chart(lines, "confidence", "share of right choices", alt)
    return figure(drawing, f"The most probable of the {what}; bins with at least {LEAST_IN_BIN} choices.")


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]
