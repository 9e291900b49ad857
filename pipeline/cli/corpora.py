"""``corpora``: the corpora that params.yaml can take by name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.corpora.sources.catalogue import catalogue, known, resolve
from pipeline.corpora.sources.settings import BundledSource, CatalogueSource
from pipeline.workflow.progress import MB, show

EXAMPLES = Path("examples/params")


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    listing = commands.add_parser(
        "corpora",
        help="list the corpora that params.yaml can take by name",
        epilog="example: python -m pipeline corpora; python -m pipeline corpora pop909",
    )
    listing.add_argument("name", nargs="?", help="show one corpus, with its BibTeX entry")
    listing.set_defaults(command=_corpora)


def _corpora(asked: argparse.Namespace) -> None:
    if asked.name is None:
        _list()
    else:
        _show(asked.name)


def _list() -> None:
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


def _show(name: str) -> None:
    entry = known(name)
    source = resolve(CatalogueSource(kind="catalogue", name=name))
    if isinstance(source, BundledSource):
        size = "bundled with music21; no network is needed"
    else:
        n_files, n_bytes = len(source.files), sum(file.size for file in source.files)
        size = f"{n_files:,} file{'s' * (n_files != 1)}, {n_bytes / MB:,.1f} MB"
    example = EXAMPLES / f"{name}.yaml"
    facts = {
        name: entry.about,
        "format": entry.format,
        "from": entry.homepage or "music21",
        "size": size,
        "licence": source.licence,
        "citation": source.citation,
        "params.yaml": f"source: {{kind: catalogue, name: {name}}}",
        **({"example": example.as_posix()} if example.exists() else {}),
    }
    width = max(map(len, facts))
    for fact, value in facts.items():
        print(f"{fact:{width}}  {value}")
    print(f"\n{entry.bibtex}", end="")
