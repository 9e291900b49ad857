"""Compressed MusicXML (.mxl): a zip archive whose container names the score.

Source: MusicXML 4.0, "Compressed .MXL files". An archive is hostile until it is
read: no more than the limit is ever unpacked, whatever it says.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from pipeline.formats.readers.base.limits import MIB, ReadLimits, too_many
from pipeline.formats.readers.base.source import ReadError

CONTAINER = "META-INF/container.xml"


def unpack(content: bytes, limits: ReadLimits | None) -> bytes:
    """The score inside an archive.

    Raises:
        ReadError: ``unreadable``, a damaged or encrypted archive, or one without
            a score; ``too_many_members``; ``unpacks_too_large``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if limits is not None and len(names) > limits.max_members:
                raise too_many("too_many_members", "files in the archive", len(names), limits.max_members)
            return _member(archive, _score_name(archive, names, limits), limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ReadError("unreadable", f"a damaged or encrypted archive: {error}") from None
    except (KeyError, ValueError) as error:
        raise ReadError("unreadable", f"an archive without what it names: {error}") from None


def _score_name(archive: zipfile.ZipFile, names: list[str], limits: ReadLimits | None) -> str:
    if CONTAINER in names:
        container = _member(archive, CONTAINER, limits)
        named = re.search(rb"<rootfile\b[^>]*?\bfull-path\s*=\s*[\"']([^\"']+)[\"']", container)
        if named is not None and named[1].decode("utf-8", "replace") in names:
            return named[1].decode("utf-8", "replace")
    scores = [name for name in names if not name.startswith("META-INF/")]
    scores = [name for name in scores if name.lower().endswith((".musicxml", ".xml"))]
    if not scores:
        raise ReadError("unreadable", f"no MusicXML among its {len(names)} files")
    return scores[0]


def _member(archive: zipfile.ZipFile, name: str, limits: ReadLimits | None) -> bytes:
    """Unpack one member, and stop at the limit."""
    if limits is None:
        return archive.read(name)
    most = int(limits.max_unpacked_mib * MIB)
    with archive.open(name) as member:
        unpacked = member.read(most + 1)
    if len(unpacked) > most:
        found = len(unpacked) / MIB
        raise too_many("unpacks_too_large", "MiB and more, unpacked", found, limits.max_unpacked_mib)
    return unpacked
