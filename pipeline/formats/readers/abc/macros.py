"""Macros of ABC: symbols that are replaced by other symbols, ``m:~g3=g{a}g{f}g``.

A static macro replaces its target as it is written. In a transposing one (``m:~n3=n{o}n{m}n``) the
target ends with the letter ``n``, which is any note, and a length; the letters ``h`` to ``z`` of its
replacement are the notes of the scale around that note.

Source: the ABC music standard 2.1, section 9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.formats.readers.base.limits import too_many

MAX_TARGET, MAX_REPLACEMENT = 31, 200
MAX_EXPANDED = (
    1_000_000  # characters that the macros of a tune add up to; macros of macros grow exponentially
)

_SCALE = "CDEFGAB"
_FIELD_OR_TEXT = r'"(?:\\.|[^"\\])*"|\[[A-Za-z]:[^\]]*\]'  # macros are not expanded inside these
_NOTE = r"([_^=]*)([a-gA-G])([,']*)"
_ENDS = r"(?![\d/,'])"  # the note has no other length or octave
_TRANSPOSING = re.compile(r"([^n]*)n(\d*/*\d*)")
_LETTER = re.compile(r"(\"[^\"]*\"|![^!]*!)|([h-z])")


def read_macro(text: str) -> tuple[str, str] | None:
    """Target and replacement of a field ``m:``; None where it defines nothing.

    >>> read_macro(" ~g3 = g{a}g{f}g"), read_macro("~g3")
    (('~g3', 'g{a}g{f}g'), None)
    """
    target, _, replacement = (part.strip() for part in text.partition("="))
    if not (0 < len(target) <= MAX_TARGET and 0 < len(replacement) <= MAX_REPLACEMENT):
        return None
    return target, replacement


def expanded(line: str, macros: Mapping[str, str], written: int = 0) -> tuple[str, int]:
    """Expand the macros of a line of music, in the order of their definition.

    Args:
        line: as written.
        macros: target → replacement.
        written: characters that macros have produced in earlier lines of the tune.

    Returns:
        The expanded line, and ``written`` after it.

    Raises:
        ReadError: ``unpacks_too_large``: more than MAX_EXPANDED characters.

    >>> expanded("~g3 ~a3|", {"~g3": "g{a}g{f}g"}), expanded("~G3 ~a2|", {"~n3": "n{o}n{m}n"})
    (('g{a}g{f}g ~a3|', 9), ('G{A}G{F}G ~a2|', 9))
    """

    def write(found: re.Match[str]) -> str:
        nonlocal written
        if found[1] is not None:
            return found[0]
        text = _written_out(found, replacement)
        written += len(text)
        if written > MAX_EXPANDED:
            raise too_many("unpacks_too_large", "characters written by macros", written, MAX_EXPANDED)
        return text

    for target in macros:
        replacement = macros[target]
        if transposing := _TRANSPOSING.fullmatch(target):
            before, length = map(re.escape, transposing.groups())
            sought = f"{before}{_NOTE}{length}"
        else:
            sought = re.escape(target)
        pattern = rf"({_FIELD_OR_TEXT})|{sought}{_ENDS if target[-1].isalnum() else ''}"
        line = re.sub(pattern, write, line)
    return line, written


def _written_out(found: re.Match[str], replacement: str) -> str:
    if found.re.groups == 1:
        return replacement
    accidental, letter, marks = found.group(2, 3, 4)
    step = _SCALE.index(letter.upper()) + 7 * (letter.islower() + marks.count("'") - marks.count(","))

    def note(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        distance = ord(found[2]) - ord("n")
        return (accidental if distance == 0 else "") + _name(step + distance)

    return _LETTER.sub(note, replacement)


def _name(step: int) -> str:
    """The name of the note a number of scale steps above middle C.

    >>> _name(0), _name(7), _name(14), _name(-1)
    ('C', 'c', "c'", 'B,')
    """
    octave, place = divmod(step, 7)
    letter = _SCALE[place]
    return letter.lower() + "'" * (octave - 1) if octave > 0 else letter + "," * -octave
