"""The catalogue of known corpora: pipeline/corpora/catalogue.yaml, by name.

The files of a corpus with many files are listed in pipeline/corpora/index/NAME.tsv;
the catalogue pins each index by its sha256, so that a change of an index is a change
of the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.core.settings import Section, load_yaml, parse_section
from pipeline.corpora.sources.index import address_of, from_index
from pipeline.corpora.sources.settings import BundledSource, CatalogueSource, IndexSource, UrlSource
from pipeline.errors import PipelineError, nearest

CATALOGUE = Path(__file__).parent.parent / "catalogue.yaml"
INDICES = CATALOGUE.parent / "index"


class CatalogueError(PipelineError):
    """The corpus is not in the catalogue."""


class CatalogueEntry(Section):
    """A known corpus.

    Attributes:
        about: a short description of its content.
        format: the format of its files, for display.
        homepage: the address where it is published, pinned to a version; "" for bundled corpora.
        bibtex: citation as one or several BibTeX entries.
        source: the source settings.
    """

    about: str
    format: str
    homepage: str
    bibtex: str
    source: Annotated[BundledSource | UrlSource | IndexSource, Field(discriminator="kind")]


@cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """All known corpora, in the order of the file."""
    content = load_yaml(CATALOGUE)
    return {name: parse_section(CatalogueEntry, entry, name) for name, entry in content.items()}


def known(name: str) -> CatalogueEntry:
    """The entry of a corpus.

    Raises:
        CatalogueError: no such name; the message suggests the nearest one.
    """
    entries = catalogue()
    if name not in entries:
        raise CatalogueError(f"the catalogue has no corpus '{name}'; {nearest(name, entries)}")
    return entries[name]


def resolve(source: CatalogueSource) -> BundledSource | UrlSource:
    """The source of a corpus in the catalogue, with every file listed and a mirror first.

    Raises:
        CatalogueError: no such name.
        IndexFileError: its index does not match the sha256 in the catalogue.
    """
    entry = known(source.name).source
    listed = from_index(entry, INDICES) if isinstance(entry, IndexSource) else entry
    if source.mirror is None or isinstance(listed, BundledSource):
        return listed
    files = [
        file.model_copy(update={"urls": [address_of(source.mirror, file.path), *file.urls]})
        for file in listed.files
    ]
    return listed.model_copy(update={"files": files})
