"""What the fields of an ABC tune say: key, meter, unit length, voice.

Source: the ABC music standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1),
sections 3.1 and 4.6; German key names (H, Es, Fis) as the Essen songs use them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import STEPS, Ticks, times

SHARPS_OF_MAJOR = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "H": 5}
ORDER_OF_SHARPS = "FCGDAEB"
ALTERATIONS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}

# by the first letters, as the standard allows; "m" alone comes after those that begin with it
MODES = (
    ("maj", "major", 0), ("dur", "major", 0), ("ion", "ionian", 0), ("mix", "mixolydian", -1),
    ("dor", "dorian", -2), ("aeo", "aeolian", -3), ("phr", "phrygian", -4), ("loc", "locrian", -5),
    ("lyd", "lydian", 1), ("m", "minor", -3),
)  # fmt: skip

_KEY = re.compile(r"([A-H])(#|b|is|es|s(?![a-z]))?\s*([A-Za-z]*)")
_ACCIDENTAL = re.compile(r"(?<![\w=])(\^\^?|__?|=)([A-Ga-g])(?![\w=])")
_PROPERTY = re.compile(r"(\w+)\s*=\s*(\"[^\"]*\"|\S+)")


@dataclass(frozen=True)
class Key:
    """A key signature.

    Attributes:
        fifths: sharps (+) or flats (-); None where the signature is no plain row of them.
        mode: "major", "dorian", …; "" where the source names none.
        alterations: semitones added to C, D, E, F, G, A, B.
        shift: semitones by which the field makes the staff sound higher or lower.
    """

    fifths: int | None
    mode: str
    alterations: tuple[int, ...]
    shift: int = 0


NO_KEY = Key(None, "", (0,) * 7)


def read_key(text: str) -> Key:
    """What stands after ``K:``.

    >>> read_key("H").fifths, read_key("Es").fifths, read_key("A Mixolydian").mode
    (5, -3, 'mixolydian')

    Raises:
        ReadError: ``bad_key``, a tonic or mode that is not known.
    """
    words = text.strip()
    shift = sound_shift(words)
    if words[:2] in ("HP", "Hp"):  # the bagpipe's scale; HP writes no signature
        fifths = 0 if words[:2] == "HP" else 2
        return Key(fifths, "", signature(fifths), shift)
    if words in ("", "none") or words.startswith("none "):
        return Key(None if not words else 0, "", (0,) * 7, shift)
    found = _KEY.match(words)
    if found is None:
        if "=" in words or words.split()[0] in ("treble", "bass", "alto", "tenor", "perc"):
            return Key(None, "", (0,) * 7, shift)  # a clef alone
        raise ReadError("bad_key", f"K:{words}: a key begins with a letter from A to H, or is 'none'")
    sharps = SHARPS_OF_MAJOR[found[1]]
    sharps += {"#": 7, "is": 7, "b": -7, "es": -7, "s": -7}.get(found[2] or "", 0)
    mode, change = _mode(words, found[3])
    explicit = mode == "exp"
    fifths = 0 if explicit else sharps + change
    if not -7 <= fifths <= 7:
        raise ReadError("bad_key", f"K:{words}: {abs(fifths)} accidentals; at most 7 are allowed")
    alterations = list(signature(fifths))
    changed = _ACCIDENTAL.findall(words[found.end() :])
    for accidental, step in changed:
        alterations[STEPS.index(step.upper())] = ALTERATIONS[accidental]
    standard = {signature(number): number for number in range(-7, 8)}
    return Key(standard.get(tuple(alterations)), "" if explicit else mode, tuple(alterations), shift)


def _mode(words: str, name: str) -> tuple[str, int]:
    """The mode's name and the sharps that it adds to those of major."""
    lowered = name.lower()
    if lowered in ("", "clef", "octave", "transpose", "bass", "treble", "alto", "tenor", "middle", "perc"):
        return "major", 0
    if lowered == "exp":
        return "exp", 0
    for beginning, mode, change in MODES:
        if lowered.startswith(beginning):
            return mode, change
    known = ", ".join(beginning for beginning, _, _ in MODES)
    raise ReadError("bad_key", f"K:{words}: the mode '{name}' is not known; known beginnings: {known}, exp")


def signature(fifths: int) -> tuple[int, ...]:
    """Semitones that a signature adds to C, D, E, F, G, A, B."""
    sharp = ORDER_OF_SHARPS[:fifths] if fifths > 0 else ""
    flat = ORDER_OF_SHARPS[::-1][:-fifths] if fifths < 0 else ""
    return tuple((step in sharp) - (step in flat) for step in STEPS)


def sound_shift(text: str) -> int:
    """Semitones asked for by ``transpose=``, ``octave=`` or a clef with 8 in K: or V:."""
    properties = dict(_PROPERTY.findall(text))
    shift = 0
    for name, semitones in (("transpose", 1), ("octave", 12)):
        value = properties.get(name, "0")
        if re.fullmatch(r"[-+]?\d{1,2}", value):
            shift += semitones * int(value)
    clef: str = properties.get("clef", text)
    if re.search(r"-8(va)?\b", clef):
        return shift - 12
    return shift + 12 if re.search(r"\+8(va)?\b", clef) else shift


def read_meter(text: str) -> tuple[int, int] | None:
    """What stands after ``M:``; None for free time.

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
        raise ReadError("bad_meter", f"M:{words}: {numerator}/{denominator} is no meter")
    return numerator, denominator


def read_unit(text: str) -> Fraction:
    """What stands after ``L:``, as a part of a whole note.

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


def voice_name(text: str) -> tuple[str, str]:
    """Identifier and readable name of what stands after ``V:``.

    >>> voice_name('1 name="Tin whistle" clef=treble')
    ('1', 'Tin whistle')
    """
    words = text.split()
    properties: dict[str, str] = dict(_PROPERTY.findall(text))
    name = properties.get("name", properties.get("nm", ""))
    return (words[0] if words else ""), name.strip('"')
