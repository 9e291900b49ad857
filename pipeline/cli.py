"""``python -m pipeline COMMAND``: what can be asked outside of ``dvc repro``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from pipeline.errors import PipelineError
from pipeline.progress import say
from pipeline.sources.catalogue import catalogue
from pipeline.sources.settings import BundledSource


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a user's mistake is one message and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser(
        "corpora",
        help="list the corpora that params.yaml can take by name",
        epilog="example: python -m pipeline corpora",
    )
    listing.set_defaults(command=_corpora)
    chosen = parser.parse_args(arguments)
    try:
        chosen.command()
    except PipelineError as error:
        say(f"{error}")
        raise SystemExit(1) from None


def _corpora() -> None:
    table = Table("name", "what it holds", "format", "from", "licence", box=None, header_style="bold")
    for name, entry in catalogue().items():
        bundled = isinstance(entry.source, BundledSource)
        table.add_row(
            name, entry.about, entry.format, "music21" if bundled else "network", entry.source.licence
        )
    Console().print(table)
