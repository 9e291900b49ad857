"""MIDI files, built byte by byte."""

from __future__ import annotations

END = b"\x00\xff\x2f\x00"


def number(value: int) -> bytes:
    """A variable-length quantity."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))


def on(delta: int, pitch: int, channel: int = 0) -> bytes:
    """A note-on."""
    return number(delta) + bytes([0x90 | channel, pitch, 80])


def off(delta: int, pitch: int, channel: int = 0) -> bytes:
    """A note-off."""
    return number(delta) + bytes([0x80 | channel, pitch, 0])


def note(onset_after: int, length: int, pitch: int, channel: int = 0) -> bytes:
    """A note-on and its note-off."""
    return on(onset_after, pitch, channel) + off(length, pitch, channel)


def meta(kind: int, content: bytes, delta: int = 0) -> bytes:
    """A meta event."""
    return number(delta) + bytes([0xFF, kind]) + number(len(content)) + content


def sysex(content: bytes, status: int = 0xF0) -> bytes:
    """A system exclusive event, or with 0xF7 a packet that continues one."""
    return bytes([0, status]) + number(len(content)) + content


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of any type."""
    return kind + len(body).to_bytes(4, "big") + body


def track(*events: bytes, end: bytes = END) -> bytes:
    """A track of events and its end."""
    return chunk(b"MTrk", b"".join(events) + end)


def file(*tracks: bytes, kind: int = 1, division: int = 480, n_tracks: int | None = None) -> bytes:
    """A file of tracks and other chunks; the header counts ``n_tracks``."""
    fields = (kind, len(tracks) if n_tracks is None else n_tracks, division)
    return chunk(b"MThd", b"".join(field.to_bytes(2, "big") for field in fields)) + b"".join(tracks)
