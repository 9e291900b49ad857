"""Charts as inline SVG."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from pipeline.report.charts import SERIES, bars, colours, draw, interval_dots, legend, lines, ranked_bars
from pipeline.report.data.flow import Branch, flow
from pipeline.report.results.heatmap import AttentionHeatmap, heatmap, shades

SCALE = colours(["training", "validation"])
CURVE = [
    {"series": name, "x": x, "y": y, "label": f"{name} {x}: {y}"}
    for name, values in (("training", (3.0, 2.0)), ("validation", (3.1, None)))
    for x, y in enumerate(values, start=1)
]


@pytest.fixture(scope="module")
def curve() -> str:
    return draw(lines(CURVE, SCALE, "epoch", "nats per token", "first"), 'a "curve" < 4')


def labels(svg: str) -> list[str]:
    """Texts of the marks, which the page shows on hover."""
    return re.findall(r'<path[^>]*data-label="([^"]*)"', svg)


def test_a_chart_is_svg_with_its_description_and_axes(curve: str) -> None:
    svg = ElementTree.fromstring(curve)
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == 'a "curve" < 4'
    for word in ("first", "epoch", "nats per token"):
        assert word in "".join(svg.itertext())


def test_every_value_has_a_label_and_a_gap_has_none(curve: str) -> None:
    assert labels(curve) == ["training 1: 3.0", "training 2: 2.0", "validation 1: 3.1"]


def test_the_same_numbers_give_the_same_chart(curve: str) -> None:
    assert curve == draw(lines(CURVE, SCALE, "epoch", "nats per token", "first"), 'a "curve" < 4')


def test_colours_are_those_of_the_page(curve: str) -> None:
    assert "var(--series-1)" in curve
    assert "#0102" not in curve
    assert "font-family" not in curve


def test_a_legend_names_the_series_with_their_colours() -> None:
    assert '<i style="background:var(--series-2)"></i>validation' in legend(SCALE)


def test_dots_have_their_intervals() -> None:
    row = {"group": "melodies", "series": "training", "value": 2.0, "low": 1.5, "high": 2.5, "label": "2.0"}
    svg = draw(interval_dots([row, {**row, "low": None, "high": None}], ["melodies"], SCALE, "bits", 300), "")
    assert labels(svg) == ["2.0", "2.0"]
    assert len(re.findall(r'<line[^>]*stroke-width="3"', svg)) == 1


def test_bars_leave_the_place_of_a_value_that_does_not_occur_empty() -> None:
    svg = draw(
        bars([{"x": x, "y": y, "label": f"{x}"} for x, y in ((60, 9), (61, 0.01), (63, 4))], "", ""), ""
    )
    boxes = re.findall(r'data-label="6." d="M([\d.]+),', svg)
    first, second, third = map(float, boxes)
    assert third - second == pytest.approx(2 * (second - first))


def test_stacked_bars_have_a_part_per_series() -> None:
    rows = [
        {"name": "random", "series": series, "value": value, "label": f"{value}"}
        for series, value in (("training", 3), ("validation", 1))
    ]
    assert labels(draw(ranked_bars(rows, "%", scale=SCALE), "")) == ["3", "1"]


def test_a_flow_has_a_band_per_stage_and_a_branch_per_rule() -> None:
    spec = flow(
        100,
        [90, 80],
        ["pieces", "read", "kept"],
        [Branch(0, "damaged", 10), Branch(1, "short", 10)],
        *SERIES[:2],
    )
    words = "".join(ElementTree.fromstring(draw(spec, "")).itertext())
    for text in ("100 pieces", "90 read", "80 kept", "10 damaged", "10 short"):
        assert text in words


def weights(**changes: object) -> AttentionHeatmap:
    """Two source notes and two target notes; the second target note attends to the first."""
    matrix = np.array([[1.0, 0, 0], [0, 0, 1]])
    notes = [(0, 1, 60), (1, 2, 62), (2, 3, 72), (3, 4, 74)]
    known = {"weights": matrix, "n_source": 2, "notes": notes, "bars": [0, 2], "shares": {}}
    return AttentionHeatmap(**{**known, **changes})  # type: ignore[arg-type]


def test_attention_is_drawn_over_the_notes_of_source_and_target() -> None:
    words = "".join(ElementTree.fromstring(draw(heatmap(weights()), "weights")).itertext())
    for word in ("C4", "C5", "source and earlier target (tokens)", "target (tokens)"):
        assert word in words


def test_a_cell_is_as_dark_as_its_weight_exceeds_uniform_attention() -> None:
    assert shades(weights(weights=np.full((2, 2), 0.5))) == []
    eight = np.full((1, 16), 0.5 / 15)
    eight[0, 3] = 0.5
    (cell,) = shades(weights(weights=eight, n_source=16))
    assert cell == {"x": 3, "x2": 4, "y": 0, "y2": 1, "opacity": 0.6}  # the third of five shades


def test_mixture_weights_are_drawn_next_to_the_matrix() -> None:
    svg = draw(heatmap(weights(shares={"copies": [0.25, 1], "vocabulary": [0.75, 0]})), "")
    words = "".join(ElementTree.fromstring(svg).itertext())
    for word in ("copies", "vocabulary", "mixture weight"):
        assert word in words
