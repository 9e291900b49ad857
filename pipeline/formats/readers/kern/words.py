"""Lyrics and the date of a Humdrum file.

Source: D. Huron, *The Humdrum Toolkit*, representation ``**text`` and the date format of the
reference record ``!!!ODT``.
"""

from __future__ import annotations

import re

from pipeline.formats.readers.base.lyrics import with_syllable
from pipeline.formats.readers.base.staff import Staff, Ticks

TYPES = ("**text", "**lyrics")
HELD = ("_", "|", "-")  # tokens that hold the syllable before

_DATE = re.compile(r"[~?x]?([0-9]{3,4})[~?x]?(?:/[^-|^]*)?")


def syllable(token: str) -> str:
    """The syllable of a token, a hyphen at its end where the word continues; "" where one is held.

    >>> syllable("Al-"), syllable("-le"), syllable("_")
    ('Al-', 'le', '')
    """
    return "" if token in HELD else token.lstrip("-") if token.strip("-") else ""


def sing(staff: Staff, onset: Ticks, verse: int, text: str) -> bool:
    """Give a syllable to the highest note that begins at an onset; whether there is one."""
    best = -1
    for place in range(len(staff.notes) - 1, -1, -1):
        if staff.notes[place].onset != onset:
            break
        if best < 0 or staff.notes[place].pitch > staff.notes[best].pitch:
            best = place
    if best < 0:
        return False
    note = staff.notes[best]
    staff.notes[best] = note._replace(lyric=with_syllable(note.lyric, verse, text))
    return True


def year_of(date: str) -> int | None:
    """The year of a date of composition, certain or not; None for a span of years or none.

    >>> year_of("1785/05/26"), year_of("~1760///"), year_of("1798///-1800///"), year_of("^1700")
    (1785, 1760, None, None)
    """
    found = _DATE.fullmatch(date.strip())
    return int(found[1]) if found else None
