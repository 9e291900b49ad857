"""Which split of its corpus a piece was published in."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipeline.formats.readers import Source

FOLDERS = {"train": "train", "valid": "valid", "validation": "valid", "test": "test"}


def published_split(source_path: str, source: Source) -> str | None:
    """The split that the file names, else the one whose folder it lies in.

    Args:
        source_path: of the file inside its corpus. Of several such folders the
            outermost counts; upper and lower case are the same.

    Returns:
        train, valid or test; None where nothing tells.

    >>> published_split("Validation/tune.abc", Source("", "abc", b""))
    'valid'
    """
    if source.published_split:
        return source.published_split
    folders = (folder.lower() for folder in PurePosixPath(source_path).parent.parts)
    return next((FOLDERS[folder] for folder in folders if folder in FOLDERS), None)
