"""Regular expressions for the symbols of a line of ABC music.

Source: the ABC music standard 2.1, section 4. A symbol without a match is refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.formats.readers.abc.marks import DECORATIONS
from pipeline.formats.readers.base.source import ReadError

_ACCIDENTAL = r"[_^=]*(?:(?<=[_^])\d{0,3}/\d{0,3})?"  # with a fraction it is a microtone
NOTE = rf"({_ACCIDENTAL})([a-gA-G][,']*)"
LENGTH = r"(\d{0,9})(/*)(\d{0,9})"  # longer numbers are not lengths
QUOTED = r'"(?:\\.|[^"\\])*"'
MARK = r"![^!\s|\[\]]+!|\+[A-Za-z][^+\s|\[\]]*\+|!(?i:D\.?[CS]\.?|to|da)[ ][^!|\[\]]*!"
SYMBOLS = r"H-Wh-w~."  # a letter or sign for a decoration
LAYOUT = r"\s`()$\\*;?@#!"  # slurs, beams, breaks of lines, and signs reserved for the future

ENDING_AT_LINE_START = re.compile(r"[1-9](?=[\s(\"A-Ga-g])")  # a bar line here ends the line before

# a chord of old files; a decoration between plus signs has one of the known names
_OLD = rf"[\s.~(]*(?:{_ACCIDENTAL}[a-gA-G][,']*\d{{0,9}}(?:/+\d{{0,9}})?[-)\s.~(]*)+"
_NO_DECORATION = rf"(?!(?:{'|'.join(map(re.escape, DECORATIONS))})\+)"

TOKEN = re.compile(
    rf"""
      {NOTE}{LENGTH}[ ]*                                    # 1–5
    | (?P<bar>\.?:*\|+[|:\]]*|\[\|[|:\]]*|:+)(?:\[?(?P<volta>\d[\d,.-]*))?[ ]*
    | (?P<tie>-)
    | (?P<broken>>+|<+)
    | \((?P<p>\d{{1,9}})(?::(?P<q>\d{{0,9}}))?(?::(?P<r>\d{{0,9}}))?
    | (?P<quoted>{QUOTED})
    | \{{(?P<grace>[^}}]*)\}}
    | \[(?P<inline>[A-Za-z]):(?P<value>[^\]]*)\]
    | (?P<ending>\[\d[\d,.-]*|\["[^"]*"(?=\s))
    | (?:\[(?P<chord>(?:{QUOTED}|[^\]"|])*)\]|{_NO_DECORATION}\+(?P<old>{_OLD})\+)
      (?P<clength>\d{{0,9}})(?P<cslashes>/*)(?P<cdivisor>\d{{0,9}})
    | (?P<place>x(?=\s*(?:\|[|\]:]|:+\||\[\|)))
    | (?P<rest>[zx])(?P<rlength>\d{{0,9}})(?P<rslashes>/*)(?P<rdivisor>\d{{0,9}})
    | (?P<bars>[ZX])(?P<count>\d{{0,9}})
    | (?P<region>\(&)
    | (?P<region_end>&\))
    | (?P<overlay>&(?:\s*&(?!\)))*)
    | (?P<mark>{MARK})
    | (?P<symbol>y\d*|[{SYMBOLS}])
    | (?P<layout>[{LAYOUT}\]])
    """,
    re.VERBOSE,
)

# lines after an empty line are music only if they consist of these
ONLY_MUSIC = re.compile(r"[A-Ga-gzx0-9,'^_=/|:\[\](){}<>\-\s~.&\\]*")

_IN_CHORD = re.compile(
    rf"(?:{NOTE}|[zx]){LENGTH}\.?(?P<tie>-?)|{QUOTED}|{MARK}|\{{[^}}]*\}}|[{SYMBOLS}{LAYOUT}]"
)
_IN_GRACE = re.compile(NOTE)
_NO_NOTES = re.compile(rf"{QUOTED}|{MARK}")


class Member(NamedTuple):
    """A note of a chord as it is written, or a rest, whose name is ""."""

    accidental: str
    name: str  # letter and octave marks
    length: tuple[str, str, str]  # a number, slashes, a number
    tied: bool


def chord_members(text: str) -> list[Member]:
    """The notes and rests between the brackets of a chord.

    >>> [member.name for member in chord_members("c+trill+e!f!g")]
    ['c', 'e', 'g']

    Raises:
        ReadError: ``bad_syntax``, a symbol that is not allowed in a chord.
    """
    members: list[Member] = []
    place = 0
    while place < len(text):
        found = _IN_CHORD.match(text, place)
        if found is None:
            raise not_understood(text, place)
        if found[5] is not None:
            members.append(
                Member(found[1] or "", found[2] or "", (found[3], found[4], found[5]), bool(found["tie"]))
            )
        place = found.end()
    return members


def grace_notes(text: str) -> list[tuple[str, str]]:
    """Accidental and name of each note between braces."""
    return _IN_GRACE.findall(_NO_NOTES.sub("", text))


def not_understood(line: str, place: int) -> ReadError:
    """The error for a symbol that is not ABC, with its context."""
    sign = line[place]
    what = "a number without a note" if sign.isdigit() else f"{sign!r} is not an ABC symbol"
    what = "a quotation mark that is not closed" if sign == '"' else what
    around = f"{line[max(0, place - 12) : place]} → {line[place : place + 12]}"
    return ReadError("bad_syntax", f"{what}, at '{around}'")
