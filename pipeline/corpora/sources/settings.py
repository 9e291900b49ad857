"""The section ``corpora.KEY.source`` of params.yaml, one model per kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from pipeline.core.settings import Section


class BundledSource(Section):
    """Files inside the music21 wheel; no network is needed.

    Attributes:
        path: folder below music21's ``corpus`` folder.
        pattern: which files of it, for example ``*.abc``.
        licence: an SPDX name or a sentence; travels into every row.
        citation: whom to cite; travels into every row.
    """

    kind: Literal["bundled"]
    path: str
    pattern: str
    licence: str
    citation: str


class FolderSource(Section):
    """A folder of scores of one's own, folders below it included.

    Attributes:
        path: the folder; it is recorded nowhere else.
        follow_links: whether symbolic links may lead out of the folder. What they lead to is
            copied, and with a DVC remote published; so a corpus with such links is refused
            unless this is true.
    """

    kind: Literal["folder"]
    path: str
    follow_links: bool = False
    licence: str
    citation: str


class RemoteFile(Section):
    """One file, or an archive of files, on the network.

    Attributes:
        path: its name below data/raw/CORPUS; for an archive, where it is unpacked ("." for right there).
        urls: the address, then mirrors, tried in turn; http or https.
        sha256: hex digest of the file as published.
        size: its bytes.
        unpack: whether it is a zip or tar archive whose members are the scores.
    """

    path: str
    urls: list[Annotated[str, Field(pattern="^https?://")]] = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=1 << 50)
    unpack: bool = False


class UrlSource(Section):
    """Files from the network, each pinned by its sum."""

    kind: Literal["url"]
    files: list[RemoteFile] = Field(min_length=1)
    licence: str
    citation: str


class ListedFiles(UrlSource):
    """The files of an index; those without the suffix of a score are left out."""


class IndexSource(Section):
    """Many files from the network, listed in an index file (sources/index.py describes its lines).

    Attributes:
        index: the index file; relative to the project, in the catalogue to pipeline/corpora/index.
        index_sha256: hex digest of the index file; null: not compared.
    """

    kind: Literal["index"]
    index: str
    index_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    licence: str
    citation: str


class CatalogueSource(Section):
    """A corpus of pipeline/corpora/catalogue.yaml.

    Attributes:
        name: its name there.
        mirror: an address that holds copies of the publisher's files under their paths
            (in a local network, for example) and is tried first; null: the publisher's only.
    """

    kind: Literal["catalogue"]
    name: str
    mirror: Annotated[str, Field(pattern="^https?://")] | None = None


Source = BundledSource | FolderSource | UrlSource | IndexSource | CatalogueSource
SOURCE: TypeAdapter[Source] = TypeAdapter(Annotated[Source, Field(discriminator="kind")])
