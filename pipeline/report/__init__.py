"""The page that a person reads: one self-contained HTML file.

Every section is a function from the inputs to a :class:`ReportSection`, one file
each; the table at the foot gives their order. The same inputs give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pipeline.report.accounting import books
from pipeline.report.attention import attention
from pipeline.report.continuations import continuations
from pipeline.report.crossvalidation import crossvalidation
from pipeline.report.curves import curves
from pipeline.report.datasets import datasets
from pipeline.report.distributions import distributions
from pipeline.report.experiments import experiments
from pipeline.report.gallery import gallery
from pipeline.report.harmony import harmony
from pipeline.report.html import ReportSection
from pipeline.report.inputs import Inputs, read_inputs
from pipeline.report.keys import keys
from pipeline.report.likelihood import likelihood
from pipeline.report.novelty import novelty
from pipeline.report.reproduce import reproduce
from pipeline.report.statistics import statistics
from pipeline.report.summary import summary
from pipeline.workflow.progress import track

TEMPLATE = Path(__file__).parent / "page.html.j2"
PLAYER = Path(__file__).parent / "player.js"


def page(data: Path, params: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The report as HTML.

    Args:
        data: the folder ``data/``.
        params: params.yaml as a mapping.
        versions: versions.yaml as a mapping.

    Raises:
        ReportError: a file that a stage should have left is missing.
    """
    inputs = read_inputs(data, params, versions)
    in_order = track(SECTIONS, "writing the report", len(SECTIONS), "sections")
    sections = [section(inputs) for section in in_order]
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    player = Markup(PLAYER.read_text(encoding="utf-8"))
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        sections=sections, player=player
    )


SECTIONS: tuple[Callable[[Inputs], ReportSection], ...] = (
    summary,
    books,
    datasets,
    distributions,
    keys,
    experiments,
    likelihood,
    crossvalidation,
    continuations,
    gallery,
    harmony,
    statistics,
    novelty,
    curves,
    attention,
    reproduce,
)
