"""Section: what the notes of continuations are like, beside people's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import line_chart
from pipeline.report.html import ReportSection, figure, folded, heading, paragraph, table
from pipeline.report.inputs import ExperimentResults, Inputs

PEOPLE = "people, held-out tunes"
FEATURES = {
    "pitch": "pitch",
    "pitch_class": "pitch class",
    "interval": "interval",
    "duration": "duration",
    "inter_onset_interval": "time to the next onset",
    "scale_consistency": "notes in one scale",
    "groove_similarity": "likeness of neighbouring bars",
    "pitch_class_entropy": "entropy of pitch classes in a bar",
}
SINGLE = ("scale_consistency", "groove_similarity", "pitch_class_entropy")  # one value a passage
DRAWN = ("interval", "duration")
DRAWN_AT_ALL = 0.001  # a smaller share cannot be seen


def statistics(inputs: Inputs) -> ReportSection:
    """Of each experiment with held-out pieces: overlapped areas, divergences, means, two histograms."""
    body = Markup("").join(_of(each) for each in inputs.experiments if each.held_out)
    how = (
        "Are the notes of a continuation distributed like those that people wrote? Each column compares one "
        "feature with the true continuations of the same pieces: 1 means the same histogram, 0 nothing in "
        "common. The row of training tunes is what to expect at best of someone who does not know how the "
        "pieces begin: it says how far people's own tunes differ from each other. Who has heard the "
        "beginning knows its key and range and may come nearer. These figures see no order beyond two "
        "notes: they tell what is wrong, not what is good."
    )
    return ReportSection("statistics", "Music statistics", how, body)


def _of(experiment: ExperimentResults) -> Markup:
    found = experiment.figures["statistics"]
    predictors = found["predictors"]
    note = paragraph(
        f"Every passage ends {found['horizon_quarters']} quarter notes after the last onset of the first "
        f"half; {predictors[PEOPLE]['n_passages']} true continuations are compared with. Overlapped area, "
        "every passage weighing the same:"
    )
    compared = {name: figures for name, figures in predictors.items() if name != PEOPLE}
    areas = _table(compared, "overlapped_area", FEATURES)
    divergences = paragraph("Bits by which the histogram diverges from people's; 0 is the same.")
    divergences += _table(compared, "divergence_bits", FEATURES)
    means = paragraph("Means over the passages in which they are defined: shares, and bits.")
    means += _table(predictors, "mean", {name: FEATURES[name] for name in SINGLE})
    drawings = Markup("").join(_drawn(experiment.name, name, found["shares"][name]) for name in DRAWN)
    return (
        heading(experiment.name)
        + note
        + areas
        + folded("Kullback-Leibler divergences", divergences)
        + folded("Means of scale consistency, groove similarity and entropy", means)
        + folded("Histograms of intervals and durations", drawings)
    )


def _table(predictors: Mapping[str, Any], figure_name: str, features: Mapping[str, str]) -> Markup:
    rows = [
        [name, figures["n_passages"], *(figures[feature][figure_name] for feature in features)]
        for name, figures in predictors.items()
    ]
    return table(["who", "passages", *features.values()], rows)


def _drawn(experiment: str, feature: str, shares: Mapping[str, Any]) -> Markup:
    """The histograms of people and model, as far as there is something to see."""
    names = [name for name in shares if name not in ("unit", "grid")]
    seen = [
        place
        for place in range(len(shares["grid"]))
        if any(shares[name][place] >= DRAWN_AT_ALL for name in names)
    ]
    shown = slice(seen[0], seen[-1] + 1) if seen else slice(0, 0)
    grid = shares["grid"][shown]
    lines = {name: (grid, shares[name][shown]) for name in names}
    alt = f"Lines: share of every {FEATURES[feature]} in {', '.join(names)} of {experiment}."
    drawing = line_chart(lines, f"{FEATURES[feature]} ({shares['unit']})", "share", alt)
    return figure(drawing, f"Share of every {FEATURES[feature]}; values beyond the axis count at its end.")
