"""Standard MIDI files of format 0 and 1, bare or in a RIFF container (RMID).

Every note-on of a pitched channel is one note, or is counted where it lasts for no
time: nothing that a file plays is lost silently. That is why the events are read here
and not by a library.

Source: Standard MIDI Files 1.0 (RP-001) and RP-029, MIDI Manufacturers Association.
"""

from __future__ import annotations

from pipeline.core.music import Piece
from pipeline.formats.readers.base.limits import ReadLimits
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import Source
from pipeline.formats.readers.midi.chunks import matches, unwrap
from pipeline.formats.readers.midi.score import read_score

__all__ = ["SUFFIXES", "matches", "read", "split"]

SUFFIXES = (".mid", ".midi", ".rmi")


def split(content: bytes, limits: ReadLimits | None = None) -> list[Source]:  # noqa: ARG001 (every format's)
    """The one piece of a file, taken out of its RIFF container."""
    return [Source("", "midi", unwrap(content))]


def read(content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:  # noqa: ARG001
    """Read one file; see :func:`score.read_score`."""
    return read_score(content, None if limits is None else limits.max_notes)
