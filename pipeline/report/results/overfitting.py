"""Section: experiments that are evaluated on their training pieces."""

from __future__ import annotations

from markupsafe import Markup

from pipeline.report.charts import legend
from pipeline.report.html import ReportSection, charts_in_grid, folded, folded_table, paragraph
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.results.attention import heatmaps
from pipeline.report.results.continuations import likeness_table
from pipeline.report.results.experiments import details_of, overall
from pipeline.report.results.learning import SCALE, curve
from pipeline.report.results.predictors import PREDICTORS

LEAD = "These models are trained and evaluated on the same piece, to test that a model can learn it exactly."


def overfitting(inputs: Inputs) -> ReportSection:
    """One fold with a summary table, learning curves, results and attention of each."""
    found = inputs.overfitted
    if not found:
        return ReportSection(
            "overfitting", "Overfitting experiments", LEAD, paragraph("params.yaml has none."), folded=True
        )
    rows = [
        [each.name, *(overall(each, name) for name in PREDICTORS), bool(each.metrics.get("exact"))]
        for each in found
    ]
    head = ["experiment", *PREDICTORS.values(), "exact reproduction"]
    body = folded_table("Bits per onset of the overfitting experiments", head, rows)
    body += legend(SCALE) + charts_in_grid([curve(each.name, each.learning) for each in found])
    body += Markup("").join(map(_details, found))
    return ReportSection("overfitting", "Overfitting experiments", LEAD, body, folded=True)


def _details(experiment: ExperimentResults) -> Markup:
    drawn = Markup("").join(heatmaps(experiment)) if experiment.attention else Markup("")
    return details_of(experiment) + likeness_table(experiment) + (folded("Attention", drawn) if drawn else "")
