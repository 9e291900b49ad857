"""Section: learning curves."""

from __future__ import annotations

from markupsafe import Markup

from pipeline.report.charts import line_chart
from pipeline.report.html import ReportSection, figure
from pipeline.report.inputs import ExperimentResults, Inputs


def curves(inputs: Inputs) -> ReportSection:
    """Loss in training and validation, epoch by epoch."""
    body = Markup("").join(_curve(experiment) for experiment in inputs.experiments)
    how = (
        "Nats per token after each pass over the training pieces: lower is better. Where the training line "
        "keeps falling and the validation line rises, the model begins to learn by heart."
    )
    return ReportSection("curves", "Learning curves", how, body)


def _curve(experiment: ExperimentResults) -> Markup:
    learning = experiment.learning
    series = {
        "training": (learning["epoch"], learning["train_nats"]),
        "validation": (learning["epoch"], learning["valid_nats"]),
    }
    best = min(learning["valid_nats"])
    alt = (
        f"Learning curve of {experiment.name}: {len(learning['epoch'])} epochs, validation from "
        f"{learning['valid_nats'][0]:.3f} to at best {best:.3f} nats per token."
    )
    return figure(line_chart(series, "epoch", "nats per token", alt), f"{experiment.name}: best {best:.3f}")
