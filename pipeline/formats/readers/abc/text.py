"""The text of ABC files: tunes, fields, directives, comments and free text.

Source: the ABC music standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1),
sections 2.2 (files), 3 (fields) and 11 (directives).
"""

from __future__ import annotations

import re
from collections import Counter

from pipeline.formats.readers.base.charset import plain_bytes
from pipeline.formats.readers.base.source import Source, decode

NUMBER = re.compile(r"^X:[ \t]*(.*)$", re.MULTILINE)
LONGEST_NAME = 100  # characters of a tune's number that are part of its identifier
LYRICS = "w:"  # at the beginning of a line
FIELD = re.compile(r"([A-Za-z+]):(?![|:\]])(.*)")
DIRECTIVE = re.compile(r"(?:%%|I:)\s*(.*)")

_COMMENT = re.compile(r"(?<!\\)%.*")
_MAILED = re.compile(r"=(20|3D|[ \t]*\n)")  # quoted-printable, left by e-mail; never valid ABC
_BEGIN = re.compile(r"%%[ \t]*begin(\w+)")
MAX_ZEROS = 0.1  # share of zero bytes; a file with more is not text


def matches(content: bytes) -> bool:
    """Whether a file is ABC: a line of its text begins with a field X: or K:."""
    text = plain_bytes(content).rstrip(b"\0")
    return re.search(rb"(?:^|[\r\n])[XK]:", text) is not None and text.count(0) <= MAX_ZEROS * len(text)


def split_tunes(content: bytes) -> list[Source]:
    """The tunes of a file, each with the fields before the first tune.

    A tune is named by its number: ``X:0017`` is "17"; where a number is repeated
    the second is "17.2". In a file with one tune, the tune has no name.
    """
    text = without_blocks(decode(content))
    begins = [found.start() for found in NUMBER.finditer(text)]
    if len(begins) <= 1:
        return [Source("", "abc", text.encode())]
    head = text[: begins[0]]
    sources, seen = [], Counter[str]()
    for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
        tune = text[begin:end]
        found = NUMBER.match(tune)
        name = without_comment(found[1] if found else "").strip()
        name = str(int(name)) if re.fullmatch(r"[0-9]{1,18}", name) else "-".join(name.split())[:LONGEST_NAME]
        seen[name] += 1
        name = name if seen[name] == 1 else f"{name}.{seen[name]}"
        sources.append(Source(name, "abc", (head + tune).encode()))
    return sources


def lines_of(content: bytes) -> list[str]:
    """The lines of a tune; blocks of text are comments."""
    text = decode(content)
    if "=" in text:
        text = _MAILED.sub(lambda found: {"20": " ", "3D": "="}.get(found[1], ""), text)
    return without_blocks(text).split("\n")


def without_comment(line: str) -> str:
    r"""A line up to its comment sign ``%``; ``\%`` does not begin a comment."""
    return _COMMENT.sub("", line) if "%" in line else line


def without_blocks(text: str) -> str:
    r"""Turn ``%%begintext`` … ``%%endtext`` and the like into comments, line by line.

    A block that is not closed is not changed; :func:`begins_block` finds it.

    >>> without_blocks("%%begintext\nA bad egg\n%%endtext\nC")
    '% %%begintext\n% A bad egg\n% %%endtext\nC'
    """
    if "begin" not in text:
        return text
    lines = text.split("\n")
    name, first = "", 0
    for number, line in enumerate(lines):
        begun = begins_block(line)
        if begun and name in ("", begun):
            name, first = begun, number
        elif name and re.match(rf"%%[ \t]*end{name}\b", line):
            lines[first : number + 1] = [f"% {inner}" for inner in lines[first : number + 1]]
            name = ""
    return "\n".join(lines)


def begins_block(line: str) -> str:
    """The name of the block of text that a directive begins; "" for any other line."""
    found = _BEGIN.match(line)
    return found[1] if found else ""
