"""Read scores: from the bytes of a file to pieces of exact notes.

A file contains one piece or several: ``split`` divides it, ``read`` reads one piece. Each
format is one module or folder here that defines ``SUFFIXES``, ``matches(content)``,
``split(content, limits)`` and ``read(content, settings, limits)``; FORMATS is the only table.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Protocol

from pipeline.core.music import Piece
from pipeline.errors import nearest
from pipeline.formats.readers import abc, jsb_json, kern, midi, music21_reference, musicxml, tinynotation
from pipeline.formats.readers.base.beats import with_beats
from pipeline.formats.readers.base.limits import MIB, ReadLimits, too_many
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import ReadError, Source
from pipeline.formats.readers.base.texts import tidy_piece

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "ReadError",
    "ReadLimits",
    "ReadSettings",
    "Source",
    "read",
    "split",
]


class Format(Protocol):
    """The interface of the module of a format."""

    @property
    def SUFFIXES(self) -> tuple[str, ...]:  # noqa: N802 (a constant of the module)
        """Suffixes of its file names, lower case, with the dot."""

    def matches(self, content: bytes) -> bool:
        """Whether a file is of this format, by its content."""

    def split(self, content: bytes, limits: ReadLimits | None = None) -> list[Source]:
        """The pieces of a file."""

    def read(self, content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:
        """One piece of exact notes."""


FORMATS: dict[str, Format] = {  # the first that matches
    "midi": midi,
    "musicxml": musicxml,
    "tinynotation": tinynotation,
    "jsb_json": jsb_json,
    "kern": kern,
    "abc": abc,
}
SUFFIXES = {suffix: name for name, module in FORMATS.items() for suffix in module.SUFFIXES}


def split(path_name: str, content: bytes, limits: ReadLimits | None = None) -> list[Source]:
    """Split a file into its pieces; the format is recognized from the content.

    Args:
        path_name: the file's name, for messages and if the content is ambiguous.
        content: its bytes.
        limits: the limits on its unpacked content; None for a trusted file.

    Raises:
        ReadError: the file is empty, of no known format, damaged, or beyond a limit.
    """
    if not content.strip():
        raise ReadError("empty", f"{path_name}: the file is empty")
    for module in FORMATS.values():
        if module.matches(content):
            try:
                return _split(module, content, limits)
            except ReadError as error:
                raise error.at(path_name) from None
    suffix = PurePosixPath(path_name).suffix.lower()
    hint = f"its content is no {SUFFIXES[suffix]}" if suffix in SUFFIXES else nearest(suffix, SUFFIXES)
    raise ReadError("unknown_format", f"{path_name}: {hint}")


def _split(module: Format, content: bytes, limits: ReadLimits | None) -> list[Source]:
    pieces = module.split(content, limits)
    if limits is not None and len(pieces) > limits.max_pieces:
        raise too_many("too_many_pieces", "pieces in the file", len(pieces), limits.max_pieces)
    unpacked_mib = sum(len(piece.content) for piece in pieces) / MIB
    if limits is not None and unpacked_mib > limits.max_unpacked_mib:
        raise too_many("unpacks_too_large", "MiB in its pieces", unpacked_mib, limits.max_unpacked_mib)
    return pieces


def read(source: Source, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:
    """Read one piece.

    Args:
        source: one of the pieces that :func:`split` returns.
        settings: the settings of the readers.
        limits: the limits for untrusted files; None for a trusted file.

    Raises:
        ReadError: with a rule and a message; the piece is one rejected row.
    """
    piece = _read(source, settings, limits)
    n_notes = sum(len(part.onset) for part in piece.parts)
    if limits is not None and n_notes > limits.max_notes:
        raise too_many("too_many_notes", "notes", n_notes, limits.max_notes)
    piece = tidy_piece(piece)
    return piece if source.beats is None else with_beats(piece, source.beats)


def _read(source: Source, settings: ReadSettings, limits: ReadLimits | None) -> Piece:
    if settings.reader == "music21" and source.format in music21_reference.FORMATS:
        if source.format == "musicxml":
            musicxml.parse(source.content, limits.max_depth if limits else None)  # not checked by music21
        return music21_reference.read(source.format, source.content, settings.accidentals, settings.played)
    with _no_search_for_cycles():
        return FORMATS[source.format].read(source.content, settings, limits)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Pause Python's garbage collector of reference cycles.

    The readers create no cycles, but so many small objects that the collector runs
    again and again over all objects of the process: half the time of parsing XML.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
