"""Finished parts of a cross-validation: kept with a digest, and verified before they are used.

A part is some files and a seal, which is written last. The seal is the sha256 of the part's
key and of the files, so that a part that is damaged, unfinished or of another training
counts as missing and is computed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pipeline.core.files import write_text


def seal(path: Path, key: str, files: Sequence[Path]) -> None:
    """Mark a part as finished.

    Args:
        path: of the seal.
        key: everything that determines the part, as text.
        files: the part, already written.
    """
    write_text(path, f"{_digest(key, files)}\n")


def is_sealed(path: Path, key: str, files: Sequence[Path]) -> bool:
    """Whether a part is finished and its files are as they were written."""
    try:
        return path.read_bytes() == f"{_digest(key, files)}\n".encode()
    except OSError:
        return False


def _digest(key: str, files: Sequence[Path]) -> str:
    found = hashlib.sha256(key.encode())
    for file in files:
        with file.open("rb") as content:
            found.update(hashlib.file_digest(content, "sha256").digest())
    return found.hexdigest()
