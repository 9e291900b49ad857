"""Corrupted score files for every reader, and corrupted tokens for the decoder.

Bundled files and tiny ones made by hand are corrupted (bytes flipped, chunks deleted, doubled and
moved, numbers replaced by extremes, tokens swapped) and read in a child process: a reader may raise
``ReadError``. Token rows are corrupted likewise: they are a grid or a ``TokenError``, and repaired
ones are a grid that encodes to valid tokens.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.core.vocabulary import START, STOP, TokenError, decode, decode_leniently, encode
from pipeline.corpora.parsing.isolation import ChildFailure, ChildLimits, run_isolated
from pipeline.corpora.parsing.records import pack, refusal, unpack, warm_up
from pipeline.formats import readers
from pipeline.formats.readers import ReadError
from tests.helpers import reading
from tests.helpers.hostile import READ, hostile_files, zipped

LIMITS = ChildLimits(seconds=60, memory_bytes=1 << 30)  # a corrupted file may hold thousands of tunes
TOKENS = "tokens"
Mangler = Callable[[bytes, random.Random], bytes]
MOST_SPOILT = 2_000_000  # bytes; repeated chunks make a file of 20,000 tunes, which takes more than a minute
LONGEST_SEED = 40_000  # bytes; mutating a larger file is slower and finds no more
BUNDLED = {
    "abc": ("airdsAirs/*.abc", "essenFolksong/*.abc"),
    "musicxml": ("bach/bwv2*.mxl", "**/*.musicxml", "**/*.xml"),
    "kern": ("**/*.krn",),
    "midi": ("**/*.mid",),
}
EXTREMES = ("0", "-1", "1", "127", "128", "255", "65536", "2147483648", "9" * 20, "9" * 400, "1e9", "0.5", "")
TINY = {
    "abc": b'X:1\nT:A\nM:6/8\nL:1/8\nV:1 name="A"\nK:Hm\n(3ABc {d}e2>f2 [ceg]-[ceg] | z4 & A4 |\n'
    b'Z2 :|[2 "F"H^A,, |]\n',
    "tinynotation": b"tinyNotation: 3/4 c4 d8. e~ e4 trip{c8 d' e} r2. quad{CC# B- bn f} 2/4 g2",
    "jsb_json": json.dumps({"train": [[[60, 55, 52, 48]] * 4, [[-1, 55, 52.0, 48]]], "test": [[]]}).encode(),
    "kern": b"!!!OTL: A\n**kern\t**kern\n*M3/4\t*k[b-]\n4c\t4.e-\n*\t*^\n4d\t8f\t8a\n*\t*v\t*v\n=2\t=2\n"
    b"[2.c 2.e\t4%3g;\n*-\t*-\n",
}


TOKEN_ROWS = (
    [START, STOP],
    [START, *([60, 188] * 20), STOP],
    [START, *range(1, 128), 0, 128, STOP],
    [START, *([60, 55, 52, 48] * 3), *([188, 183, 180, 176] * 5), STOP],
)


class Spoilt(NamedTuple):
    """A file to read: the format that it was of, its number in the run, and its bytes."""

    format: str
    number: int
    content: bytes


def seeds() -> dict[str, list[bytes]]:
    """Good files of every format: bundled ones, and those of the hostile files that can be read."""
    from music21 import common

    wheel = Path(common.getCorpusFilePath())
    found: dict[str, list[bytes]] = {name: [] for name in readers.FORMATS}
    for name, content in TINY.items():
        found[name] += [content] * 4
    for name, patterns in BUNDLED.items():
        for pattern in patterns:
            paths = [path for path in sorted(wheel.glob(pattern)) if path.stat().st_size <= LONGEST_SEED]
            found[name] += [path.read_bytes() for path in paths[:: len(paths) // 12 + 1]]
    for file in hostile_files():
        if file.rule == READ and len(file.content) <= LONGEST_SEED:
            found[readers.split(file.name, file.content, reading.LIMITS)[0].format].append(file.content)
    found[TOKENS] = [np.array(tokens, dtype=np.uint16).tobytes() for tokens in TOKEN_ROWS]
    return found


def flip(content: bytes, dice: random.Random) -> bytes:
    """Some bytes become others."""
    spoilt = bytearray(content)
    for _ in range(dice.randint(1, 8) if spoilt else 0):
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    return bytes(spoilt)


def delete(content: bytes, dice: random.Random) -> bytes:
    """A chunk is missing, often all to the end."""
    first, last = _chunk(content, dice)
    return content[:first] + (content[last:] if dice.random() < 0.7 else b"")


def double(content: bytes, dice: random.Random) -> bytes:
    """Repeat a chunk several times."""
    first, last = _chunk(content, dice)
    return content[:last] + content[first:last] * dice.choice((1, 2, 50)) + content[last:]


def splice(content: bytes, dice: random.Random) -> bytes:
    """A chunk is moved to another place."""
    first, last = _chunk(content, dice)
    rest = content[:first] + content[last:]
    place = dice.randint(0, len(rest))
    return rest[:place] + content[first:last] + rest[place:]


def extreme(content: bytes, dice: random.Random) -> bytes:
    """Some numbers become extreme ones."""
    numbers = list(re.finditer(rb"[0-9]+", content))
    chosen = dice.sample(numbers, min(len(numbers), dice.randint(1, 3)))
    for found in sorted(chosen, reverse=True, key=lambda found: found.start()):
        content = content[: found.start()] + dice.choice(EXTREMES).encode() + content[found.end() :]
    return content


def swap(content: bytes, dice: random.Random) -> bytes:
    """Two tokens change places."""
    tokens = re.split(rb"(\s+|[<>|=:,\[\]])", content)
    one, other = (dice.randrange(len(tokens)) for _ in range(2))
    tokens[one], tokens[other] = tokens[other], tokens[one]
    return b"".join(tokens)


def leaves(content: bytes, dice: random.Random) -> bytes:
    """Elements of XML that hold no other are dropped, doubled or change places; the rest stays whole."""
    parts = re.split(rb"(<([\w-]+)[^<>]*(?:/>|>[^<]*</\2>))", content)
    leaf = range(1, len(parts), 3)
    for _ in range(min(len(leaf), dice.randint(1, 4))):
        one, other = dice.choice(leaf), dice.choice(leaf)
        parts[one], parts[other] = dice.choice(((parts[other], parts[one]), (b"", parts[one] * 2)))
    return b"".join(part for place, part in enumerate(parts) if place % 3 != 2)


def _chunk(content: bytes, dice: random.Random) -> tuple[int, int]:
    first = dice.randint(0, len(content))
    return first, min(len(content), first + dice.choice((1, 4, 30, len(content))))


BLUNT: Sequence[Mangler] = (flip, delete, double, splice, swap)
WELL_FORMED: Sequence[Mangler] = (extreme, leaves)


def spoil(good: dict[str, list[bytes]], seed: int, number: int) -> Spoilt:
    """The file of that number in the run of that seed; a .mxl is also mutated inside."""
    dice = random.Random(f"{seed} {number}")
    name = dice.choice(sorted(good))
    content = dice.choice(good[name])
    inside = content[:2] == b"PK" and dice.random() < 0.8
    if inside:
        content = readers.split("", content, reading.LIMITS)[0].content
    gentle = dice.random() < (0.8 if name == "musicxml" else 0.3)  # broken XML is refused at once
    for mangle in dice.choices(WELL_FORMED if gentle else (*BLUNT, *WELL_FORMED), k=dice.randint(1, 3)):
        content = mangle(content, dice)[:MOST_SPOILT]
    return Spoilt(name, number, zipped({"a.xml": content}) if inside and dice.random() < 0.2 else content)


def read_spoilt(spoilt: Spoilt) -> str | Exception:
    """ "piece", the rules that refused it, or the exception that no reader may raise."""
    if spoilt.format == TOKENS:
        return decode_spoilt(spoilt)
    messages = []
    try:
        for source in readers.split("", spoilt.content, reading.LIMITS):
            try:
                messages.append(
                    "piece" if unpack(pack(readers.read(source, reading.READ, reading.LIMITS))) else ""
                )
            except ReadError as error:
                unpack(pack(refusal(error)))
                messages.append(error.rule)
    except ReadError as error:
        return error.rule
    except MemoryError:
        raise
    except Exception as error:
        return error
    return messages[0] if messages else "nothing"


def decode_spoilt(spoilt: Spoilt) -> str | Exception:
    """ "grid", "mended", "refused", or the exception that the decoder may not raise."""
    tokens = np.frombuffer(spoilt.content[: len(spoilt.content) // 2 * 2], dtype=np.uint16)
    voices = spoilt.number % 4 + 1
    try:
        repaired = decode_leniently(tokens, voices)[0]
    except TokenError:
        return "refused"
    except Exception as error:
        return error
    try:
        decode(encode(repaired), voices)
    except Exception as error:
        return error
    try:
        decode(tokens, voices)
    except TokenError:
        return "mended"
    except MemoryError:
        raise
    except Exception as error:
        return error
    return "grid"


def _prepare() -> None:
    """Allocate what Arrow needs, a gigabyte of addresses at its first use, before memory is limited."""
    warm_up()
    pa.array([0])


def outcomes(files: Sequence[Spoilt]) -> Iterator[tuple[Spoilt, str | Exception | ChildFailure]]:
    """The outcome of each file, read in a child process that may die."""
    found = run_isolated(read_spoilt, files, LIMITS, ("pandas", __name__), _prepare)
    return zip(files, found, strict=True)
