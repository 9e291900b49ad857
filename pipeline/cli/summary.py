"""``python -m pipeline summary``: what stages made when they last ran."""

from __future__ import annotations

import argparse
from typing import Any

from pipeline.workflow.dvcfile import stage_names
from pipeline.workflow.progress import show
from pipeline.workflow.summary import summaries


def add_commands(commands: Any) -> None:
    """``summary``."""
    parser = commands.add_parser(
        "summary",
        help="show what a stage made, as it said when it ran",
        epilog="example: python -m pipeline summary filter encode@melodies",
    )
    parser.add_argument("stages", nargs="+", metavar="STAGE", help="as DVC names it; 'filter': of every key")
    parser.set_defaults(command=_summary)


def _summary(asked: argparse.Namespace) -> None:
    names = stage_names()
    for stage in asked.stages:
        of_every_key = [name for name in names if name.startswith(f"{stage}@")]
        for name in of_every_key or [stage]:
            made = summaries(name)
            print(name, flush=True)
            for summary in made:
                show(summary.columns, summary.rows, stderr=False)
