"""MIDI files, built byte by byte."""

from __future__ import annotations

END = b"\x00\xff\x2f\x00"


def number(value: int) -> bytes:
    """A variable-length quantity."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))


def note(onset_after: int, length: int, pitch: int, channel: int = 0) -> bytes:
    """Note-on and note-off events; times in ticks of the file."""
    return (
        number(onset_after)
        + bytes([0x90 | channel, pitch, 80])
        + number(length)
        + bytes([0x80 | channel, pitch, 0])
    )


def track(*events: bytes) -> bytes:
    """A track chunk with its end."""
    body = b"".join(events) + END
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def file(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    """A file of some tracks, ``division`` ticks per quarter note."""
    header = kind.to_bytes(2, "big") + len(tracks).to_bytes(2, "big") + division.to_bytes(2, "big")
    return b"MThd\x00\x00\x00\x06" + header + b"".join(tracks)
