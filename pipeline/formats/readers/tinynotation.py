"""tinyNotation: a melody in one line of text, ``tinyNotation: 3/4 c4 d8 e~ e4 r2.``.

As music21 reads it: lower-case letters are the octave of middle C, each ``'``
one higher; capitals the octave below, each repetition one lower. ``#``, ``-``
and ``n`` are accidentals, numbers are lengths that stay until the next, ``.``
dots, ``~`` ties, ``r`` a rest; ``trip{c8 d e}`` is three in the time of two,
``quad{…}`` four in the time of three. Text in ``[…]``, after ``_`` and after ``=`` is
not read.

Source: music21, module ``tinyNotation``.
"""

from __future__ import annotations

import re
from fractions import Fraction

from pipeline.core.music import TICKS_PER_QUARTER, Meter, Piece
from pipeline.formats.readers.base.charset import plain_bytes
from pipeline.formats.readers.base.limits import ReadLimits
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import ReadError, Source, decode
from pipeline.formats.readers.base.staff import Staff, Ticks, Written

SUFFIXES = (".tinynotation",)

_HEAD = re.compile(rb"\s*tinynotation:", re.IGNORECASE)
_METER = re.compile(r"(\d+)/(\d+)")
_NOTE = re.compile(r"(?:([A-G])(\1*)|([a-gr]))('*)(#{1,2}|-{1,2}|n)?(\d{1,4})?(\.*)(~)?")
_SPAN = re.compile(r"(trip|quad)\{|\}|[^\s{}]+")
_ASIDE = re.compile(r"\[[^\]]*\]|[_=*][^\s{}]*")
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SHIFTS = {"": 0, "n": 0, "#": 1, "##": 2, "-": -1, "--": -2}
_SHARES = {"trip": Fraction(2, 3), "quad": Fraction(3, 4)}
MIDDLE_C = 60
SHORTEST = 512  # as a length: a 512th note


def matches(content: bytes) -> bool:
    """Whether a text begins with ``tinyNotation:``."""
    return _HEAD.match(plain_bytes(content)) is not None


def split(content: bytes, limits: ReadLimits | None = None) -> list[Source]:  # noqa: ARG001
    """Every ``tinyNotation:`` of a file; more than one are numbered from 1."""
    content = plain_bytes(content)
    heads = [found.start() for found in re.finditer(rb"(?im)^\s*tinynotation:", content)]
    texts = [content[begin:end] for begin, end in zip(heads, [*heads[1:], len(content)], strict=True)]
    numbers = [str(number) if len(texts) > 1 else "" for number in range(1, len(texts) + 1)]
    return [Source(number, "tinynotation", text) for number, text in zip(numbers, texts, strict=True)]


def read(content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:  # noqa: ARG001
    """Read one melody.

    Raises:
        ReadError: a word that is no note, or no note at all.
    """
    text = _ASIDE.sub("", decode(_HEAD.sub(b"", content, count=1)))
    staff = Staff()
    length: Ticks = TICKS_PER_QUARTER
    share = Fraction(1)
    onset: Ticks = 0
    for word in _SPAN.finditer(text):
        if word[1]:
            share = _SHARES[word[1]]
            continue
        if word[0] == "}":
            share = Fraction(1)
            continue
        meter = _METER.fullmatch(word[0])
        if meter:
            _measure(staff, meter, onset)
            continue
        pitch, number, dots, tied = _note(word[0])
        if number is not None:
            length = _length(number, dots)
        duration = _whole(length * share)
        if pitch is not None:
            staff.notes.append(Written(onset, duration, pitch, ties_on=tied))
        onset = _whole(onset + duration)
    staff.end = onset
    if not staff.notes:
        raise ReadError("no_notes", "the melody holds no note")
    return Piece("", "", (staff.part(),))


def _note(word: str) -> tuple[int | None, int | None, int, bool]:
    """Note number (None for a rest), written length (None: as before), dots, and whether a tie follows."""
    found = _NOTE.fullmatch(word)
    if found is None:
        raise ReadError("bad_syntax", f"'{word[:40]}' is no note of tinyNotation, like c#4 or G8.")
    low, lower, high, higher, accidental, number, dots, tie = found.groups()
    written = int(number) if number else None
    if high == "r":
        return None, written, len(dots), False
    octave = len(higher) if high else -1 - len(lower)
    pitch = MIDDLE_C + 12 * octave + _STEPS[high or low.lower()] + _SHIFTS[accidental or ""]
    return pitch, written, len(dots), tie is not None


def _length(number: int, dots: int) -> Ticks:
    if not 1 <= number <= SHORTEST or dots > 4:
        raise ReadError(
            "bad_duration", f"length {number} with {dots} dots; allowed are 1 to {SHORTEST} and 4 dots"
        )
    return _whole(Fraction(4 * TICKS_PER_QUARTER, number) * (2 - Fraction(1, 2**dots)))


def _measure(staff: Staff, found: re.Match[str], onset: Ticks) -> None:
    """Add a time signature; an impossible one is unknown, and counted."""
    numerator, denominator = int(found[1]), int(found[2])
    if 1 <= numerator <= 128 and 1 <= denominator <= 128:
        staff.meters.append(Meter(int(onset), numerator, denominator))
    else:
        staff.n_bad_meters += 1


def _whole(time: Ticks) -> Ticks:
    return time.numerator if isinstance(time, Fraction) and time.denominator == 1 else time
