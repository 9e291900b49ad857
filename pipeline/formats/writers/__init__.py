"""Write a grid as MIDI, WAV or MusicXML.

The files are written without libraries, because the same grid must always give the same
bytes: no date, no program name, no random identifiers. A silence becomes a rest, tied steps a longer note;
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
