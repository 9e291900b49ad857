"""Humdrum **kern: one or several pieces in a file."""

from __future__ import annotations

from pipeline.core.music import Piece
from pipeline.formats.readers.base.limits import ReadLimits
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import Source
from pipeline.formats.readers.kern.score import matches, read_score, split_pieces

__all__ = ["SUFFIXES", "matches", "read", "split"]

SUFFIXES = (".krn",)


def split(content: bytes, limits: ReadLimits | None = None) -> list[Source]:  # noqa: ARG001 (every format's)
    """The pieces of a file; see :func:`score.split_pieces`."""
    return split_pieces(content)


def read(content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:  # noqa: ARG001
    """Read one piece; see :func:`score.read_score`."""
    return read_score(content, settings.played)
