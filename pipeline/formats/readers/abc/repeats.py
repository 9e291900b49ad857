"""Repeats in ABC: bar lines with repeat signs, and the order of parts.

Source: the ABC music standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1),
sections 3.1.9 (parts) and 4.8 to 4.10 (repeats, endings).
"""

from __future__ import annotations

import re

from pipeline.formats.readers.base.player import MAX_JUMPS
from pipeline.formats.readers.base.repeat_signs import Sign
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Ticks

_ORDER = re.compile(r"[A-Z0-9(). ]*")
_ITEM = re.compile(r"([A-Z()])(\d{0,4})")
MAX_NESTING = 16


def signs_of_bar(text: str, onset: Ticks) -> list[Sign]:
    """The signs of a bar line: ``|:``, ``:|``, ``::``; more colons are more repeats.

    A bar line may have any shape: colons after one thin line open a section (``|:|||:``),
    other colons before a line close one (``||:|``). A double bar ends an ending, and it is
    the beginning of a repeat without an opening sign.

    >>> [sign.kind for sign in signs_of_bar(":|:", 0)], [sign.kind for sign in signs_of_bar("||", 0)]
    (['close', 'end', 'open'], ['end', 'start'])
    """
    if text == "|":  # as nearly all are
        return []
    before, after = _colons(text)
    signs: list[Sign] = []
    if before:
        signs += [Sign(onset, "close", times=before + 1), Sign(onset, "end")]
    if after:
        signs.append(Sign(onset, "open"))
    if not signs and text.strip(".:") != "|":
        signs += [Sign(onset, "end"), Sign(onset, "start")]
    return signs


def _colons(text: str) -> tuple[int, int]:
    """The largest number of colons that close a section in a bar line, and that open one.

    >>> _colons(":|"), _colons("|::"), _colons("::"), _colons("|:|||:"), _colons("||:|"), _colons("|::|")
    ((1, 0), (0, 2), (1, 1), (0, 1), (1, 0), (1, 1))
    """
    before = after = 0
    for found in re.finditer(":+", text):
        left, right, count = text[: found.start()], text[found.end() :], len(found[0])
        if bool(left) == bool(right) and count > 1:
            before, after = max(before, count // 2), max(after, count // 2)
        elif not left or (right and left[-2:] not in ("|", "[|")):
            before = max(before, count if right else 0)
        else:
            after = max(after, count)
    return before, after


def read_order(text: str) -> tuple[str, ...]:
    """The parts in playing order, from ``P:`` of the header.

    >>> read_order("A(AB)2.C"), read_order("A"), read_order("Modern version")
    (('A', 'A', 'B', 'A', 'B', 'C'), (), ())

    Returns:
        Empty if the field names only the first part, or is other text.

    Raises:
        ReadError: ``bad_repeats``, brackets that do not match, or too many parts.
    """
    if _ORDER.fullmatch(text) is None:
        return ()
    levels: list[list[str]] = [[]]
    for name, count in _ITEM.findall(text):
        times = int(count or 1)
        if name == "(":
            levels.append([])
        elif name != ")":
            levels[-1] += [name] * min(times, MAX_JUMPS + 1)
        elif len(levels) > 1:
            inner = levels.pop()
            levels[-1] += inner * min(times, MAX_JUMPS + 1)
        else:
            raise _bad_order(text, "a bracket closes that was not opened")
        if len(levels) > MAX_NESTING or len(levels[-1]) > MAX_JUMPS:
            raise _bad_order(text, f"more than {MAX_JUMPS} parts")
    if len(levels) > 1:
        raise _bad_order(text, "a bracket is not closed")
    return tuple(levels[0]) if len(levels[0]) > 1 else ()


def _bad_order(text: str, why: str) -> ReadError:
    return ReadError("bad_repeats", f"P:{text[:40]}: {why}")
