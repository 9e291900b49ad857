"""A grid as something to open: MIDI and WAV to hear it, MusicXML to see it.

All are written here byte by byte, because the same grid must give the same
file on every day and with every version of any library: no date, no program's
name, no random identifiers. A silence becomes a rest, tied steps a longer note;
voices become parts, the top one first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.core.music import Grid
from pipeline.formats.writers.layout import Layout
from pipeline.formats.writers.midi import as_midi
from pipeline.formats.writers.musicxml import as_musicxml
from pipeline.formats.writers.wav import as_wav

__all__ = ["WRITERS"]

# by the suffix of the file
WRITERS: Mapping[str, Callable[[Grid, Layout], bytes]] = {
    "mid": as_midi,
    "musicxml": as_musicxml,
    "wav": as_wav,
}
