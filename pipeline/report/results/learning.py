"""Section: learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from pipeline.report.charts import GENERATED, TRUTH, colours, draw, legend, lines
from pipeline.report.html import ReportSection, counted, figure, folded, folded_table, one_row
from pipeline.report.inputs import ExperimentResults, HarmonizerResults, Inputs

SERIES = {"train_nats": "training", "valid_nats": "validation"}
SCALE = colours(list(SERIES.values()), {"training": TRUTH, "validation": GENERATED})
MOST_DOTS = 60  # epochs
LEAD = (
    "Nats per token after each epoch. Overfitting begins where the validation loss rises and the training "
    "loss "
    "falls."
)


def learning(inputs: Inputs) -> ReportSection:
    """Training and validation loss by epoch, one small chart per experiment."""
    shown: list[ExperimentResults | HarmonizerResults] = [*inputs.held_out, *inputs.harmonizers]
    body = legend(SCALE) + one_row([curve(each.name, each.learning) for each in shown])
    tables = Markup("").join(_table(each.name, each.learning) for each in shown)
    if shown:
        body += folded("Learning curves as tables", tables)
    return ReportSection("learning", "Learning curves", LEAD, body)


def curve(name: str, columns: Mapping[str, Sequence[float]]) -> Markup:
    """The chart of one experiment."""
    best = min(columns["valid_nats"])
    rows = [
        {
            "series": series,
            "x": epoch,
            "y": value,
            "label": f"epoch {epoch:g}, {series}: {value:.3f} nats per token",
        }
        for column, series in SERIES.items()
        for epoch, value in zip(columns["epoch"], columns[column], strict=True)
    ]
    alt = (
        f"Learning curve of {name}: {counted(len(columns['epoch']), 'epoch')}, validation loss from "
        f"{columns['valid_nats'][0]:.3f} to {best:.3f} nats per token at best."
    )
    spec = lines(rows, SCALE, "epoch", "nats per token", name)
    if len(columns["epoch"]) > MOST_DOTS:  # a line alone; the table has all values
        del spec["layer"][1]
    return figure(draw(spec, alt))


def _table(name: str, columns: Mapping[str, Sequence[float]]) -> Markup:
    head = ["epoch", *SERIES.values()]
    rows = [
        [f"{row[0]:g}", *row[1:]]
        for row in zip(columns["epoch"], *(columns[column] for column in SERIES), strict=True)
    ]
    return folded_table(f"Learning curve: {name}", head, rows)
