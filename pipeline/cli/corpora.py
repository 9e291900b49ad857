"""``corpora``: what params.yaml can take by name."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.sources.catalogue import catalogue
from pipeline.sources.settings import BundledSource


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    listing = commands.add_parser(
        "corpora",
        help="list the corpora that params.yaml can take by name",
        epilog="example: python -m pipeline corpora",
    )
    listing.set_defaults(command=_corpora)


def _corpora(_: argparse.Namespace) -> None:
    table = Table("name", "what it holds", "format", "from", "licence", box=None, header_style="bold")
    for name, entry in catalogue().items():
        bundled = isinstance(entry.source, BundledSource)
        table.add_row(
            name, entry.about, entry.format, "music21" if bundled else "network", entry.source.licence
        )
    Console().print(table)
