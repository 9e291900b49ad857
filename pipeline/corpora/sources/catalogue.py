"""The catalogue of known corpora: pipeline/corpora/catalogue.yaml, by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.core.settings import Section, load_yaml, parse_section
from pipeline.corpora.sources.settings import BundledSource, CatalogueSource, UrlSource
from pipeline.errors import PipelineError, nearest

CATALOGUE = Path(__file__).parent.parent / "catalogue.yaml"


class CatalogueError(PipelineError):
    """The catalogue knows no such corpus."""


class CatalogueEntry(Section):
    """A known corpus.

    Attributes:
        about: what it holds, in a few words.
        format: of its files, for people who choose.
        homepage: where it is published, pinned to a version; "" for bundled ones.
        source: how to get it.
    """

    about: str
    format: str
    homepage: str
    source: Annotated[BundledSource | UrlSource, Field(discriminator="kind")]


@cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """All known corpora, in the order of the file."""
    content = load_yaml(CATALOGUE)
    return {name: parse_section(CatalogueEntry, entry, name) for name, entry in content.items()}


def resolve(source: CatalogueSource) -> BundledSource | UrlSource:
    """The source that a name of the catalogue stands for, its mirror put in.

    Raises:
        CatalogueError: no such name; the message tells the nearest.
    """
    known = catalogue()
    if source.name not in known:
        raise CatalogueError(f"the catalogue has no corpus '{source.name}'; {nearest(source.name, known)}")
    entry = known[source.name]
    if source.mirror is None or isinstance(entry.source, BundledSource):
        return entry.source
    prefix = source.mirror.rstrip("/")
    files = [
        file.model_copy(update={"urls": [f"{prefix}/{file.path}", *file.urls]}) for file in entry.source.files
    ]
    return entry.source.model_copy(update={"files": files})
