"""Unpack untrusted archives, member by member.

No member is written outside the folder, links and devices are refused, and the number of
members, their unpacked bytes and the ratio to the packed bytes are limited. The sizes in
the header are not trusted: the bytes are counted while unpacking. Metadata is limited as
well: a tar archive may have names and attributes of any length, which Python's tarfile
reads as a whole, and a zip archive a directory of any size.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from pipeline.core.text import message_of
from pipeline.corpora.sources.paths import UnsafePathError, inside
from pipeline.errors import PipelineError

CHUNK_BYTES = 1 << 16
DAMAGE = (  # RecursionError, a RuntimeError: thousands of consecutive headers
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, RuntimeError, ValueError, OverflowError, struct.error),
)
MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE)  # not caused by the archive
ZIP_END, ZIP64_END = b"PK\x05\x06", b"PK\x06\x06"
ZIP_TAIL = (1 << 16) + 200  # the end of a zip archive: the longest comment, and both end records


class ArchiveError(PipelineError):
    """An archive is damaged or violates the limits."""


@dataclass(frozen=True)
class UnpackLimits:
    """Limits on the unpacked content of an archive.

    Attributes:
        members: number of files and folders.
        unpacked_bytes: size of all members together.
        ratio: unpacked bytes per packed byte; about 10 for text, 1,000 for a zip bomb.
        header_bytes: size of the headers of one member of a tar archive.
        directory_bytes: size of the headers of all members of an archive.
    """

    members: int = 200_000
    unpacked_bytes: int = 4 << 30
    ratio: float = 200.0
    header_bytes: int = 1 << 20
    directory_bytes: int = 256 << 20


@dataclass(frozen=True)
class _Member:
    name: str
    is_folder: bool
    is_file: bool
    open: Callable[[], IO[bytes] | None]


def unpack(archive: Path, target: Path, limits: UnpackLimits | None = None) -> int:
    """Unpack a zip or (compressed) tar archive below ``target``.

    Returns:
        The number of files written.

    Raises:
        ArchiveError: not an archive, damaged, or beyond the limits; the caller must delete
            the files written so far.
    """
    limits = limits or UnpackLimits()
    allowance = min(limits.unpacked_bytes, int(limits.ratio * archive.stat().st_size))
    n_members = n_files = 0
    seen: set[PurePosixPath] = set()
    try:
        for member in _members(archive, limits):
            n_members += 1
            if n_members > limits.members:
                raise ArchiveError(f"{archive.name}: more than {limits.members} members")
            place = _safe(archive, member)
            if member.is_folder:
                continue
            if place in seen:
                raise ArchiveError(f"{archive.name}: two members are called {place}")
            seen.add(place)
            allowance -= _write(member, target / place, allowance, archive)
            n_files += 1
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno in MACHINE:
            raise
        raise ArchiveError(f"{archive.name}: not readable as an archive ({message_of(error)})") from None
    return n_files


def _members(archive: Path, limits: UnpackLimits) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        if _directory_bytes(archive) > limits.directory_bytes:
            raise ArchiveError(f"{archive.name}: its directory has more than {limits.directory_bytes} bytes")
        with zipfile.ZipFile(archive) as pack:
            for info in pack.infolist():
                kind = info.external_attr >> 28  # the file type of Unix, 0 where there is none
                regular = kind in (0, 0o10) and not info.is_dir()
                yield _Member(info.filename, info.is_dir(), regular, partial(pack.open, info))
    else:
        with _decompressed(archive) as content:
            headers = _Headers(content, archive.name, limits)
            with tarfile.open(fileobj=headers, mode="r:") as tape:  # type: ignore[call-overload]
                while (entry := headers.next_of(tape)) is not None:
                    yield _Member(entry.name, entry.isdir(), entry.isreg(), partial(tape.extractfile, entry))


def _directory_bytes(archive: Path) -> int:
    """Size of the directory of a zip archive, as both kinds of end records give it."""
    with archive.open("rb") as file:
        file.seek(max(0, archive.stat().st_size - ZIP_TAIL))
        tail = file.read()
    sizes = [0]
    if (place := tail.rfind(ZIP_END)) >= 0 and len(tail) >= place + 16:
        sizes.append(int.from_bytes(tail[place + 12 : place + 16], "little") % 0xFFFFFFFF)
    if (place := tail.rfind(ZIP64_END)) >= 0 and len(tail) >= place + 48:
        sizes.append(int.from_bytes(tail[place + 40 : place + 48], "little"))
    return max(sizes)


def _decompressed(archive: Path) -> IO[bytes]:
    with archive.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(archive))
    if magic.startswith(b"BZh"):
        return cast(IO[bytes], bz2.open(archive))
    if magic.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):
        return cast(IO[bytes], lzma.open(archive))
    return archive.open("rb")


class _Headers:
    """The bytes of a tar archive; counts the bytes that are read between two members.

    Args:
        content: the decompressed bytes of the archive.
        name: the name of the archive, for messages.
    """

    def __init__(self, content: IO[bytes], name: str, limits: UnpackLimits) -> None:
        self._content = content
        self._name = name
        self._limits = limits
        self._in_headers = True
        self._left = limits.header_bytes
        self._total_left = limits.directory_bytes
        self.seek, self.tell = content.seek, content.tell

    def next_of(self, tape: tarfile.TarFile) -> tarfile.TarInfo | None:
        """The next member; earlier members are not kept."""
        tape.members.clear()  # type: ignore[attr-defined]
        self._in_headers, self._left = True, self._limits.header_bytes
        try:
            return tape.next()
        finally:
            self._in_headers = False

    def read(self, size: int = -1) -> bytes:
        """Read as a file does.

        Raises:
            ArchiveError: a header is too long, or all headers together are.
        """
        if self._in_headers:
            self._left -= size
            self._total_left -= size
            if size < 0 or min(self._left, self._total_left) < 0:
                raise ArchiveError(f"{self._name}: the header of a member has more bytes than allowed")
        return self._content.read(size)


def _safe(archive: Path, member: _Member) -> PurePosixPath:
    """The path of the member below the target.

    Raises:
        ArchiveError: the path is outside the target, or the member is a link or device.
    """
    try:
        place = inside(member.name)
    except UnsafePathError:
        raise ArchiveError(f"{archive.name}: the member {member.name!r} would leave the folder") from None
    if not place.parts and not member.is_folder:
        raise ArchiveError(f"{archive.name}: the member {member.name!r} names no file")
    if not member.is_folder and not member.is_file:
        raise ArchiveError(
            f"{archive.name}: the member {member.name!r} is a link or a device; only files are unpacked"
        )
    return place


def _write(member: _Member, path: Path, allowance: int, archive: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    packed = member.open()
    if packed is None:
        raise ArchiveError(f"{archive.name}: the member {member.name!r} has no content")
    with packed, path.open("xb") as file:
        while chunk := packed.read(CHUNK_BYTES):
            written += len(chunk)
            if written > allowance:
                raise ArchiveError(f"{archive.name}: unpacks to more bytes than allowed, at {member.name!r}")
            file.write(chunk)
    return written
