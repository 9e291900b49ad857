"""Small pieces of HTML that the sections share; every text in them is escaped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True)
class ReportSection:
    """One part of the page.

    Attributes:
        id: anchor of the section.
        title: its heading.
        how_to_read: a plain sentence under the heading.
        body: its HTML.
    """

    id: str
    title: str
    how_to_read: str
    body: Markup


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    text_columns: Collection[int] = (0,),
    best: Collection[tuple[int, int]] = (),
) -> Markup:
    """A table that scrolls sideways on a narrow screen.

    Args:
        head: names of the columns.
        rows: cells; None is an empty cell, numbers are printed by ``number``.
        text_columns: columns that are read as text, on the left.
        best: (row, column) of cells to set in bold.
    """
    cells = Markup("")
    for r, row in enumerate(rows):
        line = Markup("").join(
            Markup('<td class="{}">{}</td>').format(_classes(r, c, text_columns, best), _cell(value))
            for c, value in enumerate(row)
        )
        cells += Markup("<tr>{}</tr>\n").format(line)
    names = Markup("").join(
        Markup('<th scope="col" class="{}">{}</th>').format("text" if c in text_columns else "", name)
        for c, name in enumerate(head)
    )
    return Markup(
        '<div class="wide"><table><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table></div>\n'
    ).format(names, cells)


def figure(svg: str, caption: str) -> Markup:
    """A drawing and what it shows."""
    return Markup('<figure class="wide">{}<figcaption>{}</figcaption></figure>\n').format(
        Markup(svg), caption
    )


def folded(summary: str, body: Markup, shown: bool = False) -> Markup:
    """What is there for those who ask: a line to open, and what it hides.

    Args:
        shown: it is open already.
    """
    begin = Markup("<details open>") if shown else Markup("<details>")
    return begin + Markup("<summary>{}</summary>{}</details>\n").format(summary, body)


def heading(text: str) -> Markup:
    """A heading inside a section."""
    return Markup("<h3>{}</h3>\n").format(text)


def paragraph(text: str | Markup) -> Markup:
    """A paragraph."""
    return Markup("<p>{}</p>\n").format(text)


def number(value: float) -> str:
    """Whole numbers with thousands apart, others to three decimals."""
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\N{THIN SPACE}")
    return f"{value:.3f}"


def _cell(value: object) -> Markup:
    if value is None:
        return Markup("")
    if isinstance(value, bool):
        return Markup("yes") if value else Markup("no")
    if isinstance(value, int | float):
        return escape(number(value))
    return escape(str(value)) if not isinstance(value, Markup) else value


def _classes(row: int, column: int, text_columns: Collection[int], best: Collection[tuple[int, int]]) -> str:
    names = ["text"] if column in text_columns else []
    return " ".join([*names, "best"] if (row, column) in best else names)
