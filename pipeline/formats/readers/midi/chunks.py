"""The chunks of a MIDI file: RIFF container, header and tracks.

Chunks of unknown types (XF and others) are ignored. The header may be longer than
its six bytes, and the file may hold more tracks than the header counts: all are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pipeline.core.text import counted
from pipeline.formats.readers.base.source import ReadError

HEADER_BYTES = 6
CHUNK_HEAD_BYTES = 8
FILE_TYPES = (0, 1)
_KNOWN = (b"MTrk", b"MThd")


class Header(NamedTuple):
    """The header of a file.

    Attributes:
        format: 0 for one track of all channels, 1 for parallel tracks.
        n_tracks: number of tracks according to the header.
        division: the file's ticks per quarter note.
    """

    format: int
    n_tracks: int
    division: int


class Chunk(NamedTuple):
    """A chunk: its type, its first byte and the byte after its last, as it declares them."""

    type: bytes
    begin: int
    stop: int


def matches(content: bytes) -> bool:
    """Whether a file begins like a MIDI file, or like a RIFF container of a MIDI file."""
    return content[:4] == b"MThd" or (content[:4] == b"RIFF" and content[8:12] == b"RMID")


def unwrap(content: bytes) -> bytes:
    """The MIDI file inside a RIFF container; any other content as it is.

    Raises:
        ReadError: ``unreadable``, the container has no chunk ``data``.
    """
    if content[:4] != b"RIFF":
        return content
    position = 12
    while position + CHUNK_HEAD_BYTES <= len(content):
        size = int.from_bytes(content[position + 4 : position + 8], "little")
        begin = position + CHUNK_HEAD_BYTES
        if content[position : position + 4] == b"data":
            return content[begin : begin + size]
        position = begin + size + size % 2
    raise ReadError("unreadable", "a RIFF container without the chunk 'data', which holds the MIDI file")


def read_header(content: bytes) -> Header:
    """The header of a file.

    Raises:
        ReadError: ``unreadable`` or ``unsupported``.
    """
    chunk = _chunk_at(content, 0)
    if chunk is None or chunk.stop > len(content):
        raise ReadError("unreadable", f"no MIDI file: it has {counted(len(content), 'byte')}")
    if chunk.type != b"MThd" or chunk.stop - chunk.begin < HEADER_BYTES:
        raise ReadError("unreadable", "a MIDI file begins with 'MThd' and a header of 6 bytes")
    fields = [int.from_bytes(content[at : at + 2], "big") for at in range(chunk.begin, chunk.begin + 6, 2)]
    header = Header(*fields)
    if header.format not in FILE_TYPES:
        raise ReadError("unsupported", f"MIDI of format {header.format}; formats 0 and 1 are read")
    if header.division & 0x8000:
        raise ReadError("unsupported", "times in SMPTE frames: the file has no quarter notes")
    if header.division == 0:
        raise ReadError("unreadable", "0 ticks per quarter note")
    return header


def track_chunks(content: bytes) -> Iterator[Chunk]:
    """The chunks of all tracks in order, then any following bytes that are not a chunk: type ``b""``.

    The last track may reach beyond the end of the file; whether its events do is seen when
    they are read.
    """
    position = 0
    while chunk := _chunk_at(content, position):
        if chunk.type == b"MTrk":
            yield chunk
        position = chunk.stop
    if content[position:].strip(b"\0"):
        yield Chunk(b"", position, len(content))


def _chunk_at(content: bytes, position: int) -> Chunk | None:
    name = content[position : position + 4]
    begin = position + CHUNK_HEAD_BYTES
    if begin > len(content) or not (name in _KNOWN or (name.isascii() and name.decode().isprintable())):
        return None
    return Chunk(name, begin, begin + int.from_bytes(content[position + 4 : begin], "big"))
