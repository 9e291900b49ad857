"""The published split of a piece."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipeline.formats.readers import Source

FOLDERS = {"train": "train", "valid": "valid", "validation": "valid", "test": "test"}


def published_split(source_path: str, source: Source) -> str | None:
    """The split given in the file, or else by its folder.

    Args:
        source_path: path of the file inside its corpus. Of several folders named like a split,
            the outermost is used; case is ignored.

    Returns:
        train, valid or test; None if neither specifies a split.

    >>> published_split("Validation/tune.abc", Source("", "abc", b""))
    'valid'
    """
    if source.published_split:
        return source.published_split
    folders = (folder.lower() for folder in PurePosixPath(source_path).parent.parts)
    return next((FOLDERS[folder] for folder in folders if folder in FOLDERS), None)
