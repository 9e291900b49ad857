"""Section: where the models look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from pipeline.report.charts import heat_map
from pipeline.report.html import Section, figure, heading, paragraph
from pipeline.report.inputs import Inputs


def attention(inputs: Inputs) -> Section:
    """One matrix for each experiment that saved one."""
    matrices = [(experiment.name, experiment.attention) for experiment in inputs.experiments]
    drawn = [heading(name) + _matrix(matrix) for name, matrix in matrices if matrix is not None]
    body = Markup("").join(drawn) or paragraph("No experiment saved its attention.")
    how = (
        "Each row is a symbol that the model says, each column a symbol that it has read; the brighter a "
        "field, the more it looks there. A diagonal of bright fields is a passage that is repeated."
    )
    return Section("attention", "Attention", how, body)


def _matrix(matrix: Mapping[str, Any]) -> Markup:
    weights = np.array(matrix["weights"], dtype=np.float64)
    alt = (
        f"Attention over {weights.shape[1]} source symbols for {weights.shape[0]} target symbols of "
        f"{matrix['title'] or matrix['piece_id']}; the largest weight is {weights.max():.2f}."
    )
    drawing = heat_map(weights, matrix["target_names"], matrix["source_names"], ("said", "read"), alt)
    return figure(drawing, f"{matrix['title'] or matrix['piece_id']} ({matrix['piece_id']})")
