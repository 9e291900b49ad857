"""Compressed MusicXML (.mxl): a zip archive whose container names the score.

Source: MusicXML 4.0, "Compressed .MXL files". An archive is hostile until it is
read: no more than ``MAX_UNPACKED_BYTES`` are ever unpacked, whatever it says.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from pipeline.readers.source import ReadError

MAX_UNPACKED_BYTES = 32 * 2**20  # the largest orchestral scores in public collections have about 20 MB
MAX_MEMBERS = 10_000
CONTAINER = "META-INF/container.xml"


def unpack(content: bytes) -> bytes:
    """The score inside an archive.

    Raises:
        ReadError: ``unreadable``, a damaged or encrypted archive, or one without
            a score; ``too_large``, a member beyond the limit.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) > MAX_MEMBERS:
                raise ReadError("too_large", f"an archive of {len(names)} files; allowed are {MAX_MEMBERS}")
            return _member(archive, _score_name(archive, names))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ReadError("unreadable", f"a damaged or encrypted archive: {error}") from None
    except (KeyError, ValueError) as error:
        raise ReadError("unreadable", f"an archive without what it names: {error}") from None


def _score_name(archive: zipfile.ZipFile, names: list[str]) -> str:
    if CONTAINER in names:
        container = _member(archive, CONTAINER)
        named = re.search(rb"<rootfile\b[^>]*?\bfull-path\s*=\s*[\"']([^\"']+)[\"']", container)
        if named is not None and named[1].decode("utf-8", "replace") in names:
            return named[1].decode("utf-8", "replace")
    scores = [name for name in names if not name.startswith("META-INF/")]
    scores = [name for name in scores if name.lower().endswith((".musicxml", ".xml"))]
    if not scores:
        raise ReadError("unreadable", f"no MusicXML among its {len(names)} files")
    return scores[0]


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Unpack one member, and stop at the limit."""
    with archive.open(name) as member:
        unpacked = member.read(MAX_UNPACKED_BYTES + 1)
    if len(unpacked) > MAX_UNPACKED_BYTES:
        limit = f"{MAX_UNPACKED_BYTES // 2**20} MiB"
        raise ReadError("too_large", f"{name} unpacks to more than {limit}")
    return unpacked
