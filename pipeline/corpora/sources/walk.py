"""Find the files of a folder that belong to a corpus, and the reasons for skipping others.

A user's folder may contain anything: broken links (git-annex without content), links to
themselves or out of the folder, pipes that block the process that opens them, names that
are not UTF-8. None of these is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

KINDS = {
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}
OUTSIDE = "a link that leaves the folder"


@dataclass(frozen=True)
class Skipped:
    """An entry that is not read: its path below the folder, and the reason."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} ({self.reason})"


@dataclass(frozen=True)
class Found:
    """The content of a folder, sorted by path: files to read, and skipped entries."""

    files: list[Path]
    skipped: list[Skipped]


def walk(root: Path, follow_links: bool = False) -> Found:
    """All regular files below a folder; hidden files are ignored.

    Args:
        follow_links: whether to include links to files and folders outside the folder.
    """
    files: list[Path] = []
    skipped: list[Skipped] = []
    for place, reason in _entries(root, root.resolve(), follow_links, frozenset()):
        if reason:
            skipped.append(Skipped(readable(place.relative_to(root)), reason))
        else:
            files.append(place)
    return Found(
        sorted(files, key=lambda file: os.fsencode(file.relative_to(root).as_posix())),
        sorted(skipped, key=lambda entry: entry.path),
    )


def blocking(root: Path) -> list[Skipped]:
    """Entries that DVC cannot track: it fails on them, or waits for ever, before any stage runs."""
    found = walk(root, follow_links=True)
    names = [readable(file.relative_to(root)) for file in found.files]
    foreign = [
        Skipped(name, "a name that is not UTF-8")
        for file, name in zip(found.files, names, strict=True)
        if name != file.relative_to(root).as_posix()
    ]
    return [*found.skipped, *foreign]


def readable(path: PurePath) -> str:
    r"""A path as text; bytes that are not UTF-8 are percent-encoded.

    >>> readable(Path("songs/Gr\udcfc\udcdfe.abc"))
    'songs/Gr%FC%DFe.abc'
    """
    return readable_text(path.as_posix())


def readable_text(text: str) -> str:
    """Percent-encode bytes that are not UTF-8 in a path that is a string."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_encoded(letter) for letter in text)
    return text


def _encoded(letter: str) -> str:
    return quote(os.fsencode(letter)) if "\ud800" <= letter <= "\udfff" else letter


def _entries(
    folder: Path, root: Path, follow_links: bool, above: frozenset[Path]
) -> Iterator[tuple[Path, str]]:
    """Yield every entry with the reason why it is skipped; "" for a file to read.

    Args:
        root: the folder of the corpus, resolved.
        above: resolved folders on the path from the root to this folder.
    """
    try:
        names = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, f"cannot be opened: {error.strerror}"
        return
    for entry in names:
        if entry.name.startswith("."):
            continue
        place = folder / entry.name
        reason = _reason(entry, root, follow_links)
        if reason or not entry.is_dir():
            yield place, reason
        elif (real := place.resolve()) in above:
            yield place, "a link to a folder above it"
        else:
            yield from _entries(place, root, follow_links, above | {real})


def _reason(entry: os.DirEntry[str], root: Path, follow_links: bool) -> str:
    try:
        mode = entry.stat().st_mode
    except FileNotFoundError:
        return "a link to nothing"
    except OSError as error:  # a link to itself, a folder that may not be read
        return f"cannot be opened: {error.strerror}"
    if entry.is_symlink() and not follow_links:
        if not Path(entry.path).resolve().is_relative_to(root):
            return OUTSIDE
        if stat.S_ISDIR(mode):
            return "a link to a folder of the corpus"
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    return next((words for is_kind, words in KINDS.items() if is_kind(mode)), "not a regular file")
