"""``report``: the report of one experiment, or of all."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path
from typing import Any

from pipeline.core.files import write_text
from pipeline.core.settings import load_yaml
from pipeline.workflow.progress import say

FOLDER = Path(".cache/report")
VERSIONS = Path("versions.yaml")


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "report",
        help="write the report of one experiment",
        description="Write a page with the results, samples and data of one experiment, in seconds; without "
        "--experiment the page of all experiments. The stage `report` writes data/report/index.html.",
        epilog="example: python -m pipeline report --experiment melodies --open",
    )
    parser.add_argument("--experiment", metavar="NAME", help="a name under `experiments` in params.yaml")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"default: {FOLDER}/NAME.html")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.set_defaults(command=_report)


def _report(asked: argparse.Namespace) -> None:
    from pipeline.report import page  # imports Verovio and Vega-Lite: not for the other commands

    path = asked.out or FOLDER / f"{asked.experiment or 'index'}.html"
    write_text(path, page(Path("data"), load_yaml(), load_yaml(VERSIONS), asked.experiment))
    say(f"report: {path}")
    if asked.open:
        webbrowser.open(path.resolve().as_uri())
