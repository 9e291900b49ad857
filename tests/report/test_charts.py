import re
from xml.etree import ElementTree

import numpy as np

from pipeline.report.charts import AttentionHeatmap, line_chart, matrix_over_notes

CURVE = {"training": ([1, 2, 3], [3.0, 2.0, 1.5]), "validation": ([1, 2, 3], [3.1, 2.4, 2.5])}


def draw() -> str:
    return line_chart(CURVE, "epoch", "nats per token", 'a "curve" < 4')


def test_a_chart_is_whole_svg_with_its_words() -> None:
    svg = ElementTree.fromstring(draw())
    words = "".join(svg.itertext())
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == 'a "curve" < 4'
    for word in ("training", "validation", "epoch", "nats per token"):
        assert word in words


def test_the_same_numbers_give_the_same_drawing() -> None:
    assert draw() == draw()


def test_axes_take_the_colour_of_the_page() -> None:
    assert "currentColor" in draw()
    assert "#010203" not in draw()


def looks(**changes: object) -> AttentionHeatmap:
    """Two notes read, two said; the second looks back at the first that was said."""
    weights = np.array([[1.0, 0, 0], [0, 0, 1]])
    notes = [(0, 1, 60), (1, 2, 62), (2, 3, 72), (3, 4, 74)]
    known = {"weights": weights, "n_source": 2, "notes": notes, "bars": [0, 2], "shares": {}}
    return AttentionHeatmap(**{**known, **changes})  # type: ignore[arg-type]


def shades(drawing: str) -> list[str]:
    """How opaque the drawn fields of the matrix are."""
    return re.findall(r"fill: currentColor; opacity: ([\d.]+)", drawing)


def test_a_matrix_lies_over_the_notes_that_were_read_and_said() -> None:
    drawing = matrix_over_notes(looks(), "where it looks")
    svg = ElementTree.fromstring(drawing)
    words = "".join(svg.itertext())
    assert svg.attrib["aria-label"] == "where it looks"
    for word in ("C4", "C5", "read, and then said (symbols)", "said (symbols)"):
        assert word in words
    assert drawing == matrix_over_notes(looks(), "where it looks")


def test_looks_are_drawn_by_how_much_more_they_are_than_an_even_spread() -> None:
    assert shades(matrix_over_notes(looks(weights=np.full((2, 2), 0.5)), "x")) == []
    eight = np.full((1, 16), 0.5 / 15)
    eight[0, 3] = 0.5
    assert shades(matrix_over_notes(looks(weights=eight, n_source=16), "x")) == ["0.6"]  # the third of five


def test_what_each_opinion_is_credited_with_stands_beside_the_matrix() -> None:
    words = "".join(
        ElementTree.fromstring(
            matrix_over_notes(looks(shares={"copies": [0.25, 1], "vocabulary": [0.75, 0]}), "x")
        ).itertext()
    )
    assert "copies" in words
    assert "vocabulary" in words
