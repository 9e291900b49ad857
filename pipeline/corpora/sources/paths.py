"""Untrusted paths: those of the members of an archive and of the lines of an index."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipeline.corpora.sources.manifest import FILE


class UnsafePathError(ValueError):
    """A path that must not be written below data/raw; the message gives the reason."""


def inside(text: str) -> PurePosixPath:
    """A path below the folder of a corpus.

    Backslashes are folder separators, as on Windows.

    >>> inside("kern/chor001.krn")
    PurePosixPath('kern/chor001.krn')

    Raises:
        UnsafePathError: the path would leave the folder.
    """
    path = PurePosixPath(text.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in text or "\0" in text:
        raise UnsafePathError(f"the path {text!r} would leave the folder of the corpus")
    return path


def inside_as_file(text: str) -> PurePosixPath:
    """The path of a file below the folder of a corpus.

    Raises:
        UnsafePathError: the path would leave the folder, names no file, a hidden one
            (which the corpus would leave out), or the manifest.
    """
    path = inside(text)
    if not path.parts or text.endswith(("/", "\\")):
        raise UnsafePathError(f"the path {text!r} names no file")
    if any(part.startswith(".") for part in path.parts):
        raise UnsafePathError(f"the path {text!r} is of a hidden file")
    if path == PurePosixPath(FILE):
        raise UnsafePathError(f"the path {text!r} is taken by the description of the corpus")
    return path
