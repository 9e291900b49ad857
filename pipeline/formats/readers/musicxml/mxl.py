"""Compressed MusicXML (.mxl): a zip archive whose container names the score.

Source: MusicXML 4.0, "Compressed .MXL files". The first ``<rootfile>`` of
``META-INF/container.xml`` that is MusicXML is the score; others are the same music in another
form, and further files are its parts or pictures. A score may be an opus: a list of scores, each a
piece. An archive without a container is no .mxl but a folder of scores, each a piece.

An archive is hostile until it is read: no more than the limit is ever unpacked, whatever
its directory declares.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from pipeline.core.text import counted, message_of
from pipeline.formats.readers.base.limits import MIB, ReadLimits, too_many
from pipeline.formats.readers.base.source import ReadError

CONTAINER = "META-INF/container.xml"
MEDIA_TYPES = ("", "application/vnd.recordare.musicxml+xml", "application/vnd.recordare.musicxml")
SCORE = re.compile(rb"<(?:\w+:)?score-(?:part|time)wise\b")
OPUS = re.compile(rb"<(?:\w+:)?opus\b")
HEAD = 65536  # bytes that must contain the root


def is_score(content: bytes) -> bool:
    """Whether the root of a document is a score."""
    return SCORE.search(content[:HEAD].replace(b"\0", b"")) is not None


def parse_xml(content: bytes) -> Element:
    """The root of a document that holds nothing hostile to an XML reader.

    Raises:
        ReadError: ``unreadable`` or ``entities``.
    """
    if b"<!ENTITY" in content.replace(b"\0", b""):  # the zeros are those of UTF-16
        raise ReadError("entities", "the document declares entities of its own, which no score needs")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ReadError("unreadable", f"broken XML: {message_of(error)}") from None


def unpack(content: bytes, limits: ReadLimits | None) -> list[tuple[str, bytes]]:
    """Name and content of each score inside an archive; the name of a single one is "".

    Raises:
        ReadError: ``unreadable``, a damaged or encrypted archive, or one without
            a score; ``too_many_members``; ``unpacks_too_large``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            scores = list(_Archive(archive, limits).scores())
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ReadError("unreadable", f"a damaged or encrypted archive: {message_of(error)}") from None
    except (KeyError, ValueError) as error:
        raise ReadError("unreadable", f"an archive without what it names: {message_of(error)}") from None
    return scores if len(scores) > 1 else [("", score) for _, score in scores]


class _Archive:
    """An open archive; unpacks within limits."""

    def __init__(self, archive: zipfile.ZipFile, limits: ReadLimits | None) -> None:
        names = archive.namelist()
        if limits is not None and len(names) > limits.max_members:
            raise too_many("too_many_members", "files in the archive", len(names), limits.max_members)
        self.archive = archive
        self.most = int(limits.max_unpacked_mib * MIB) if limits is not None else None
        self.unpacked = 0
        self.names = {_readable(name): name for name in names if not name.endswith("/")}

    def scores(self) -> Iterator[tuple[str, bytes]]:
        """The scores that the container names, or else all that the archive holds."""
        named = [(name, self.read(name)) for name in self.rootfiles()]
        for name, content in named:
            if is_score(content):
                yield name, content
                return
            if OPUS.search(content[:HEAD]):
                yield from self.opus(name, content)
                return
        if named:  # the error of reading it is the reason for its rejection
            yield named[0]
            return
        found = [
            name for name in self.names if name.lower().endswith((".musicxml", ".xml")) and _is_visible(name)
        ]
        if not found:
            raise ReadError("unreadable", f"no MusicXML in it: it has {counted(len(self.names), 'file')}")
        contents = {name: self.read(name) for name in found}
        scores = {name: content for name, content in contents.items() if is_score(content)}
        yield from (scores or dict([next(iter(contents.items()))])).items()

    def rootfiles(self) -> list[str]:
        """The members that the container names as MusicXML, in its order."""
        if CONTAINER not in self.names:
            return []
        try:
            container = parse_xml(self.read(CONTAINER))
        except ReadError:
            return []
        named = [element for element in container.iter() if element.tag.rpartition("}")[2] == "rootfile"]
        paths = [
            posixpath.normpath(element.get("full-path", "").replace("\\", "/")).lstrip("/")
            for element in named
            if element.get("media-type", "") in MEDIA_TYPES
        ]
        return [path for path in paths if path in self.names]

    def opus(self, name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
        """The scores that an opus lists; each once."""
        listed: dict[str, None] = {}
        for element in parse_xml(content).iter():
            for attribute, link in element.attrib.items():
                if attribute.rpartition("}")[2] == "href":
                    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(link)))
                    listed.setdefault(path)
        scores = [(path, self.read(path)) for path in listed if path in self.names]
        scores = [(path, score) for path, score in scores if is_score(score)]
        if not scores:
            raise ReadError("unreadable", f"the opus {name} lists no score of the archive")
        yield from scores

    def read(self, name: str) -> bytes:
        """Unpack one member, and stop at the limit of all together."""
        if self.most is None:
            return self.archive.read(self.names[name])
        with self.archive.open(self.names[name]) as member:
            content = member.read(self.most - self.unpacked + 1)
        self.unpacked += len(content)
        if self.unpacked > self.most:
            raise too_many(
                "unpacks_too_large", "MiB and more, unpacked", self.unpacked / MIB, self.most / MIB
            )
        return content


def _readable(name: str) -> str:
    """The name of a member; in UTF-8 if the archive does not declare an encoding."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _is_visible(name: str) -> bool:
    """Whether a member is a regular user file: not metadata and not hidden."""
    folders = name.split("/")
    return folders[0] not in ("META-INF", "__MACOSX") and not any(
        folder.startswith(".") for folder in folders
    )
