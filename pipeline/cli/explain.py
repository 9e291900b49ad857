"""``explain``: why ``dvc repro`` would run a stage."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from pipeline.cli.usage import WIDTH, examples

MOST_LINES = 8  # reasons shown for one stage, without --all
All = Annotated[bool, typer.Option("--all", help="show all reasons")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", epilog=examples("explain"))(explain)


def explain(show_all: All = False) -> None:
    """Preview what `dvc repro` would run, and why.

    Compares every stage with dvc.lock and names each changed parameter and file, and counts
    the pieces that a changed filter, split or grid touches. Runs and writes nothing.
    """
    from pipeline.tools.explain import reasons
    from pipeline.tools.explain.impact import touched

    found = reasons.explain()
    running = [stage for stage in found if stage.reasons]
    for stage in running:
        lines = stage.reasons if show_all else stage.reasons[:MOST_LINES]
        more = len(stage.reasons) - len(lines)
        sentence = touched(stage.stage)
        print(f"{stage.stage} runs:")
        for line in [
            *lines,
            *([f"and {more} more (--all)"] if more else []),
            *([sentence] if sentence else []),
        ]:
            print(_wrapped(line))
    waiting = [stage for stage in found if not stage.reasons]
    if waiting:
        print("These will run only if their inputs change:")
        for stage in waiting:
            print(_wrapped(f"{stage.stage}, after {', '.join(stage.waits_for)}"))
    if not found:
        print("Nothing would run: every stage matches dvc.lock.")


def _wrapped(line: str) -> str:
    """A line under its stage; names of files and parameters stay whole."""
    return textwrap.fill(
        line,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
