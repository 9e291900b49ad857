"""Atomic writes: to a temporary file in the same folder, which is then moved into place.

Also :func:`is_refused`: whether the operating system, and not the content of a file, causes an error.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REFUSALS = (
    *map(os.strerror, (errno.ENOSPC, errno.EIO, errno.EAGAIN, errno.ENOMEM, errno.EDQUOT, errno.EROFS)),
    *map(os.strerror, (errno.EACCES, errno.EMFILE, errno.ENFILE)),
    "can't start new thread",
)


def is_refused(error: Exception) -> bool:
    """Whether the operating system refused: too many open files, no memory, no access.

    Libraries raise exceptions of their own that contain the system's message.
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None):
        return True
    return any(words in str(error) for words in REFUSALS)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name in the folder of ``path`` to write to; moved into place unless an error occurs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _remove_abandoned(path: Path) -> None:
    """Delete temporary files and folders for the same target that processes left when they were killed."""
    if os.name != "posix":
        return
    for partial in path.parent.glob(f"{glob.escape(path.name)}.*.partial"):
        process = partial.name.removesuffix(".partial").rpartition(".")[2]
        if process.isdecimal() and not _is_running(int(process)):
            _remove(partial)


def _remove(path: Path) -> None:
    """Delete a file, a link, or a folder with all its files; what is missing stays missing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:  # it is another user's
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder next to ``path`` to write files to; it replaces ``path`` unless an error occurs."""
    _remove_abandoned(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        yield partial
        shutil.rmtree(path, ignore_errors=True)
        partial.replace(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8, with line feeds unchanged."""
    with replacing(path) as partial:
        partial.write_bytes(text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; keys keep their order, floats have Python's shortest form."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
