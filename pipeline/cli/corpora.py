"""``corpora``: the corpora that params.yaml can take by name."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.usage import WIDTH, examples
from pipeline.core.text import counted

EXAMPLES = Path("examples/params")


OneName = Annotated[str | None, typer.Argument(metavar="[NAME]", help="show one, with its BibTeX entry")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("corpora", epilog=examples("corpora", "corpora pop909"))(corpora)


def corpora(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="show one, with its BibTeX entry")
    ] = None,
) -> None:
    """List the corpora that params.yaml can take by name."""
    if name is None:
        _list()
    else:
        _show(name)


def _list() -> None:
    from pipeline.corpora.sources.catalogue import catalogue
    from pipeline.corpora.sources.settings import BundledSource

    entries = catalogue()
    column = max(map(len, entries)) + 2
    for name, entry in entries.items():
        homepage = entry.homepage.removeprefix("https://").split("/tree/")[0]
        origin = "music21" if isinstance(entry.source, BundledSource) else homepage
        texts = (entry.about, f"{entry.format}, from {origin}", f"licence: {entry.source.licence}")
        lines = [line for text in texts for line in _wrapped(text, WIDTH - column)]
        print(f"{name:{column}}{lines[0]}")
        for line in lines[1:]:
            print(f"{'':{column}}{line}")


def _show(name: str) -> None:
    from pipeline.corpora.sources.catalogue import known, resolve
    from pipeline.corpora.sources.settings import BundledSource, CatalogueSource
    from pipeline.workflow.progress import MB

    entry = known(name)
    source = resolve(CatalogueSource(kind="catalogue", name=name))
    if isinstance(source, BundledSource):
        size = "bundled with music21; no network is needed"
    else:
        n_files, n_bytes = len(source.files), sum(file.size for file in source.files)
        size = f"{counted(n_files, 'file')}, {n_bytes / MB:,.1f} MB"
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
    column = max(map(len, facts)) + 2
    for fact, value in facts.items():
        first, *more = _wrapped(value, WIDTH - column)
        print(f"{fact:{column}}{first}")
        for line in more:
            print(f"{'':{column}}{line}")
    print(f"\n{entry.bibtex}", end="")


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of whole words; an address stays in one piece."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
