"""The last good outputs of a stage: brought back when it fails, and for comparison.

DVC deletes a stage's outputs before it runs it. They still lie in DVC's cache,
named by their digests in dvc.lock; a failed stage puts them back, so that a
user's mistake costs nothing that was there before.
"""

from __future__ import annotations

import configparser
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

LOCK_FILE = Path("dvc.lock")
DVC_FOLDER = Path(".dvc")
CACHE = Path("cache")  # below DVC_FOLDER, where no other place is configured
FOLDER_SUFFIX = ".dir"


def bring_back(stage: str) -> list[str]:
    """Copy the missing outputs of a stage (``name`` or ``name@key``) from DVC's cache.

    Nothing that exists is touched; what the cache does not hold is left out.

    Returns:
        The outputs that are back.
    """
    return [out["path"] for out in _locked(stage) if _bring_back(out)]


def last_version(stage: str, path: str) -> Path | None:
    """Where DVC's cache keeps the last version of an output that is one file.

    Returns:
        None where the stage never ran, or the cache no longer holds it.
    """
    found = [cached(str(out.get("md5", ""))) for out in _locked(stage) if out["path"] == path]
    return next((cached for cached in found if cached.is_file()), None)


def _locked(stage: str) -> list[Mapping[str, Any]]:
    """The outputs of a stage as dvc.lock lists them; only its own lines are read, the file is long."""
    if not LOCK_FILE.exists():
        return []
    own = re.search(
        rf"^  {re.escape(stage)}:\n((?:    .*\n?)*)", LOCK_FILE.read_text(encoding="utf-8"), re.MULTILINE
    )
    listed = YAML(typ="safe", pure=True).load(own[1]) if own else None
    return list(listed.get("outs", [])) if listed else []


def _bring_back(out: Mapping[str, Any]) -> bool:
    target = Path(out["path"])
    if target.exists():
        return False
    members = list(_members(str(out.get("md5", "")), target))
    if not members or not all(cached.is_file() for cached, _ in members):
        return False
    for cached, place in members:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cached, place)
    return True


def _members(digest: str, target: Path) -> Iterator[tuple[Path, Path]]:
    """Where each file of an output lies in the cache, and where it belongs."""
    if not digest.endswith(FOLDER_SUFFIX):
        yield cached(digest), target
    elif cached(digest).is_file():
        for entry in json.loads(cached(digest).read_text(encoding="utf-8")):
            yield cached(entry["md5"]), target / entry["relpath"]


def cached(digest: str, root: Path = Path()) -> Path:
    """Where DVC's cache keeps what has this digest."""
    return _cache(root) / "files/md5" / digest[:2] / digest[2:]


def _cache(root: Path) -> Path:
    """DVC's cache, also where it is shared: ``dvc cache dir``."""
    config = configparser.ConfigParser(interpolation=None)
    folder = root / DVC_FOLDER
    config.read([folder / "config", folder / "config.local"], encoding="utf-8")
    return folder / config.get("cache", "dir", fallback=str(CACHE))
