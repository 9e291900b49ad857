"""Section: attention and mixture weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from pipeline.report.charts import draw
from pipeline.report.html import ReportSection, counted, figure, folded, folded_table, number, paragraph
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.results.heatmap import SHADES, AttentionHeatmap, heatmap

WEIGHTS = {"attention": "attention", "pitch": "pitch copying", "interval": "interval copying"}
COMPONENTS = {"vocabulary": "vocabulary", "pitch": "pitch copy", "interval": "interval copy"}
ROWS = {"all": "all symbols", "onsets": "onsets"}
MEASURES = {
    "entropy_bits": "entropy, bits",
    "repetition_share": "on the repetition",
    "like_passage_share": "on the end of the similar passage",
    "same_position_share": "on the same position in the bar",
    "distance_bars": "distance, bars",
}
LEAD = (
    "Rows are target tokens (their notes on the left), columns are source and earlier target tokens "
    "(their notes "
    "above). The darker a cell, the larger its weight. A falling diagonal is a passage that the model copies."
)


def attention(inputs: Inputs) -> ReportSection:
    """One example open, those of the other experiments and the averages in folds."""
    drawn = [experiment for experiment in inputs.held_out if experiment.attention]
    body, more = Markup(""), Markup("")
    for place, experiment in enumerate(drawn):
        first, *others = heatmaps(experiment)
        if place == 0:
            body, more = first, Markup("").join(others)
        else:
            more += folded(experiment.name, first + Markup("").join(others))
    body = body or paragraph("No experiment saved its weights (save_attention).")
    if more:
        body += folded("More attention weights", more)
    measured = {
        each.name: each.figures["attention"] for each in inputs.held_out if each.figures.get("attention")
    }
    if measured:
        body += folded("Tables of attention statistics and mixture weights", _tables(measured))
    return ReportSection("attention", "Attention", LEAD, body)


def heatmaps(experiment: ExperimentResults) -> list[Markup]:
    """Weights of the first sample, those of copying first."""
    sample = experiment.attention[0]
    ways = sorted(sample["weights"], key=lambda way: (way == "attention", list(WEIGHTS).index(way)))
    return [_heatmap(sample, way) for way in reversed(ways[:-1])] + [_heatmap(sample, ways[-1])]


def _heatmap(sample: Mapping[str, Any], way: str) -> Markup:
    weights, voices = np.array(sample["weights"][way], dtype=np.float64), sample["voices"]
    found = AttentionHeatmap(
        weights=weights,
        n_source=len(sample["source"]),
        notes=[(begin * voices, end * voices, pitch) for begin, end, pitch in sample["notes"]],
        bars=[step * voices for step in sample["bars"]],
        shares={COMPONENTS[name]: share for name, share in sample["responsibilities"].items()},
    )
    title = sample["title"] or sample["piece_id"]
    alt = (
        f"{WEIGHTS[way].capitalize()} weights, {title}: {counted(weights.shape[0], 'target token')} by "
        f"{counted(weights.shape[1], 'token')}; the largest weight is {weights.max():.2f}."
    )
    caption = (
        f"{WEIGHTS[way].capitalize()} weights, {title} ({sample['piece_id']}). Shades: {SHADES[0]} times "
        "uniform "
        f"attention and more, then {', '.join(map(str, SHADES[1:]))} times. The last row is STOP."
    )
    return Markup('<div class="wide" tabindex="0" role="region" aria-label="{}">{}</div>').format(
        f"Attention chart of {title}, {WEIGHTS[way]}", figure(draw(heatmap(found), alt), caption)
    )


def _tables(measured: Mapping[str, Mapping[str, Any]]) -> Markup:
    n_intervals = max(found["like_intervals"] for found in measured.values())
    note = (
        "Means over many pieces; in parentheses the value of uniform attention. Entropy is the spread of "
        "the weights. "
        f"Repetition: the token after the last passage with the same {n_intervals} intervals and rhythm, "
        "in any key; "
        "similar passage: the token before it. Only tokens with such a passage count."
    )
    tables = Markup("").join(_spread(measured, rows, note) for rows in ROWS)
    believed = [
        [
            f"{name}, {COMPONENTS[way]}",
            *(by_rows[rows][kind] for rows in ROWS for kind in ("mixture_weight", "responsibility")),
        ]
        for name, found in measured.items()
        for way, by_rows in found["components"].items()
    ]
    if believed:
        kinds = [
            f"{kind}, {rows}" for rows in ROWS.values() for kind in ("mixture weight", "posterior share")
        ]
        note = (
            "A copying model mixes several distributions. Mixture weight: before the true token is known. "
            "Posterior "
            "share: of the probability of the true token."
        )
        tables += folded_table("Mixture weights", ["experiment, component", *kinds], believed, note=note)
    return tables


def _spread(measured: Mapping[str, Mapping[str, Any]], rows: str, note: str) -> Markup:
    cells = [
        [f"{name}, {WEIGHTS[way]}", *(_with_uniform(by_rows[rows][m]) for m in MEASURES), found["pieces"]]
        for name, found in measured.items()
        for way, by_rows in found["measures"].items()
    ]
    summary = f"Attention statistics, {ROWS[rows]}"
    return folded_table(summary, ["experiment, weights", *MEASURES.values(), "pieces"], cells, note=note)


def _with_uniform(mean: Mapping[str, Any]) -> str | None:
    if mean["found"] is None:
        return None
    return f"{number(float(mean['found']))} ({number(float(mean['uniform']))})"
