"""Reading scores: from the bytes of a file to pieces of exact notes.

A file may hold one piece or many: ``split`` takes it apart, ``read`` reads one
piece. Each format is one file of this folder with the same three names:
``matches(content)``, ``split(content)`` and ``read(content)``.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as package_version
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Literal

from pipeline.errors import nearest
from pipeline.music import Piece
from pipeline.readers import abc, by_music21, jsb_json, kern, midi, musicxml, tinynotation
from pipeline.readers.limits import MIB, ReadLimits, too_many
from pipeline.readers.source import ReadError, Source
from pipeline.settings import Section

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "ReadError",
    "ReadLimits",
    "ReadSettings",
    "Source",
    "read",
    "split",
    "version",
]

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
        limits: how much a file and a piece may ask for.
    """

    reader: Literal["auto", "music21"]
    accidentals: Literal["octave", "pitch", "not"]
    line_ends: Literal["phrases", "layout"]
    repeats: Literal["written", "played"]
    limits: ReadLimits


def split(path_name: str, content: bytes, limits: ReadLimits | None = None) -> list[Source]:
    """Take a file apart into its pieces; the format is seen in the content.

    Args:
        path_name: the file's name, for the message and where its content could be anything.
        content: its bytes.
        limits: for what it unpacks to; None for a file that is trusted.

    Raises:
        ReadError: the file is empty, of no known format, damaged, or beyond a limit.
    """
    if not content.strip():
        raise ReadError("empty", f"{path_name}: the file is empty")
    for name, reader in FORMATS.items():
        if reader.matches(content):
            try:
                return _split(name, content, limits)
            except ReadError as error:
                raise error.at(path_name) from None
    suffix = PurePosixPath(path_name).suffix.lower()
    hint = f"its content is no {SUFFIXES[suffix]}" if suffix in SUFFIXES else nearest(suffix, SUFFIXES)
    raise ReadError("unknown_format", f"{path_name}: {hint}")


def _split(format_name: str, content: bytes, limits: ReadLimits | None) -> list[Source]:
    pieces: list[Source]
    if limits is None:
        pieces = FORMATS[format_name].split(content)
        return pieces
    if format_name == "musicxml":
        pieces = musicxml.split(content, limits)
    elif format_name == "jsb_json":
        pieces = jsb_json.split(content, limits.max_depth)
    else:
        pieces = FORMATS[format_name].split(content)
    unpacked_mib = sum(len(piece.content) for piece in pieces) / MIB
    if unpacked_mib > limits.max_unpacked_mib:
        raise too_many("unpacks_too_large", "MiB in its pieces", unpacked_mib, limits.max_unpacked_mib)
    return pieces


def read(source: Source, settings: ReadSettings) -> Piece:
    """Read one piece.

    Raises:
        ReadError: with a rule and a message; the piece is one rejected row.
    """
    piece = _read(source, settings)
    n_notes = sum(len(part.onset) for part in piece.parts)
    if n_notes > settings.limits.max_notes:
        raise too_many("too_many_notes", "notes", n_notes, settings.limits.max_notes)
    return piece


def _read(source: Source, settings: ReadSettings) -> Piece:
    limits, played = settings.limits, settings.repeats == "played"
    if settings.reader == "music21" and source.format in by_music21.FORMATS:
        if source.format == "musicxml":
            musicxml.parse(source.content, limits.max_depth)  # what music21 would trust
        return by_music21.read(source.format, source.content, settings.accidentals, played)
    with _no_search_for_cycles():
        return _read_fast(source, settings)


def _read_fast(source: Source, settings: ReadSettings) -> Piece:
    limits, played = settings.limits, settings.repeats == "played"
    if source.format == "abc":
        return abc.read(source.content, settings.accidentals, settings.line_ends == "phrases", played)
    if source.format == "kern":
        return kern.read(source.content, played)
    if source.format == "musicxml":
        return musicxml.read(source.content, played, limits.max_depth)
    if source.format == "midi":
        return midi.read(source.content, limits.max_notes)
    piece: Piece = FORMATS[source.format].read(source.content)  # these write no repeats
    return piece


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Let Python's collector of reference cycles rest for a moment.

    The readers make no cycles, but so many small values that the collector sets
    out again and again, over all that a process holds: half the time of a tree of XML.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def version(settings: ReadSettings) -> str:
    """What a cached piece depends on besides its bytes and the settings: the code that reads it."""
    code = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        code.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    libraries = ["symusic", *(["music21"] if settings.reader == "music21" else [])]
    return " ".join([code.hexdigest(), *(f"{name} {package_version(name)}" for name in libraries)])
