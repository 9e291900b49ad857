"""Fields of an ABC tune: key, meter, unit length; accidentals and note lengths.

Source: the ABC music standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1),
sections 3.1 and 4.6; German key names (H, Es, Fis) as the Essen songs use them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pipeline.formats.readers.abc.properties import is_property
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import STEPS, Ticks, times

SHARPS_OF_MAJOR = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "H": 5}
ORDER_OF_SHARPS = "FCGDAEB"

# by the first letters, as the standard allows; "m" has no further letters
MODES = (
    ("maj", "major", 0), ("dur", "major", 0), ("ion", "ionian", 0), ("mix", "mixolydian", -1),
    ("dor", "dorian", -2), ("aeo", "aeolian", -3), ("phr", "phrygian", -4), ("loc", "locrian", -5),
    ("lyd", "lydian", 1), ("min", "minor", -3), ("mol", "minor", -3),
)  # fmt: skip

_TONIC = re.compile(r"([A-H])(#|b|is|es|s(?![a-z]))?([A-Za-z]*)")
_ACCIDENTAL = re.compile(r"(\^\^?|__?|=)(\d*/\d*)?([A-Ga-g])")
_ACCIDENTALS = re.compile(rf"(?:{_ACCIDENTAL.pattern})+")

Alteration = int | Fraction  # semitones; a fraction is a microtone


@dataclass(frozen=True)
class AbcKey:
    """A key signature.

    Attributes:
        fifths: sharps (+) or flats (-); None if the signature does not follow the circle of fifths.
        mode: "major", "dorian", …; "" if the source names none.
        alterations: semitones added to C, D, E, F, G, A, B.
    """

    fifths: int | None
    mode: str
    alterations: tuple[Alteration, ...]


NO_KEY = AbcKey(None, "", (0,) * 7)


def read_key(words: list[str]) -> AbcKey | None:
    """The key given by the words of a field ``K:``; None for a clef or another property alone.

    >>> read_key(["H"]).fifths, read_key(["Es"]).fifths, read_key(["A", "Mixolydian"]).mode
    (5, -3, 'mixolydian')
    >>> read_key(["clef=bass"]), read_key(["C", "baritone"]).fifths
    (None, 0)

    Raises:
        ReadError: ``bad_key``, an unknown tonic or mode, or more than 7 accidentals.
    """
    if words[:1] == ["none"]:
        return AbcKey(0, "", (0,) * 7)
    words = [word for word in words if not is_property(word)]
    if not words:
        return None
    if words[0] in ("HP", "Hp"):  # the bagpipe's scale; HP writes no signature
        fifths = 0 if words[0] == "HP" else 2
        return AbcKey(fifths, "", signature(fifths))
    if words[0].lower() == "exp" or _ACCIDENTALS.fullmatch(words[0]):
        return _explicit(0, "", words)
    found = _TONIC.match(words[0])
    if found is None:
        raise ReadError("bad_key", f"K:{words[0]}: a key begins with a letter from A to H, or is 'none'")
    attached, others = found[3], words[1:]
    if not attached and others and (others[0].lower() == "exp" or _known_mode(others[0])):
        attached, *others = others
    rest = [words[0][found.end() :], *others]
    if attached.lower() == "exp":
        return _explicit(0, "", rest)
    sharps = SHARPS_OF_MAJOR[found[1]] + {"#": 7, "is": 7, "b": -7, "es": -7, "s": -7}.get(found[2] or "", 0)
    mode = _known_mode(attached) if attached else ("major", 0)
    if mode is None:
        known = ", ".join(beginning for beginning, _, _ in MODES)
        raise ReadError("bad_key", f"K:{words[0]}: the mode '{attached}' is not known; known: {known}, exp")
    if not -7 <= sharps + mode[1] <= 7:
        count = abs(sharps + mode[1])
        raise ReadError("bad_key", f"K:{words[0]}: {count} accidentals; at most 7 are allowed")
    return _explicit(sharps + mode[1], mode[0], rest)


def _explicit(fifths: int, mode: str, words: list[str]) -> AbcKey:
    """A signature with additional explicit accidentals; words that are not accidentals are ignored."""
    alterations: list[Alteration] = list(signature(fifths))
    for word in words:
        if _ACCIDENTALS.fullmatch(word):
            for sign, part, step in _ACCIDENTAL.findall(word):
                alterations[STEPS.index(step.upper())] = alteration(sign + part)
    return AbcKey(_fifths_of(tuple(alterations)), mode, tuple(alterations))


@lru_cache(maxsize=1024)
def _fifths_of(alterations: tuple[Alteration, ...]) -> int | None:
    """The number of fifths of a signature; None if it does not follow the circle of fifths."""
    return next((number for number in range(-7, 8) if signature(number) == alterations), None)


def _known_mode(name: str) -> tuple[str, int] | None:
    """The name of the mode, and the number of sharps relative to major."""
    name = "min" if name.lower() == "m" else name.lower()
    return next(((mode, change) for begin, mode, change in MODES if name.startswith(begin)), None)


def alteration(accidental: str) -> Alteration:
    """Semitones of a written accidental.

    >>> alteration("^^"), alteration("_"), alteration("^/"), alteration("_3/2")
    (2, -1, Fraction(1, 2), Fraction(-3, 2))

    Raises:
        ReadError: ``bad_value``, sharps and flats at once, or three of them.
    """
    signs = accidental.rstrip("0123456789/")
    sharps, flats = signs.count("^"), signs.count("_")
    if (sharps and flats) or sharps + flats > 2:
        raise ReadError("bad_value", f"'{accidental}' is not an accidental; allowed are ^^, ^, =, _ and __")
    direction = 1 if sharps else -1
    if not (part := accidental[len(signs) :]):
        return sharps - flats
    above, below = part.split("/")
    if below and int(below) == 0:
        raise ReadError("bad_value", f"the microtone '{accidental}' divides by zero")
    size = Fraction(int(above or 1), int(below or 2)) + sharps + flats - 1
    return direction * (size.numerator if size.denominator == 1 else size)


@lru_cache(maxsize=15)
def signature(fifths: int) -> tuple[int, ...]:
    """Semitones that a signature adds to C, D, E, F, G, A, B."""
    sharp = ORDER_OF_SHARPS[:fifths] if fifths > 0 else ""
    flat = ORDER_OF_SHARPS[::-1][:-fifths] if fifths < 0 else ""
    return tuple((step in sharp) - (step in flat) for step in STEPS)


def read_meter(text: str) -> tuple[int, int] | None:
    """The value of a field ``M:``; None for free time.

    >>> read_meter("C|"), read_meter("2+3/8"), read_meter("none")
    ((2, 2), (5, 8), None)

    Raises:
        ReadError: ``bad_meter``.
    """
    words = text.strip().strip('"')
    if words in ("", "none"):
        return None
    if words in ("C", "C|"):
        return (4, 4) if words == "C" else (2, 2)
    found = re.search(r"\(?(\d{1,4}(?:\s*\+\s*\d{1,4})*)\)?\s*/\s*(\d{1,4})\s*$", words)
    if found is None:
        raise ReadError("bad_meter", f"M:{words}: a meter is 'C', 'C|', 'none' or a fraction like 6/8")
    numerator, denominator = sum(map(int, found[1].split("+"))), int(found[2])
    if not 1 <= numerator <= 999 or denominator not in (1, 2, 4, 8, 16, 32, 64, 128):
        raise ReadError("bad_meter", f"M:{words}: {numerator}/{denominator} is not a meter")
    return numerator, denominator


def read_unit(text: str) -> Fraction:
    """The value of a field ``L:``, as a fraction of a whole note.

    Raises:
        ReadError: ``bad_unit``.
    """
    found = re.match(r"\s*(\d{1,9})\s*(?:/\s*(\d{1,9}))?\s*$", text)
    if found is None or int(found[1]) == 0 or int(found[2] or 1) == 0:
        raise ReadError("bad_unit", f"L:{text.strip()}: the unit length is a fraction like 1/8")
    return Fraction(int(found[1]), int(found[2] or 1))


def default_unit(meter: tuple[int, int] | None) -> Fraction:
    """The unit length of a tune without ``L:``: 1/16 below three quarters, else 1/8."""
    return Fraction(1, 16) if meter is not None and 4 * meter[0] < 3 * meter[1] else Fraction(1, 8)


def note_length(unit: Ticks, length: str, slashes: str, divisor: str) -> Ticks:
    """``unit`` times a written length: "3", "3/2", "/4", "/" (a half), "//" (a quarter).

    Raises:
        ReadError: ``bad_duration``, a division by zero.
    """
    if not slashes:
        return unit * int(length) if length else unit
    below = int(divisor) if divisor else 2 ** min(len(slashes), 16)
    if below == 0:
        raise ReadError("bad_duration", f"the length {length}{slashes}{divisor} divides by zero")
    return times(unit, int(length) if length else 1, below)
