"""``summary``: the summary tables of stages that have run."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.usage import examples

Stages = Annotated[list[str], typer.Argument(metavar="STAGE...", help="a DVC stage; `filter`: for every key")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("summary", epilog=examples("summary filter encode@melodies"))(summary)


def summary(stages: Stages) -> None:
    """Reprint the summary table of a stage."""
    from pipeline.workflow.dvcfile import stage_names
    from pipeline.workflow.progress import show
    from pipeline.workflow.summary import summaries

    names = stage_names()
    for stage in stages:
        of_every_key = [name for name in names if name.startswith(f"{stage}@")]
        for name in of_every_key or [stage]:
            made = summaries(name)
            print(name, flush=True)
            for table in made:
                show(table.columns, table.rows, stderr=False)
