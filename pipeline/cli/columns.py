"""``columns``: what the columns of a table mean."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from pipeline.cli.usage import WIDTH, examples

TableName = Annotated[
    str, typer.Argument(metavar="TABLE", help="notes, families, grids, splits, leaks, tokens or rejected")
]
Markdown = Annotated[bool, typer.Option("--markdown", help="print every table, as docs/columns.md")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("columns", epilog=examples("columns tokens"))(columns)


def columns(table: TableName = "tokens", markdown: Markdown = False) -> None:
    """Describe the columns of a table."""
    from pipeline.tools.reference.columns import as_markdown, columns_of

    if markdown:
        print(as_markdown(), end="")
        return
    described = columns_of(table)
    names, types = (max(len(str(row[i])) for row in described) + 2 for i in (0, 1))
    for name, kind, meaning in described:
        lines = textwrap.wrap(meaning, WIDTH - names - types)
        print(f"{name:{names}}{kind:{types}}{lines[0]}")
        for line in lines[1:]:
            print(f"{'':{names + types}}{line}")
