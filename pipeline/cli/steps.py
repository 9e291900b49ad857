"""``next``: what to do after a run."""

from __future__ import annotations

import typer

from pipeline.cli.usage import examples


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("next", epilog=examples("next"))(next_steps)


def next_steps() -> None:
    """Show the report, commands to try and changed files."""
    from pipeline.tools.next_steps import lines

    for line in lines():
        print(line)
