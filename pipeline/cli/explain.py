"""``explain``: why ``dvc repro`` would run."""

from __future__ import annotations

import argparse
from typing import Any

from pipeline.tools.explain.impact import touched
from pipeline.tools.explain.reasons import explain

MOST_LINES = 8  # reasons told of one stage, without --all


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "explain",
        help="tell why `dvc repro` would run a stage, and how many pieces that touches",
        description="Compare every stage with dvc.lock and tell, down to the single parameter and file, why "
        "`dvc repro` would run it, and what a changed filter, split or grid does to the pieces there are. "
        "Nothing is run or written.",
        epilog="example: python -m pipeline explain",
    )
    parser.add_argument("--all", action="store_true", help="all reasons, however many")
    parser.set_defaults(command=_explain)


def _explain(asked: argparse.Namespace) -> None:
    found = explain()
    running = [stage for stage in found if stage.reasons]
    for stage in running:
        lines = stage.reasons if asked.all else stage.reasons[:MOST_LINES]
        more = len(stage.reasons) - len(lines)
        sentence = touched(stage.stage)
        print(f"{stage.stage} runs:")
        for line in [
            *lines,
            *([f"and {more} more (--all)"] if more else []),
            *([sentence] if sentence else []),
        ]:
            print(f"  {line}")
    waiting = [stage for stage in found if not stage.reasons]
    if waiting:
        print("These run if what they read comes out otherwise:")
        for stage in waiting:
            print(f"  {stage.stage}, after {', '.join(stage.waits_for)}")
    if not found:
        print("Nothing would run: everything is as dvc.lock has it.")
