"""Digests of files and folders as in DVC 3, and the files of a folder that differ.

The digest of a file is the MD5 of its bytes. That of a folder is the MD5 of a JSON list of its files,
each with its digest and path, ordered by path, and ends in ``.dir``; files that .dvcignore
lists are skipped.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pipeline.workflow.outputs import FOLDER_SUFFIX, LOCK_FILE, listing

IGNORED_NAMES = ("__pycache__", ".gitignore", ".cache", ".venv")
IGNORED_SUFFIXES = (".pyc", ".partial", ".so", ".pyd")


def digest_of(path: Path) -> str | None:
    """DVC's digest of the current file or folder; None if it does not exist."""
    if path.is_dir():
        listed = [{"md5": digest, "relpath": name} for name, digest in _members(path).items()]
        return hashlib.md5(json.dumps(listed).encode(), usedforsecurity=False).hexdigest() + FOLDER_SUFFIX
    return _of_file(path) if path.is_file() else None


def differing(root: Path, dep: str, locked: str) -> list[str]:
    """The files below a folder that have changed since its digest was computed.

    DVC stores the list of files for outputs; changes in a folder of code
    come from git: compared with the commit in which dvc.lock last changed.

    Returns:
        One line per file; none for a single file, or if the old list is unknown.
    """
    if not (root / dep).is_dir():
        return []
    before = listing(locked, root)
    if before is None:
        return [f"{name} changed" for name in _since_the_lock(root, dep)]
    now = _members(root / dep)
    return [
        f"{dep}/{name} {'is new' if name not in before else 'is gone' if name not in now else 'changed'}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]


def _since_the_lock(root: Path, dep: str) -> list[str]:
    commit = _git(root, "log", "-1", "--format=%H", "--", LOCK_FILE.name)
    if not commit:
        return []
    tracked = _git(root, "diff", "--name-only", commit[0], "--", dep)
    new = _git(root, "ls-files", "--others", "--exclude-standard", "--", dep)
    return sorted({*tracked, *new})


def _git(root: Path, *arguments: str) -> list[str]:
    """The output lines of git; empty without git or a repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.splitlines()


def _members(folder: Path) -> dict[str, str]:
    files = {file.relative_to(folder).as_posix(): file for file in _files(folder)}
    return {name: _of_file(files[name]) for name in sorted(files)}


def _files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in IGNORED_NAMES or entry.suffix in IGNORED_SUFFIXES:
            continue
        if entry.is_dir():
            yield from _files(entry)
        elif entry.is_file():  # not a pipe, which would block, nor a dangling link
            yield entry


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
