"""Section: where the models look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from pipeline.report.charts import SHADES, AttentionHeatmap, matrix_over_notes
from pipeline.report.html import ReportSection, figure, folded, heading, number, paragraph, table
from pipeline.report.inputs import ExperimentResults, Inputs

LOOKING = {"attention": "attention", "pitch": "copying a pitch", "interval": "copying an interval"}
OPINIONS = {"vocabulary": "the vocabulary", "pitch": "copies of pitches", "interval": "copies of intervals"}
ROWS = {"all": "every symbol", "onsets": "where a note begins"}
MEASURES = {
    "entropy_bits": "entropy, bits",
    "repetition_share": "on the repetition",
    "like_passage_share": "on the end of the like passage",
    "same_position_share": "on the same position in the bar",
    "distance_bars": "distance, bars",
}


def attention(inputs: Inputs) -> ReportSection:
    """What the matrices of many pieces have in common, and those of the first sample over its notes."""
    looking = {e.name: e.figures["attention"] for e in inputs.experiments if e.figures.get("attention")}
    drawn = [heading(e.name) + _drawings(e) for e in inputs.experiments if e.attention]
    body = _tables(looking) if looking else paragraph("No model looks back.")
    body += Markup("").join(drawn) or paragraph("No experiment saved its matrices (save_attention).")
    how = (
        "A drawing has a row for each symbol that is said, downwards, its notes on the left, and a column "
        "for each symbol that can be looked at, its notes above; the stronger a field, the more the model "
        "looks there. A falling diagonal is a passage that is repeated. The tables sum up many pieces: the "
        "number in brackets is what looking everywhere alike would give on the same ones."
    )
    return ReportSection("attention", "Attention", how, body)


def _tables(looking: Mapping[str, Mapping[str, Any]]) -> Markup:
    believed = [
        [name, OPINIONS[way], *(by_rows[rows][kind] for rows in ROWS for kind in ("belief", "credit"))]
        for name, found in looking.items()
        for way, by_rows in found["opinions"].items()
    ]
    n_intervals = max(found["like_intervals"] for found in looking.values())
    tables = paragraph(
        "The entropy says how far the looks are spread, in bits: one less is half as many places. The "
        "repetition is what followed when the melody last went as it does now, in any key, for "
        f"{n_intervals} intervals with their rhythm; the like passage is what came before that. Only symbols "
        "for which there is such a place count in these two columns."
    )
    tables += _spread(looking, "all") + folded("The same where a note begins", _spread(looking, "onsets"))
    if believed:
        kinds = [f"{kind}, {rows}" for rows in ROWS.values() for kind in ("believed", "credited")]
        tables += paragraph(
            "A model that copies mixes several opinions: its vocabulary's and those of its ways of copying. "
            "Believed is how much probability is left to each before the true symbol is known; credited is "
            "the share of the true symbol's probability that came from each."
        )
        tables += table(["experiment", "opinion", *kinds], believed, (0, 1))
    return tables


def _spread(looking: Mapping[str, Mapping[str, Any]], rows: str) -> Markup:
    cells = [
        [name, found["pieces"], LOOKING[way], *(_beside_uniform(by_rows[rows][m]) for m in MEASURES)]
        for name, found in looking.items()
        for way, by_rows in found["looks"].items()
    ]
    return table(["experiment", "pieces", "looks", *MEASURES.values()], cells, (0, 2))


def _beside_uniform(mean: Mapping[str, Any]) -> str | None:
    if mean["found"] is None:
        return None
    return f"{number(float(mean['found']))} ({number(float(mean['uniform']))})"


def _drawings(experiment: ExperimentResults) -> Markup:
    """The first sample's matrices: of copying where the model copies, the attention folded away then."""
    sample = experiment.attention[0]
    figures = [_drawing(sample, way) for way in sample["weights"]]
    if len(figures) == 1:
        return figures[0]
    return Markup("").join(figures[1:]) + folded("The attention beside it", figures[0])


def _drawing(sample: Mapping[str, Any], way: str) -> Markup:
    weights, voices = np.array(sample["weights"][way], dtype=np.float64), sample["voices"]
    looks = AttentionHeatmap(
        weights=weights,
        n_source=len(sample["source"]),
        notes=[(begin * voices, end * voices, pitch) for begin, end, pitch in sample["notes"]],
        bars=[step * voices for step in sample["bars"]],
        shares={OPINIONS[name]: share for name, share in sample["credits"].items()},
    )
    title = sample["title"] or sample["piece_id"]
    alt = (
        f"{LOOKING[way].capitalize()} in {title}: {weights.shape[0]} symbols said look at {weights.shape[1]} "
        f"symbols; the largest weight is {weights.max():.2f}."
    )
    caption = (
        f"{LOOKING[way].capitalize()}: {title} ({sample['piece_id']}). Shades: {SHADES[0]} times an even "
        f"spread and more, then {', '.join(map(str, SHADES[1:]))} times. The last row is STOP."
    )
    return figure(matrix_over_notes(looks, alt), caption)
