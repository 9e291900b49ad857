"""The last good outputs of a stage, restored from DVC's cache when the stage fails.

DVC deletes the outputs of a stage before the stage runs. They are still in DVC's cache, named
by their digests in dvc.lock; a failed stage restores them, so that a user's mistake
deletes no data. A cache may be shared or damaged: every file is compared
with its MD5 when it is copied, and no path of a listing leaves the output's folder.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

LOCK_FILE = Path("dvc.lock")
DVC_FOLDER = Path(".dvc")
CACHE = Path("cache")  # below DVC_FOLDER, where no other place is configured
FOLDER_SUFFIX = ".dir"
_DIGEST = re.compile(r"[0-9a-f]{6,64}")


@dataclass
class Restored:
    """Which missing outputs of a stage were restored.

    Attributes:
        outputs: outputs that were restored.
        damaged: outputs whose copy in DVC's cache is damaged; they are not restored.
    """

    outputs: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


class _DamagedError(Exception):
    """An entry of DVC's cache does not match its digest."""


def restore(stage: str) -> Restored:
    """Copy the missing outputs of a stage (``name`` or ``name@key``) from DVC's cache.

    Existing outputs are not touched; an output that is incomplete in the cache is skipped.
    """
    found = Restored()
    for out in _locked(stage):
        path, digest = str(out.get("path", "")), str(out.get("md5", ""))
        if not _stays_inside(path) or os.path.lexists(path):
            continue
        try:
            if _restore(Path(path), digest):
                found.outputs.append(path)
        except _DamagedError:
            found.damaged.append(path)
    return found


def last_version(stage: str, path: str) -> Path | None:
    """Path of the last version of a one-file output in DVC's cache.

    Returns:
        None if the stage never ran, or the copy is missing or damaged.
    """
    for out in _locked(stage):
        digest = str(out.get("md5", ""))
        if out.get("path") == path and _DIGEST.fullmatch(digest) and cached(digest).is_file():
            return cached(digest) if _digest_of(cached(digest)) == digest else None
    return None


def cached(digest: str, root: Path = Path()) -> Path:
    """Path of a digest's content in DVC's cache."""
    return _cache(root) / "files/md5" / digest[:2] / digest[2:]


def listing(digest: str, root: Path = Path()) -> dict[str, str] | None:
    """The files of a folder in DVC's cache: relative path to MD5.

    Returns:
        None if the list is missing or damaged.
    """
    try:
        return _listing(digest, root)
    except _DamagedError:
        return None


def _locked(stage: str) -> list[Mapping[str, Any]]:
    """The outputs of a stage in dvc.lock; only the lines of that stage are parsed, the file is long."""
    if not LOCK_FILE.exists():
        return []
    text = LOCK_FILE.read_text(encoding="utf-8", errors="replace")
    own = re.search(rf"^  {re.escape(stage)}:\n((?:    .*\n?)*)", text, re.MULTILINE)
    try:
        listed = YAML(typ="safe", pure=True).load(own[1]) if own else None
    except YAMLError:  # DVC was killed while it wrote the file
        return []
    outs = listed.get("outs") if isinstance(listed, Mapping) else None
    return [out for out in outs or [] if isinstance(out, Mapping)]


def _restore(target: Path, digest: str) -> bool:
    """Copy an output file by file and verify it; move it into place when it is complete."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        if not digest.endswith(FOLDER_SUFFIX):
            complete = _copy(digest, partial)
        else:
            members = _listing(digest, Path())
            complete = bool(members) and all(
                _copy(md5, partial / name) for name, md5 in (members or {}).items()
            )
        if complete:
            partial.replace(target)
        return complete
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        partial.unlink(missing_ok=True)


def _copy(digest: str, place: Path) -> bool:
    """Copy a file of the cache; False if the cache lacks it.

    Raises:
        _DamagedError: the copy has another MD5.
    """
    if not _DIGEST.fullmatch(digest) or not cached(digest).is_file():
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(cached(digest), place)
    if _digest_of(place) != digest:
        raise _DamagedError
    return True


def _listing(digest: str, root: Path) -> dict[str, str] | None:
    name = digest.removesuffix(FOLDER_SUFFIX)
    if not _DIGEST.fullmatch(name) or not cached(digest, root).is_file():
        return None
    content = cached(digest, root).read_bytes()
    if _md5(content).hexdigest() != name:
        raise _DamagedError
    try:
        members = {str(entry["relpath"]): str(entry["md5"]) for entry in json.loads(content)}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _DamagedError from None
    if not all(map(_stays_inside, members)):
        raise _DamagedError
    return members


def _stays_inside(path: str) -> bool:
    """Whether a relative path stays below its root."""
    parts = PurePosixPath(path.replace("\\", "/"))
    return bool(parts.parts) and not parts.is_absolute() and ".." not in parts.parts and ":" not in path


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return str(hashlib.file_digest(file, _md5).hexdigest())


def _md5(content: bytes = b"") -> Any:
    return hashlib.md5(content, usedforsecurity=False)


def _cache(root: Path) -> Path:
    """DVC's cache, also where it is shared: ``dvc cache dir``."""
    config = configparser.ConfigParser(interpolation=None)
    folder = root / DVC_FOLDER
    config.read([folder / "config", folder / "config.local"], encoding="utf-8")
    return folder / config.get("cache", "dir", fallback=str(CACHE))
