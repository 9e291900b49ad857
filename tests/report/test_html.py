import re
from urllib.parse import unquote

from markupsafe import Markup

from pipeline.report.html import counted, figure, folded_table, number, paragraph, table


def csv_of(made: str) -> str:
    (link,) = re.findall(r'href="data:text/csv;charset=utf-8,([^"]*)"', made)
    return unquote(link)


def test_text_is_escaped_everywhere() -> None:
    evil = "<script>alert(1)</script>"
    made = table([evil], [[evil]]) + paragraph(evil) + figure("<svg></svg>", evil)
    assert "<script>" not in made
    assert made.count("&lt;script&gt;") == 4


def test_numbers_are_printed_with_thousands_apart_or_three_decimals() -> None:
    assert number(13150) == "13\N{THIN SPACE}150"
    assert number(0.12345) == "0.123"


def test_a_noun_agrees_with_its_number() -> None:
    assert [counted(n, "piece") for n in (0, 1, 2)] == ["0 pieces", "1 piece", "2 pieces"]


def test_the_best_cell_is_bold_and_nothing_else() -> None:
    made = table(["model", "bits"], [["a", 1.0], ["b", 2.0]], best={(0, 1)})
    assert made.count('class="best"') == 1
    assert '<td class="best">1.000</td>' in made


def test_an_unknown_value_is_an_empty_cell() -> None:
    assert '<td class=""></td>' in table(["a", "b"], [["x", None]])
    assert Markup('<td class="">yes</td>') in table(["a", "b"], [["x", True]])


def test_a_table_has_its_rows_as_csv_unrounded() -> None:
    made = table(["tune", "bits"], [["Ente, a", 0.12345], ['"b"', None]], name="Bits per onset")
    assert csv_of(made) == 'tune,bits\n"Ente, a",0.12345\n"""b""",\n'
    assert 'download="bits-per-onset.csv"' in made


def test_every_column_can_be_sorted() -> None:
    assert table(["a", "b"], []).count('<button type="button" class="sort">') == 2


def test_a_folded_table_is_closed_and_named() -> None:
    made = folded_table("Sizes", ["a"], [["x"]], note="One row.")
    assert made.startswith("<details><summary>Sizes</summary>")
    assert 'aria-label="Table: Sizes"' in made
