from xml.etree import ElementTree

import numpy as np

from pipeline.report.charts import heat_map, line_chart

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


def test_a_matrix_names_its_rows_and_columns() -> None:
    drawing = heat_map(np.eye(2), ["onset C4", "STOP"], ["onset D4", "tied D4"], ("said", "read"), "x")
    words = "".join(ElementTree.fromstring(drawing).itertext())
    for word in ("onset C4", "STOP", "onset D4", "tied D4", "said", "read"):
        assert word in words
