"""What a judge is: something that reads a piece by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline.formats.readers import ReadSettings, Source
from tests.benchmarks.judging.notes import Note

Mode = Literal["written", "played"]


class JudgeError(Exception):
    """The judge reads nothing: it fails on the piece, or is not installed."""


class Unread(NamedTuple):
    """One piece of a corpus.

    Attributes:
        name: unique in the corpus, the file and the tune's number.
        source: what our reader takes.
        settings: how the corpus is read.
        content: the file as published.
    """

    name: str
    source: Source
    settings: ReadSettings
    content: bytes


@dataclass(frozen=True)
class Judge:
    """An independent reader.

    Attributes:
        read: notes of a piece in one mode.
        tolerance: in quarters, of its own resolution.
        modes: in which it is compared.
        formats: that it judges.
    """

    name: str
    read: Callable[[Unread, Mode], list[Note]]
    tolerance: Fraction
    modes: tuple[Mode, ...]
    formats: tuple[str, ...]


class Cache:
    """Outputs of slow judges, by what the judge was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, judge: str, given: bytes, suffix: str) -> Path:
        """Where the output for an input lies, or will lie."""
        digest = hashlib.sha256(given).hexdigest()[:32]
        folder = self.folder / judge / digest[:2]
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{digest}{suffix}"
