"""ABC notation according to the standard 2.1; a file may have many tunes."""

from __future__ import annotations

from pipeline.core.music import Piece
from pipeline.formats.readers.abc.text import matches, split_tunes
from pipeline.formats.readers.abc.tune import read_tune
from pipeline.formats.readers.base.limits import ReadLimits
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import Source

__all__ = ["SUFFIXES", "matches", "read", "split"]

SUFFIXES = (".abc",)


def split(content: bytes, limits: ReadLimits | None = None) -> list[Source]:  # noqa: ARG001 (every format's)
    """The tunes of a file; see :func:`text.split_tunes`."""
    return split_tunes(content)


def read(content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:  # noqa: ARG001
    """Read one tune; see :func:`tune.read_tune`."""
    return read_tune(content, settings.accidentals, settings.line_ends == "phrases", settings.played)
