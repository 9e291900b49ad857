"""The catalogue of known corpora: pipeline/corpora/catalogue.yaml, by name.

Corpora of many files keep the list of them in pipeline/corpora/index/NAME.tsv;
the catalogue pins each index by its sum, so that an edit of an index is an edit
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
    """The catalogue knows no such corpus."""


class CatalogueEntry(Section):
    """A known corpus.

    Attributes:
        about: what it holds, in a few words.
        format: of its files, for people who choose.
        homepage: where it is published, pinned to a version; "" for bundled ones.
        bibtex: whom to cite, ready for a bibliography; may hold several entries.
        source: how to get it.
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
        CatalogueError: no such name; the message gives the nearest one.
    """
    entries = catalogue()
    if name not in entries:
        raise CatalogueError(f"the catalogue has no corpus '{name}'; {nearest(name, entries)}")
    return entries[name]


def resolve(source: CatalogueSource) -> BundledSource | UrlSource:
    """The source that a name of the catalogue stands for, every file listed, a mirror first.

    Raises:
        CatalogueError: no such name.
        IndexFileError: its index is not the one that the catalogue pins.
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
