"""The tempo of a field ``Q:``.

Source: the ABC music standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1), section 3.1.8,
and section 10.1 for the outdated forms, which count unit note lengths.
"""

from __future__ import annotations

import re
from fractions import Fraction

from pipeline.formats.readers.base.tempo import per_minute, possible

_TEXT = re.compile(r'"[^"]*"?')
_LENGTH = r"[0-9]{1,4}\s*/\s*[0-9]{1,4}"
_BEATS = re.compile(rf"({_LENGTH}(?:\s+{_LENGTH}){{0,3}})\s*=\s*(.*)")
_UNITS = re.compile(r"[Cc]\s*([0-9]{0,4}(?:/[0-9]{1,4})?)\s*=\s*(.*)")


def read_tempo(text: str, unit: Fraction) -> Fraction | None:
    """Quarter notes per minute; None if the field has no number.

    >>> read_tempo('"Allegro" 3/8=100', Fraction(1, 8)), read_tempo("1/4 3/8=40", Fraction(1, 8))
    (Fraction(150, 1), Fraction(100, 1))
    >>> read_tempo("120", Fraction(1, 8)), read_tempo("C3=50", Fraction(1, 8)), read_tempo('"Slow"', 1)
    (Fraction(60, 1), Fraction(75, 1), None)

    Args:
        text: the value of the field.
        unit: the current unit note length, as a fraction of a whole note.
    """
    words = _TEXT.sub(" ", text).strip()
    if beats := _BEATS.fullmatch(words):
        lengths = [_fraction(length) for length in re.findall(_LENGTH, beats[1])]
        number = beats[2]
    elif units := _UNITS.fullmatch(words):
        lengths, number = [unit * (_fraction(units[1]) if units[1] else 1)], units[2]
    else:
        lengths, number = [unit], words
    rate = per_minute(number)
    return None if rate is None else possible(rate * 4 * sum(lengths, Fraction(0)))


def _fraction(text: str) -> Fraction:
    above, _, below = text.partition("/")
    divisor = int(below or 1)
    return Fraction(int(above or 1), divisor) if divisor else Fraction(0)
