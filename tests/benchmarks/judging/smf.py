"""The notes of a Standard MIDI File, for the reference readers that write one.

Source: MIDI 1.0, "Standard MIDI Files 1.0". Only what such judges write is read:
formats 0 and 1, times in ticks per quarter. A note-off ends the oldest open note of its
pitch and channel. Nothing of the project's MIDI reader is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from tests.benchmarks.judging.notes import Note

DRUMS = 9  # channel 10, counted from 0
DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


def midi_notes(content: bytes, late_ticks: int = 0, early_ticks: int = 0) -> list[list[Note]]:
    """The notes of each track, without those of the percussion channel.

    Args:
        content: the file.
        late_ticks: by how much the writer delays each onset, to set notes apart.
        early_ticks: by how much it ends each note early.
    """
    ticks_per_quarter = int.from_bytes(content[12:14], "big")
    tracks = []
    for track in _tracks(content):
        notes = [
            Note(
                Fraction(onset - late_ticks, ticks_per_quarter),
                Fraction(end + early_ticks, ticks_per_quarter),
                pitch,
            )
            for onset, end, pitch, channel in _paired(track)
            if channel != DRUMS
        ]
        tracks.append(notes)
    return tracks


def _tracks(content: bytes) -> Iterator[bytes]:
    place = 8 + int.from_bytes(content[4:8], "big")
    while place + 8 <= len(content):
        length = int.from_bytes(content[place + 4 : place + 8], "big")
        if content[place : place + 4] == b"MTrk":
            yield content[place + 8 : place + 8 + length]
        place += 8 + length


def _paired(track: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Onset, end, pitch and channel of each note in ticks; notes without an end are left out."""
    sounding: dict[tuple[int, int], list[int]] = defaultdict(list)
    for time, status, pitch, velocity in _events(track):
        key = (pitch, status & 0x0F)
        if status >> 4 == 0x9 and velocity > 0:
            sounding[key].append(time)
        elif status >> 4 in (0x8, 0x9) and sounding[key]:
            yield sounding[key].pop(0), time, pitch, status & 0x0F


def _events(track: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Time in ticks, status and data of each channel event."""
    place, time, status = 0, 0, 0
    while place < len(track):
        wait, place = _number(track, place)
        time += wait
        if track[place] >= 0x80:
            status, place = track[place], place + 1
        if status == 0xFF:
            length, place = _number(track, place + 1)
            place += length
        elif status in (0xF0, 0xF7):
            length, place = _number(track, place)
            place += length
        else:
            size = DATA_BYTES[status >> 4]
            data = track[place : place + size]
            yield time, status, data[0], data[-1]
            place += size


def _number(track: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = 0
    while True:
        value = value << 7 | track[place] & 0x7F
        place += 1
        if track[place - 1] < 0x80:
            return value, place
