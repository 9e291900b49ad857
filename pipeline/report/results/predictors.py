"""Names, colours and order of the predictors in all charts and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.charts import GENERATED, SERIES, Spec, colours
from pipeline.report.html import number

PREDICTORS = {
    "model": "model",
    "model_memory": "model + memory",
    "ngram": "n-gram",
    "ngram_memory": "n-gram with memory",
    "copy": "copy",
}
DRAWN = ("model", "model_memory", "ngram", "ngram_memory")  # copy is far off the scale of the charts
COLOURS = {
    "model": GENERATED,
    "model + memory": SERIES[5],
    "n-gram": SERIES[4],
    "n-gram with memory": SERIES[1],
}


def scale_of(names: tuple[str, ...] = DRAWN) -> Spec:
    """The colours of some predictors."""
    return colours([PREDICTORS[name] for name in names], COLOURS)


def interval(found: Mapping[str, Any] | None) -> str | None:
    """A value and its 95 % confidence interval as text."""
    if found is None:
        return None
    if "low" not in found:
        return number(float(found["value"]))
    return f"{number(float(found['value']))} [{number(float(found['low']))}, {number(float(found['high']))}]"
