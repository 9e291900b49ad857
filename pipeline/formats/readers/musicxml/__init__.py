"""MusicXML, plain or compressed (.mxl): one score in a file."""

from __future__ import annotations

from pipeline.core.music import Piece
from pipeline.formats.readers.base.limits import ReadLimits
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import Source
from pipeline.formats.readers.musicxml.score import matches, parse, read_score, unpack_score

__all__ = ["SUFFIXES", "matches", "parse", "read", "split"]

SUFFIXES = (".mxl", ".musicxml", ".xml")


def split(content: bytes, limits: ReadLimits | None = None) -> list[Source]:
    """The score of a file, unpacked; see :func:`score.unpack_score`."""
    return unpack_score(content, limits)


def read(content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:
    """Read one score; see :func:`score.read_score`."""
    return read_score(content, settings.played, limits.max_depth if limits else None)
