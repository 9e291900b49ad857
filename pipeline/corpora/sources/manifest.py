"""``source.json``: the description of the files of a corpus, stored with them in ``data/raw/CORPUS``."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.core.files import write_json
from pipeline.core.text import counted, message_of
from pipeline.errors import PipelineError

FILE = "source.json"
NAMES = {"licence", "citation", "files"}  # that every manifest has


class ManifestError(PipelineError):
    """The content of ``data/raw`` is not what ``fetch`` wrote."""


def write_manifest(
    folder: Path,
    facts: Mapping[str, Any],
    files: Sequence[Path],
    ignored: Sequence[str],
    beats: Mapping[Path, Path | None] | None = None,
) -> None:
    """Describe a corpus.

    Args:
        folder: the folder of the corpus.
        facts: corpus, kind, licence, citation, and further facts about its origin.
        files: its scores, below the folder.
        ignored: names of the files left out.
        beats: the file of beats of each score, None where it is missing; None for a corpus without beats.
    """
    entries = [_entry(file, folder) for file in files]
    if beats is not None:
        for entry, file in zip(entries, files, strict=True):
            entry |= _beats_entry(beats[file], folder)
    write_json(folder / FILE, {**facts, "files": entries, "ignored": list(ignored)})


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Read the manifest that ``write_manifest`` wrote.

    Raises:
        ManifestError: the folder has no readable ``source.json``.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or not manifest.keys() >= NAMES:
            raise ValueError(f"an object with {', '.join(sorted(NAMES))} is expected")
    except (OSError, ValueError) as error:
        raise ManifestError(
            f"{folder / FILE}: not readable ({message_of(error)}); delete it and run `dvc repro`"
        ) from None
    return manifest


def by_suffix(names: Iterable[str]) -> str:
    """The number of files per suffix, the most frequent first; "" if there are no files.

    >>> by_suffix(["a.txt", "b/c.TXT", "d.md", "README"])
    '4 files ignored: 2 .txt, 1 .md, 1 without suffix'
    """
    counts = Counter(PurePosixPath(name).suffix.lower() or "without suffix" for name in names)
    if not counts:
        return ""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    listed = ", ".join(f"{n:,} {suffix}" for suffix, n in ordered)
    return f"{counted(counts.total(), 'file')} ignored: {listed}"


def _beats_entry(file: Path | None, root: Path) -> dict[str, Any]:
    if file is None:
        return {"beats": None, "beats_sha256": None}
    entry = _entry(file, root)
    return {"beats": entry["path"], "beats_sha256": entry["sha256"]}


def _entry(file: Path, root: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {
        "path": file.relative_to(root).as_posix(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
