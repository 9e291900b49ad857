"""Attention weights over the notes of source and target, as a Vega-Lite specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.report.charts import GENERATED, INK, QUIET, SERIES, Spec, values

SHADES = (2, 4, 8, 16, 32)  # times uniform attention: one shade each
WIDTH = 430  # of the matrix in pixels
NOTES = 56  # height of the notes above, width of those on the left
SHARES = 90  # width of the mixture weights


@dataclass(frozen=True)
class AttentionHeatmap:
    """A matrix of attention weights and the notes of source and target.

    Attributes:
        weights: (T, N) each row sums to 1; row t attends to the first S + t columns at most.
        n_source: S.
        notes: (first token, token after the last, pitch) of source and target, counted from the
            first token of the source.
        bars: tokens at which a bar begins.
        shares: by name (T,) the mixture weight of each component; empty: no such panel.
    """

    weights: NDArray[np.float64]
    n_source: int
    notes: Sequence[tuple[int, int, int]]
    bars: Sequence[int]
    shares: Mapping[str, ArrayLike]


def heatmap(found: AttentionHeatmap) -> Spec:
    """The matrix, the notes of all columns above it, those of the target on its left.

    A cell is drawn where the weight is at least SHADES[0] times that of uniform attention.
    """
    n_rows, n_columns = found.weights.shape
    tall = max(WIDTH * n_rows / n_columns, 60)
    top = [_blank(NOTES), _notes(found, WIDTH, NOTES, downwards=False)]
    below = [_notes(found, NOTES, tall, downwards=True), _matrix(found, tall)]
    if found.shares:
        top, below = [*top, _blank(SHARES)], [*below, _shares(found, tall)]
    return {"concat": [*top, *below], "columns": len(top), "spacing": 8, "bounds": "flush", "align": "each"}


def shades(found: AttentionHeatmap) -> list[dict[str, float]]:
    """Cells of the matrix as boxes (x, x2, y, y2) with their opacity, neighbours of one shade merged."""
    n_rows, n_columns = found.weights.shape
    reach = np.minimum(found.n_source + np.arange(n_rows), n_columns)
    level = np.searchsorted(SHADES, found.weights * reach[:, None], side="right")
    boxes = []
    for shade in range(1, len(SHADES) + 1):
        for row, columns in enumerate(level == shade):
            borders = np.flatnonzero(np.diff(columns, prepend=False, append=False)).reshape(-1, 2)
            for begin, end in borders.tolist():
                box = {"x": begin, "x2": end, "y": row, "y2": row + 1}
                boxes.append({**box, "opacity": shade / len(SHADES)})
    return boxes


def _blank(width: int) -> Spec:
    return {"width": width, "height": NOTES, "mark": {"type": "point", "opacity": 0}, "data": values([{}])}


def _scale(end: float) -> Spec:
    return {"domain": [0, end], "nice": False, "zero": False}


def _boxes(boxes: Sequence[Mapping[str, Any]], x: Spec, y: Spec, colour: str) -> Spec:
    encoding: Spec = {
        "x": {**x, "field": "x"},
        "x2": {"field": "x2"},
        "y": {**y, "field": "y"},
        "y2": {"field": "y2"},
    }
    if boxes and "opacity" in boxes[0]:
        encoding["opacity"] = {"field": "opacity", "type": "quantitative", "scale": None, "legend": None}
    if boxes and "colour" in boxes[0]:
        encoding["color"] = {"field": "colour", "type": "nominal", "scale": None}
    return {
        "data": values(boxes),
        "mark": {"type": "rect", "color": colour, "aria": False},
        "encoding": encoding,
    }


def _matrix(found: AttentionHeatmap, tall: float) -> Spec:
    n_rows, n_columns = found.weights.shape
    title = "source and earlier target (tokens)" if n_columns > found.n_source else "source (tokens)"
    x: Spec = {"type": "quantitative", "title": title, "scale": _scale(n_columns), "axis": {"grid": False}}
    y: Spec = {
        "type": "quantitative",
        "scale": {**_scale(n_rows), "reverse": True},
        "title": None,
        "axis": {"labels": False, "grid": False},
    }
    layers = [_boxes(shades(found), x, y, INK)]
    if n_columns > found.n_source:
        rule = {"type": "rule", "color": GENERATED, "aria": False}
        layers.append(
            {"mark": rule, "data": values([{"x": found.n_source}]), "encoding": {"x": {**x, "field": "x"}}}
        )
    return {"width": WIDTH, "height": tall, "layer": layers}


def _notes(found: AttentionHeatmap, width: float, height: float, downwards: bool) -> Spec:
    """A piano roll along one side: of all columns above, or of the target on the left, transposed."""
    first = found.n_source if downwards else 0
    end = first + (len(found.weights) if downwards else found.weights.shape[1])
    shown = [(max(b, first), min(e, end), pitch) for b, e, pitch in found.notes if b < end and e > first]
    pitches = [pitch for _, _, pitch in shown] or [60]
    along: Spec = {"type": "quantitative", "scale": _scale(end - first)}
    across: Spec = {
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [min(pitches) - 1, max(pitches) + 1], "nice": False, "zero": False},
        "axis": {
            "values": [p for p in range(0, 128, 12) if min(pitches) - 1 <= p <= max(pitches) + 1],
            "labelExpr": "'C' + (datum.value / 12 - 1)",
            "grid": False,
        },
    }
    boxes = []
    for begin, stop, pitch in shown:
        time, height_of = (begin - first, stop - first), (pitch - 0.5, pitch + 0.5)
        (x, x2), (y, y2) = (height_of, time) if downwards else (time, height_of)
        colour = GENERATED if begin >= found.n_source else INK
        boxes.append({"x": x, "x2": x2, "y": y, "y2": y2, "colour": colour})
    if downwards:
        along = {**along, "title": "target (tokens)", "axis": {"grid": False}}
        along["scale"] = {**along["scale"], "reverse": True}
    else:
        along = {**along, "title": None, "axis": {"labels": False, "grid": False}}
    layer = _boxes(boxes, across if downwards else along, along if downwards else across, INK)
    bars = [{"bar": bar - first} for bar in found.bars if first <= bar < end]
    rule = {"mark": {"type": "rule", "color": QUIET, "opacity": 0.35, "aria": False}, "data": values(bars)}
    place = {**along, "field": "bar"}
    lines: Spec = {**rule, "encoding": {"y" if downwards else "x": place}}
    return {"width": width, "height": height, "layer": [lines, layer]}


def _shares(found: AttentionHeatmap, tall: float) -> Spec:
    """Mixture weights of each row, next to each other."""
    begin = np.zeros(len(found.weights))
    boxes, labels = list[dict[str, object]](), []
    for place, ((name, share), colour) in enumerate(zip(found.shares.items(), SERIES[1:], strict=False)):
        width = np.asarray(share, float)
        for row, (left, w) in enumerate(zip(begin.tolist(), width.tolist(), strict=True)):
            boxes.append(
                {"x": round(left, 3), "x2": round(left + w, 3), "y": row, "y2": row + 1, "colour": colour}
            )
        begin = begin + width
        labels.append({"text": name, "colour": colour, "place": place})
    x: Spec = {
        "type": "quantitative",
        "title": "mixture weight",
        "scale": _scale(1),
        "axis": {"tickCount": 2},
    }
    y: Spec = {
        "type": "quantitative",
        "title": None,
        "scale": {**_scale(len(found.weights)), "reverse": True},
        "axis": {"labels": False, "ticks": False, "grid": False},
    }
    layers: list[Spec] = [_boxes(boxes, x, y, INK)]
    for label in labels:
        mark = {"type": "text", "align": "left", "baseline": "bottom", "aria": False, "text": label["text"]}
        mark |= {"color": label["colour"], "x": 0, "y": -4 - 13 * int(str(label["place"]))}
        layers.append({"data": values([{}]), "mark": mark})
    return {"width": SHARES, "height": tall, "layer": layers}
