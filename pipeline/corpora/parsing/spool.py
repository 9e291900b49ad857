"""Records of a corpus on disk, until its table is written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class Spool:
    """Records by key; memory holds their places in a file only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int] | None] = {}
        self._end = 0

    def expect(self, key: str) -> bool:
        """Note that the record of a key is needed; False if it is already there or expected."""
        if key in self._places:
            return False
        self._places[key] = None
        return True

    def add(self, key: str, record: bytes) -> None:
        """Add a record."""
        self._file.seek(self._end)
        self._file.write(record)
        self._places[key] = (self._end, len(record))
        self._end += len(record)

    def get(self, key: str) -> bytes:
        """The record of a key.

        Raises:
            KeyError: no record was added under this key.
        """
        place = self._places[key]
        if place is None:
            raise KeyError(key)
        begin, size = place
        self._file.seek(begin)
        return self._file.read(size)


@contextmanager
def open_spool(folder: Path) -> Iterator[Spool]:
    """An empty spool in a temporary file of a folder; it is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        yield Spool(file)
