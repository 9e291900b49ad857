"""MusicXML, plain or compressed (.mxl): one score in a file, or several in an archive."""

from __future__ import annotations

from pipeline.core.music import Piece
from pipeline.formats.readers.base.limits import ReadLimits
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import Source
from pipeline.formats.readers.musicxml.score import matches, parse, read_score, unpack_scores

__all__ = ["SUFFIXES", "matches", "parse", "read", "split"]

SUFFIXES = (".mxl", ".musicxml", ".xml")


def split(content: bytes, limits: ReadLimits | None = None) -> list[Source]:
    """The pieces of a file, unpacked; see :func:`score.unpack_scores`."""
    return unpack_scores(content, limits)


def read(content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:
    """Read one score; see :func:`score.read_score`."""
    return read_score(content, settings.played, limits.max_depth if limits else None)
