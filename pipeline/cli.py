"""``python -m pipeline COMMAND``: what can be asked outside of ``dvc repro``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from pipeline.errors import PipelineError
from pipeline.ledger import balance_all, read_ledger
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
    books = commands.add_parser(
        "books",
        help="hold the books of all stages of a data set against each other",
        epilog="example: python -m pipeline books melodies",
    )
    books.add_argument("dataset", help="its name in params.yaml")
    books.set_defaults(command=_books)
    chosen = vars(parser.parse_args(arguments))
    command = chosen.pop("command")
    try:
        command(**chosen)
    except PipelineError as error:
        say(f"{error}")
        raise SystemExit(1) from None


def _books(dataset: str) -> None:
    say(f"{dataset}: {balance_all(read_ledger(dataset))}")


def _corpora() -> None:
    table = Table("name", "what it holds", "format", "from", "licence", box=None, header_style="bold")
    for name, entry in catalogue().items():
        bundled = isinstance(entry.source, BundledSource)
        table.add_row(
            name, entry.about, entry.format, "music21" if bundled else "network", entry.source.licence
        )
    Console().print(table)
