"""``corpora``: what params.yaml can take by name."""

from __future__ import annotations

import argparse
from typing import Any

from pipeline.corpora.sources.catalogue import catalogue
from pipeline.corpora.sources.settings import BundledSource
from pipeline.workflow.progress import show


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    listing = commands.add_parser(
        "corpora",
        help="list the corpora that params.yaml can take by name",
        epilog="example: python -m pipeline corpora",
    )
    listing.set_defaults(command=_corpora)


def _corpora(_: argparse.Namespace) -> None:
    rows = [
        (
            name,
            entry.about,
            entry.format,
            "music21" if isinstance(entry.source, BundledSource) else entry.homepage,
            entry.source.licence,
        )
        for name, entry in catalogue().items()
    ]
    show(("name", "what it holds", "format", "from", "licence"), rows, stderr=False)
