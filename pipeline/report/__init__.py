"""The report: one self-contained HTML file.

A section is a function from the inputs to a :class:`ReportSection`, one file each; the
table ``CHAPTERS`` gives their order. The same inputs give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipeline.report.assets import render
from pipeline.report.cover import cover
from pipeline.report.data.distributions import distributions
from pipeline.report.data.keys import keys
from pipeline.report.data.pieces import pieces
from pipeline.report.data.rejections import rejections
from pipeline.report.data.relatives import relatives
from pipeline.report.data.sources import sources
from pipeline.report.data.splits import splits
from pipeline.report.engraving import glyph_definitions
from pipeline.report.html import ReportSection
from pipeline.report.inputs import Inputs, only, read_inputs
from pipeline.report.listen.folk_tunes import folk_tunes
from pipeline.report.listen.harmonizations import harmonizations
from pipeline.report.listen.lead_sheets import lead_sheets
from pipeline.report.listen.samples import continuations, overfitting_samples
from pipeline.report.method.definitions import definitions
from pipeline.report.method.reproduce import reproduce
from pipeline.report.packed import packed_json
from pipeline.report.results.attention import attention
from pipeline.report.results.continuations import likeness
from pipeline.report.results.crossvalidation import crossvalidation
from pipeline.report.results.experiments import experiments
from pipeline.report.results.harmonization import harmonization
from pipeline.report.results.learning import learning
from pipeline.report.results.likelihood import calibration, position
from pipeline.report.results.novelty import novelty
from pipeline.report.results.overfitting import overfitting
from pipeline.report.results.statistics import statistics
from pipeline.workflow.progress import track

Section = Callable[[Inputs], ReportSection]

CHAPTERS: Mapping[str, Sequence[Section]] = {
    "Listen": (continuations, harmonizations, folk_tunes, lead_sheets, overfitting_samples),
    "Results": (
        experiments,
        harmonization,
        learning,
        position,
        calibration,
        attention,
        likeness,
        statistics,
        novelty,
        crossvalidation,
        overfitting,
    ),
    "Data": (pieces, sources, rejections, distributions, splits, relatives, keys),
    "Method": (definitions, reproduce),
}


def page(
    data: Path, params: Mapping[str, Any], versions: Mapping[str, str], experiment: str | None = None
) -> str:
    """The report as HTML.

    Args:
        data: the folder ``data/``.
        params: params.yaml as a mapping.
        versions: versions.yaml as a mapping.
        experiment: only this one, with its data set and corpora.

    Raises:
        ReportError: a file that a stage writes is missing, or there is no such experiment.
    """
    inputs = read_inputs(data, only(experiment, params) if experiment else params, versions)
    written = [cover, *(section for sections in CHAPTERS.values() for section in sections)]
    first, *others = [
        section(inputs) for section in track(written, "writing the report", len(written), "sections")
    ]
    in_order = iter(others)
    chapters = {name: [next(in_order) for _ in sections] for name, sections in CHAPTERS.items()}
    scores = [score for section in (first, *others) for score in section.scores]
    glyphs = {name: glyph for score in scores for name, glyph in score.glyphs.items()}
    return render(
        title=f"Entchen: {experiment}" if experiment else "Entchen",
        cover=first.body,
        chapters=chapters,
        glyphs=Markup(glyph_definitions(glyphs)),
        scores=packed_json("scores", {score.key: score.as_json() for score in scores}),
    )
