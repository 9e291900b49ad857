"""Limits for untrusted scores: ``corpora.KEY.limits`` in params.yaml.

Every file is untrusted until it is read. A file or piece that exceeds a limit is one
rejected row with the limit and the value found; other pieces are not affected.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

import numpy as np
from pydantic import Field

from pipeline.core.settings import Section
from pipeline.formats.readers.base.source import ReadError

MIB = 2**20

# limits on splitting a file; the others are limits on reading one piece
FILE_LIMITS = frozenset({"max_file_mib", "max_unpacked_mib", "max_members", "max_pieces"})


class ReadLimits(Section):
    """The limits, and the rule of the rejection for each of them.

    Attributes:
        max_file_mib: size of a file on disk (``too_large``), looked at before it is read.
        max_unpacked_mib: size of all pieces of a file together after unpacking and
            splitting (``unpacks_too_large``).
        max_members: files in an archive (``too_many_members``).
        max_pieces: pieces in a file (``too_many_pieces``).
        max_depth: elements of MusicXML, or brackets of JSON, inside one another (``too_deep``).
        max_notes: notes of a piece, all parts together (``too_many_notes``).
        max_seconds: time for splitting a file, or for reading a piece (``too_slow``).
        max_memory_mib: memory for either of them (``out_of_memory``).
    """

    max_file_mib: float = Field(gt=0, le=65_536)
    max_unpacked_mib: float = Field(gt=0, le=65_536)
    max_members: int = Field(gt=0, le=10_000_000)
    max_pieces: int = Field(default=20_000, gt=0, le=10_000_000)
    max_depth: int = Field(gt=0, le=100_000)
    max_notes: int = Field(gt=0, le=100_000_000)
    max_seconds: float = Field(gt=0, le=86_400)
    max_memory_mib: int = Field(ge=64, le=1_048_576)


def read_bytes(path: Path, limits: ReadLimits) -> bytes:
    """The content of a file; at most ``max_file_mib`` of it is in memory.

    Raises:
        ReadError: ``too_large``, or ``not_a_file``: opening a pipe would block.
        OSError: it cannot be opened.
    """
    status, most = path.stat(), int(limits.max_file_mib * MIB)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISCHR(status.st_mode)):
        raise ReadError("not_a_file", "a pipe, a socket or a folder; a regular file is expected")
    size = status.st_size
    if size <= most:
        with path.open("rb") as file:
            content = file.read(most + 1)  # the reported size may be wrong: a device, or a growing file
        if len(content) <= most:
            return content
        size = len(content)
    raise too_many("too_large", "MiB in the file", size / MIB, limits.max_file_mib)


def too_many(rule: str, things: str, value: float, limit: float) -> ReadError:
    """The error for an exceeded limit; the number found is a lower bound.

    >>> str(too_many("too_deep", "elements inside one another", 200, 100))
    '200 elements inside one another; allowed are 100'
    """
    value = round(value, 6)
    return ReadError(rule, f"{value:.12g} {things}; allowed are {limit:.12g}", value, limit)


def json_depth(content: bytes) -> int:
    """The nesting depth of brackets.

    >>> json_depth(b'{"train [[[": [[60, 55], []]}')
    3
    """
    text = np.frombuffer(re.sub(rb'"(?:[^"\\]|\\.)*"', b"", content), np.uint8)
    opened = (text == ord("[")) | (text == ord("{"))
    closed = (text == ord("]")) | (text == ord("}"))
    return int(np.cumsum(opened.astype(np.int32) - closed.astype(np.int32)).max(initial=0))
