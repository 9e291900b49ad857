"""Unpacking archives of strangers, member by member.

No member leaves the folder, links and devices are refused, and the number of
members, their unpacked bytes and the ratio to the packed bytes are limited: the
header's word is not trusted, the bytes are counted as they come.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.corpora.sources.paths import UnsafePathError, inside
from pipeline.errors import PipelineError

CHUNK_BYTES = 1 << 16


class ArchiveError(PipelineError):
    """An archive that is damaged, or that tries what it must not."""


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may unpack to.

    Attributes:
        members: files and folders in it.
        unpacked_bytes: all members together.
        ratio: unpacked bytes to packed bytes; text packs to a tenth, a bomb to a thousandth.
    """

    members: int = 200_000
    unpacked_bytes: int = 4 << 30
    ratio: float = 200.0


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
        ArchiveError: not an archive, damaged, or against the limits; what was
            written by then is for the caller to throw away.
    """
    limits = limits or UnpackLimits()
    allowance = min(limits.unpacked_bytes, int(limits.ratio * archive.stat().st_size))
    n_members = n_files = 0
    seen: set[PurePosixPath] = set()
    try:
        for member in _members(archive):
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
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise ArchiveError(f"{archive.name}: not readable as an archive ({error})") from None
    return n_files


def _members(archive: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as pack:
            for info in pack.infolist():
                kind = info.external_attr >> 28  # the file type of Unix, 0 where there is none
                regular = kind in (0, 0o10) and not info.is_dir()
                yield _Member(info.filename, info.is_dir(), regular, partial(pack.open, info))
    else:
        with tarfile.open(archive, "r:*") as tape:
            for entry in tape:
                yield _Member(entry.name, entry.isdir(), entry.isreg(), partial(tape.extractfile, entry))


def _safe(archive: Path, member: _Member) -> PurePosixPath:
    """The member's place below the target.

    Raises:
        ArchiveError: the place lies outside, or the member is a link or device.
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
