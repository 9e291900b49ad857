"""A flow diagram: pieces from stage to stage, rejected ones in branches, as a Vega-Lite specification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.charts import INK, QUIET, Spec, values
from pipeline.report.html import number

SIZE = (980, 190)
TALLEST = 0.42  # of the diagram: the band of all pieces
THINNEST = 0.012  # of the diagram: a branch of one piece
GAP = 0.1  # between the ends of branches


@dataclass(frozen=True)
class Branch:
    """Pieces that one stage rejected by one rule."""

    stage: int
    rule: str
    pieces: int


def flow(
    incoming: int, kept: Sequence[int], names: Sequence[str], branches: Sequence[Branch], main: str, lost: str
) -> Spec:
    """The specification.

    Args:
        incoming: pieces before the first stage.
        kept: pieces after each stage.
        names: of the pieces before the first stage and after each.
        main, lost: colours of pieces kept and rejected.
    """
    counts = [incoming, *kept]
    unit = TALLEST / max(incoming, 1)
    rows, labels = list[dict[str, object]](), list[dict[str, object]]()
    for place, count in enumerate(counts):
        if place:
            label = f"{number(count)} {names[place]}"
            rows += _ribbon(f"kept-{place}", (place - 1, place), (1, 1), count * unit, label, main)
        labels.append({"x": place, "y": 1.02, "text": f"{number(count)} {names[place]}"})
    y = 1 - TALLEST - GAP
    for n, branch in enumerate(branches):
        begin = 1 - (kept[branch.stage] + _before(branches, n)) * unit
        high = max(branch.pieces * unit, THINNEST)
        label = f"{number(branch.pieces)} {branch.rule}"
        rows += _ribbon(f"lost-{n}", (branch.stage, branch.stage + 0.55), (begin, y), high, label, lost)
        labels.append({"x": branch.stage + 0.57, "y": y - high / 2, "text": label, "lost": True})
        last = n + 1 < len(branches) and branches[n + 1].stage != branch.stage
        y = 1 - TALLEST - GAP if last else y - high - GAP
    lowest = min([float(str(row["bottom"])) for row in rows], default=0.0)
    return _spec(rows, labels, lowest - 0.04, len(counts))


def _before(branches: Sequence[Branch], place: int) -> int:
    """Pieces of the earlier branches of the same stage."""
    return sum(branch.pieces for branch in branches[:place] if branch.stage == branches[place].stage)


def _ribbon(
    name: str, xs: tuple[float, float], tops: tuple[float, float], high: float, label: str, colour: str
) -> list[dict[str, object]]:
    (begin, end), (first, last) = xs, tops
    points = [(begin, first), (begin + 0.12, first), (end - 0.12, last), (end, last)]
    return [
        {"ribbon": name, "x": x, "top": y, "bottom": y - high, "label": label, "colour": colour}
        for x, y in points
    ]


def _spec(
    rows: Sequence[dict[str, object]], labels: Sequence[dict[str, object]], lowest: float, n: int
) -> Spec:
    x: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [0, n - 0.5], "nice": False}}
    y: Spec = {"type": "quantitative", "axis": None, "scale": {"domain": [lowest, 1.1], "nice": False}}
    text = {"type": "text", "align": "left", "baseline": "bottom", "aria": False, "fontWeight": 600, "dx": 2}
    return {
        "width": SIZE[0],
        "height": SIZE[1],
        "layer": [
            {
                "data": values(rows),
                "mark": {"type": "area", "interpolate": "monotone", "opacity": 0.6},
                "encoding": {
                    "x": {**x, "field": "x"},
                    "y": {**y, "field": "top"},
                    "y2": {"field": "bottom"},
                    "detail": {"field": "ribbon"},
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                    "description": {"field": "label"},
                },
            },
            {
                "data": values([row for row in labels if "lost" not in row]),
                "mark": {**text, "color": INK},
                "encoding": {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}, "text": {"field": "text"}},
            },
            {
                "data": values([row for row in labels if "lost" in row]),
                "mark": {**text, "baseline": "middle", "fontWeight": 400, "color": QUIET},
                "encoding": {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}, "text": {"field": "text"}},
            },
        ],
    }
