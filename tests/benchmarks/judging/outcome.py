"""The interface of a reference reader, and the outcome of a comparison."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipeline.formats.readers import ReadSettings, Source
from tests.benchmarks.judging.notes import Note

Mode = Literal["written", "played"]


class JudgeError(Exception):
    """The reference reader fails on the piece."""


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


class Outcome(NamedTuple):
    """What came of one piece.

    Attributes:
        kind: ``agree``; ``explained``, the judge reads it otherwise for a known cause; ``differ``.
        text: the cause, or the first difference.
    """

    name: str
    kind: Literal["agree", "explained", "differ"]
    text: str = ""


@dataclass(frozen=True)
class Judge:
    """An independent reader.

    Attributes:
        read: notes of a piece in one mode.
        tolerance: in quarters, of its own resolution.
        modes: in which it is compared.
        format: that it judges.
        joins_unisons: whether it writes MIDI of one channel for several voices, so that
            both sides are compared without unisons.
        missing: what to install where it is not installed, else "".
        prepare: does the slow part for many pieces at once.
        equivalent, simpler: rewritings by cause, see :mod:`known`.
    """

    read: Callable[[Source, Mode], list[Note]]
    tolerance: Fraction
    modes: tuple[Mode, ...]
    format: str
    joins_unisons: bool
    missing: Callable[[], str] | None = None
    prepare: Callable[[Sequence[Unread], Mode], None] | None = None
    equivalent: dict[str, Callable[[str], str]] | None = None
    simpler: dict[str, Callable[[str], str]] | None = None


class Cache:
    """Cached outputs of slow reference readers, by their input."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, judge: str, given: bytes, suffix: str) -> Path:
        """Where the output for an input lies, or will lie."""
        digest = hashlib.sha256(given).hexdigest()[:32]
        folder = self.folder / judge / digest[:2]
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{digest}{suffix}"

    def result(self, judge: str, given: bytes, read: Callable[[bytes], Any]) -> Any:
        """What ``read`` makes of an input, as JSON; a text is the reason why it fails.

        Raises:
            JudgeError: it fails.
        """
        path = self.path(judge, given, ".json")
        if not path.exists():
            new = path.with_suffix(".new")
            new.write_text(json.dumps(read(given)))
            new.replace(path)
        found = json.loads(path.read_text())
        if isinstance(found, str):
            raise JudgeError(found)
        return found
