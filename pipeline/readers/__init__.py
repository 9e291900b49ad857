"""Reading scores: from the bytes of a file to pieces of exact notes.

A file may hold one piece or many: ``split`` takes it apart, ``read`` reads one
piece. Each format is one file of this folder with the same three names:
``matches(content)``, ``split(content)`` and ``read(content)``.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version as package_version
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Literal

from pydantic import Field

from pipeline.errors import nearest
from pipeline.music import Piece
from pipeline.readers import abc, by_music21, jsb_json, kern, midi, musicxml, tinynotation
from pipeline.readers.source import ReadError, Source
from pipeline.settings import Section

__all__ = ["FORMATS", "SUFFIXES", "ReadError", "ReadSettings", "Source", "read", "split", "version"]

FORMATS: dict[str, ModuleType] = {
    "musicxml": musicxml,
    "midi": midi,
    "tinynotation": tinynotation,
    "jsb_json": jsb_json,
    "kern": kern,
    "abc": abc,
}
SUFFIXES = {
    ".abc": "abc",
    ".json": "jsb_json",
    ".krn": "kern",
    ".mid": "midi",
    ".midi": "midi",
    ".mxl": "musicxml",
    ".musicxml": "musicxml",
    ".tinynotation": "tinynotation",
    ".xml": "musicxml",
}


class ReadSettings(Section):
    """How the files of a corpus are read: ``corpora.KEY.read`` in params.yaml.

    Attributes:
        reader: ``auto`` for the fast reader of the format, ``music21`` for the slow
            judge of ABC and MusicXML; other formats have one reader.
        accidentals: how far an accidental of ABC reaches in its bar, unless the
            tune says it: ``octave`` as in print, ``pitch`` in all octaves (the
            standard's default, and how the Essen songs were converted), ``not``.
        line_ends: what the end of a line of ABC means: ``phrases`` (Essen) or
            ``layout``.
        repeats: ``written`` reads a score from its first bar to its last, ``played``
            takes repeats, endings, D.C. and the order of parts as a player does.
        max_seconds: a piece that takes longer is rejected (``too_slow``).
        max_memory_mib: a piece that asks for more memory is rejected (``out_of_memory``).
    """

    reader: Literal["auto", "music21"]
    accidentals: Literal["octave", "pitch", "not"]
    line_ends: Literal["phrases", "layout"]
    repeats: Literal["written", "played"]
    max_seconds: float = Field(gt=0)
    max_memory_mib: int = Field(ge=64)


def split(path_name: str, content: bytes) -> list[Source]:
    """Take a file apart into its pieces; the format is seen in the content.

    Args:
        path_name: the file's name, for the message and where its content could be anything.
        content: its bytes.

    Raises:
        ReadError: the file is empty, of no known format, or damaged.
    """
    if not content.strip():
        raise ReadError("empty", f"{path_name}: the file is empty")
    for reader in FORMATS.values():
        if reader.matches(content):
            try:
                pieces: list[Source] = reader.split(content)
            except ReadError as error:
                raise ReadError(error.rule, f"{path_name}: {error}") from None
            return pieces
    suffix = PurePosixPath(path_name).suffix.lower()
    hint = f"its content is no {SUFFIXES[suffix]}" if suffix in SUFFIXES else nearest(suffix, SUFFIXES)
    raise ReadError("unknown_format", f"{path_name}: {hint}")


def read(source: Source, settings: ReadSettings) -> Piece:
    """Read one piece.

    Raises:
        ReadError: with a rule and a message; the piece is one rejected row.
    """
    played = settings.repeats == "played"
    if settings.reader == "music21" and source.format in by_music21.FORMATS:
        return by_music21.read(source.format, source.content, settings.accidentals, played)
    if source.format == "abc":
        return abc.read(source.content, settings.accidentals, settings.line_ends == "phrases", played)
    if source.format == "kern":
        return kern.read(source.content, played)
    if source.format == "musicxml":
        return musicxml.read(source.content, played)
    piece: Piece = FORMATS[source.format].read(source.content)  # these write no repeats
    return piece


def version(settings: ReadSettings) -> str:
    """What a cached piece depends on besides its bytes and the settings: the code that reads it."""
    code = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        code.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    judge = f" music21 {package_version('music21')}" if settings.reader == "music21" else ""
    return code.hexdigest() + judge
