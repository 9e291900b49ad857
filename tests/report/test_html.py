from markupsafe import Markup

from pipeline.report.html import figure, number, paragraph, table


def test_text_is_escaped_everywhere() -> None:
    evil = "<script>alert(1)</script>"
    made = table([evil], [[evil]]) + paragraph(evil) + figure("<svg></svg>", evil)
    assert "<script>" not in made
    assert made.count("&lt;script&gt;") == 4


def test_numbers_are_printed_for_people() -> None:
    assert number(13150) == "13\N{THIN SPACE}150"
    assert number(0.12345) == "0.123"


def test_the_best_cell_is_bold_and_nothing_else() -> None:
    made = table(["model", "bits"], [["a", 1.0], ["b", 2.0]], best={(0, 1)})
    assert made.count('class="best"') == 1
    assert '<td class="best">1.000</td>' in made


def test_what_is_not_known_is_an_empty_cell() -> None:
    assert '<td class=""></td>' in table(["a", "b"], [["x", None]])
    assert Markup('<td class="">yes</td>') in table(["a", "b"], [["x", True]])
