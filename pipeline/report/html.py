"""Building blocks of the page; every text in them is escaped."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup, escape

from pipeline.core.text import plural
from pipeline.report.scores import PlayableScore

CHARTS_IN_A_ROW = 5  # on a screen of 1,280 pixels
NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class ReportSection:
    """One section of a chapter.

    Attributes:
        id: anchor of the section.
        title: its heading.
        lead: one or two sentences under the heading: what is shown and how to read it.
        body: its HTML.
        scores: that the body refers to.
        folded: the section opens on a click on its heading.
    """

    id: str
    title: str
    lead: str
    body: Markup
    scores: Sequence[PlayableScore] = ()
    folded: bool = False


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    text_columns: Collection[int] = (0,),
    best: Collection[tuple[int, int]] = (),
    name: str = "table",
) -> Markup:
    """A sortable table with a link to the same rows as CSV.

    The first column stays in place when the table scrolls sideways.

    Args:
        head: names of the columns.
        rows: cells; None is an empty cell, numbers are printed by ``number``.
        text_columns: columns that are read as text, on the left.
        best: (row, column) of cells to set in bold.
        name: of the CSV file, and of the table for screen readers.
    """
    cells = Markup("")
    for r, row in enumerate(rows):
        line = Markup("").join(
            Markup('<td class="{}">{}</td>').format(_classes(r, c, text_columns, best), _cell(value))
            for c, value in enumerate(row)
        )
        cells += Markup("<tr>{}</tr>\n").format(line)
    names = Markup("").join(
        Markup('<th scope="col" class="{}"><button type="button" class="sort">{}</button></th>').format(
            "text" if c in text_columns else "", column
        )
        for c, column in enumerate(head)
    )
    return Markup(
        '<div class="wide" tabindex="0" role="region" aria-label="{}"><table><thead><tr>{}</tr></thead>'
        '<tbody>\n{}</tbody></table></div>\n<p class="csv"><a download="{}.csv" href="{}">CSV</a></p>\n'
    ).format(f"Table: {name}", names, cells, slug(name), csv_link(head, rows))


def csv_link(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A data URI of the rows as CSV, numbers unrounded."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return f"data:text/csv;charset=utf-8,{quote(text.getvalue())}"


def folded_table(
    summary: str,
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    text_columns: Collection[int] = (0,),
    note: str = "",
    best: Collection[tuple[int, int]] = (),
) -> Markup:
    """A table behind its summary line, after a note."""
    shown = table(head, rows, text_columns, best, name=summary)
    return folded(summary, (paragraph(note) if note else Markup("")) + shown)


def figure(svg: str, caption: str = "") -> Markup:
    """A chart and its caption."""
    words = Markup("<figcaption>{}</figcaption>").format(caption) if caption else ""
    return Markup('<figure class="plot">{}{}</figure>\n').format(Markup(svg), words)


def charts_in_grid(figures: Sequence[Markup]) -> Markup:
    """Small charts next to each other, as many as the screen is wide."""
    return Markup('<div class="charts">{}</div>\n').format(Markup("").join(figures))


def one_row(charts: Sequence[Markup]) -> Markup:
    """Small charts of all experiments: one row, and the others in a fold."""
    body = charts_in_grid(charts[:CHARTS_IN_A_ROW])
    others = charts[CHARTS_IN_A_ROW:]
    return body + folded("More experiments", charts_in_grid(others)) if others else body


def folded(summary: str, body: Markup, opened: bool = False) -> Markup:
    """A summary line that opens to show its content.

    Args:
        opened: it is open from the beginning.
    """
    begin = Markup("<details open>") if opened else Markup("<details>")
    return begin + Markup("<summary>{}</summary>\n{}</details>\n").format(summary, body)


def heading(text: str) -> Markup:
    """A heading inside a section."""
    return Markup("<h4>{}</h4>\n").format(text)


def paragraph(text: str | Markup) -> Markup:
    """A paragraph."""
    return Markup("<p>{}</p>\n").format(text)


def number(value: float) -> str:
    """Whole numbers with thousands apart, others to three decimals."""
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\N{THIN SPACE}")
    return f"{value:.3f}"


def counted(n: int, noun: str, more: str | None = None) -> str:
    """A number and its noun: "1 piece", "2 pieces"; ``more`` is the plural of "family" and the like."""
    return f"{number(n)} {plural(n, noun, more)}"


def slug(text: str) -> str:
    """Letters and digits for an anchor or a file name."""
    return NOT_IN_NAMES.sub("-", text.lower()).strip("-")


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
