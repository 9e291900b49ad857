"""The page that a person reads: one self-contained HTML file.

Every section is a function from the inputs to a :class:`Section`, one file
each; the table at the foot gives their order. The same inputs give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from pipeline.report.attention import attention
from pipeline.report.books import books
from pipeline.report.continuations import continuations
from pipeline.report.crossvalidation import crossvalidation
from pipeline.report.curves import curves
from pipeline.report.datasets import datasets
from pipeline.report.experiments import experiments
from pipeline.report.html import Section
from pipeline.report.inputs import Inputs, read_inputs
from pipeline.report.keys import keys
from pipeline.report.novelty import novelty
from pipeline.report.statistics import statistics

TEMPLATE = Path(__file__).parent / "page.html.j2"


def page(data: Path, params: Mapping[str, Any]) -> str:
    """The report as HTML.

    Args:
        data: the folder ``data/``.
        params: params.yaml as a mapping.

    Raises:
        ReportError: a file that a stage should have left is missing.
    """
    inputs = read_inputs(data, params)
    sections = [section(inputs) for section in SECTIONS]
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(sections=sections)


SECTIONS: tuple[Callable[[Inputs], Section], ...] = (
    books,
    datasets,
    keys,
    experiments,
    crossvalidation,
    continuations,
    statistics,
    novelty,
    curves,
    attention,
)
