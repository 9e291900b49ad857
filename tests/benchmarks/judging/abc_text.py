"""What of an ABC tune is taken away before abc2midi plays it.

abc2midi performs: it shortens staccato notes, plays rolls and trills, swings hornpipes
and unfolds repeats. None of that is in question where two readers are compared, so the
judge is given the tune without those signs. Notes, lengths, bar lines and fields stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

TOGETHER = "%%MIDI chordattack 0"  # abc2midi spreads chords by 10 ticks a note
_FIELD = re.compile(r"\s*[A-Za-z+]:(?![|:])")
_SIGNS = re.compile(
    r"""
      (?P<kept>"[^"]*"?|\[[A-Za-z]:[^\]]*\]|\(\d+(?::\d*)*|%.*)
    | (?P<mark>![^!\s|\[\]]+!|\+[A-Za-z][^+\s|\[\]]{2,}\+|[~H-Wh-w]|\.(?!\|))
    | (?P<ending>\["[^"]*"(?=\s)|\[\d[\d,.-]*)
    | (?P<bar>\.?:*\|+[|:\]]*(?:\[?\d[\d,.-]*)?|\[\|[|:\]]*|:+(?:\[?\d[\d,.-]*)?)
    """,
    re.VERBOSE,
)


def performed_plainly(text: str) -> str:
    """The tune without decorations and without ``R:``, for which abc2midi swings hornpipes."""
    text = re.sub(r"^R:.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[[Rr]:[^\]\n]*\]", "", text)
    text = re.sub(r"^(K:.*)$", rf"\1\n{TOGETHER}", text, count=1, flags=re.MULTILINE)
    return in_music(text, lambda line: _SIGNS.sub(lambda found: "" if found["mark"] else found[0], line))


def without_repeats(text: str) -> str:
    """The tune with a plain bar line for every repeat sign and ending, and without an order of parts."""
    text = re.sub(r"^P:.*\n", "", text, flags=re.MULTILINE)
    return in_music(text, lambda line: re.sub(r"^[1-9](?=[\s(\"A-Ga-g])", "", _SIGNS.sub(_plain, line)))


def _plain(found: re.Match[str]) -> str:
    if found["bar"]:
        return " | "
    return " " if found["ending"] else found[0]


def in_music(text: str, rewrite: Callable[[str], str]) -> str:
    """Rewrite the lines after the header that are no fields and no comments."""
    head, key, body = _at_first_key(text)
    lines = body.split("\n")
    return head + key + "\n".join(line if _is_field(line) else rewrite(line) for line in lines)


def _is_field(line: str) -> bool:
    return _FIELD.match(line) is not None or line.startswith("%")


def _at_first_key(text: str) -> tuple[str, str, str]:
    found = re.search(r"^K:.*\n?", text, flags=re.MULTILINE)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")
