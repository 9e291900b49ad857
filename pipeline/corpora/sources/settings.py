"""The section ``corpora.KEY.source`` of params.yaml, one model per kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from pipeline.core.settings import Section


class BundledSource(Section):
    """Files inside the music21 wheel; no network is needed.

    Attributes:
        path: folder below music21's ``corpus`` folder.
        pattern: pattern of the file names, for example ``*.abc``.
        licence: an SPDX name or a sentence; recorded in every row.
        citation: the works to cite; recorded in every row.
    """

    kind: Literal["bundled"]
    path: str
    pattern: str
    licence: str
    citation: str


class WithBeats(Section):
    """A source that may have beat annotations.

    Attributes:
        beats: the file of beats that belongs to each score, relative to the folder of the score, or
            with a ``/`` at the beginning to the folder of the corpus; ``{stem}`` is the name of the
            score without its suffix: ``beat_midi.txt``, ``{stem}.beats``, ``/beats/{stem}.txt``.
            null: the corpus has none.
    """

    beats: str | None = Field(default=None, pattern=r"^(?:[^{}\\]|\{stem\})*(?:[^{}\\/]|\{stem\})$")


class FolderSource(WithBeats):
    """A user's folder of scores, including its subfolders.

    Attributes:
        path: the folder; it is recorded nowhere else.
        follow_links: whether symbolic links may lead out of the folder. Their targets are
            copied, and published if there is a DVC remote; so a corpus with such links is
            refused unless this is true.
    """

    kind: Literal["folder"]
    path: str
    follow_links: bool = False
    licence: str
    citation: str


class RemoteFile(Section):
    """One file, or an archive of files, on the network.

    Attributes:
        path: its path below data/raw/CORPUS; for an archive, the folder to unpack it to ("." for none).
        urls: the address and mirrors, tried in order; http or https.
        sha256: hex digest of the published file.
        size: size in bytes.
        unpack: whether it is a zip or tar archive whose members are the scores.
    """

    path: str
    urls: list[Annotated[str, Field(pattern="^https?://")]] = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=1 << 50)
    unpack: bool = False


class UrlSource(WithBeats):
    """Files from the network, each pinned by its sha256."""

    kind: Literal["url"]
    files: list[RemoteFile] = Field(min_length=1)
    licence: str
    citation: str


class ListedFiles(UrlSource):
    """The files of an index; files that are neither scores, by their suffix, nor beats are left out."""


class IndexSource(WithBeats):
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
        name: its name in the catalogue.
        mirror: an address with copies of the publisher's files under the same paths
            (for example in a local network), tried first; null: only the publisher's address.
    """

    kind: Literal["catalogue"]
    name: str
    mirror: Annotated[str, Field(pattern="^https?://")] | None = None


Source = BundledSource | FolderSource | UrlSource | IndexSource | CatalogueSource
SOURCE: TypeAdapter[Source] = TypeAdapter(Annotated[Source, Field(discriminator="kind")])
