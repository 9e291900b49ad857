"""The tokens of a **kern spine: notes, time and key signatures, instruments, bar lines.

Source: D. Huron, *The Humdrum Toolkit*, representation ``**kern``; rational
durations (``3%2``) and long ones (``00``) as in Humdrum Extras (C. Sapp).
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.barlines import Kind
from pipeline.formats.readers.base.repeat_signs import Sign
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import SEMITONES, STEPS, Ticks, times
from pipeline.formats.readers.base.tempo import per_minute, possible

WHOLE = 4 * TICKS_PER_QUARTER
MIDDLE_C = 60
MAX_DOTS = 5
MAX_ACCIDENTALS = 3
UNPITCHED = "percussion"

# fifths of a major key on C, D, E, F, G, A, B; what a mode adds to them
FIFTHS = dict(zip(STEPS, (0, 2, 4, -1, 1, 3, 5), strict=True))
MODES = {
    "ion": ("ionian", 0), "dor": ("dorian", -2), "phr": ("phrygian", -4), "lyd": ("lydian", 1),
    "mix": ("mixolydian", -1), "aeo": ("aeolian", -3), "loc": ("locrian", -5),
}  # fmt: skip
ORDER_OF_SHARPS = "fcgdaeb"

# instruments that Humdrum names by a code; others keep their code as their name
INSTRUMENTS = {
    "soprn": "Soprano", "cant": "Soprano", "mezzo": "Mezzo-soprano", "calto": "Alto", "alto": "Alto",
    "tenor": "Tenor", "barit": "Baritone", "bass": "Bass", "vox": "Voice",
    "piano": "Piano", "cemba": "Harpsichord", "organ": "Organ", "violn": "Violin", "viola": "Viola",
    "cello": "Violoncello", "cbass": "Contrabass", "flt": "Flute", "oboe": "Oboe", "clars": "Clarinet",
    "fagot": "Bassoon", "cor": "Horn", "tromp": "Trumpet", "tromb": "Trombone", "tuba": "Tuba",
    "guitr": "Guitar",
}  # fmt: skip

_NOTE = re.compile(r"[^a-gA-G#-]*([a-gA-G])(\1*)(#+|-+|n)?([^a-gA-G]*)")
_TREMOLO = re.compile(r"@+[0-9]*@*")  # 4c@16@ and 4c@@16@@: how a note is repeated, not how long it lasts
_LENGTH = re.compile(r"([0-9]+)(?:%([0-9]+))?(\.*)")
_METER = re.compile(r"\*M([0-9]{1,3}(?:\+[0-9]{1,3})*)/([0-9]{1,3})(?:%([0-9]{1,3}))?(?![0-9])")
_SIGNATURE = re.compile(r"\*k\[((?:[a-gA-G](?:#|-|n))*)\]")
_KEY = re.compile(r"\*([a-gA-G])([#-]?):([a-z]*)")


class KernNote(NamedTuple):
    """One note or rest of a token.

    Attributes:
        duration: None for a grace note.
        pitch: sounding note number; None for a rest and for a note with a fault.
        fault: why a note has no pitch; UNPITCHED for percussion.
    """

    duration: Ticks | None
    pitch: int | None
    grace: bool = False
    ties_on: bool = False
    tied_from: bool = False
    phrase_end: bool = False
    fault: str = ""


class KernKey(NamedTuple):
    """A key by its name.

    Attributes:
        tonic: fifths from C to the tonic.
        fifths: sharps (+) or flats (-) of the signature that belongs to it.
    """

    tonic: int
    mode: str
    fifths: int


@lru_cache(maxsize=8192)
def read_token(token: str) -> tuple[KernNote, ...]:
    """The notes of a token, several for a chord; those without a length have the first's.

    >>> read_token("4.cc#;")[0]
    KernNote(duration=15120, pitch=73, grace=False, ties_on=False, tied_from=False, phrase_end=True, fault='')
    >>> read_token("2c@16@")[0].duration
    20160

    Raises:
        ReadError: ``bad_duration``; ``bad_pitch`` where there is no duration either.
    """
    sounds = [_sound(note) for note in _TREMOLO.sub("", token).split()]
    first = next((sound.duration for sound in sounds[:1]), None)
    if first is None and not (sounds and all(sound.grace for sound in sounds)):
        if sounds and sounds[0].fault:
            raise ReadError("bad_pitch", sounds[0].fault)
        raise ReadError("bad_duration", f"'{token[:40]}' has no duration, like 4 for a quarter note")
    phrase_end = any(sound.phrase_end for sound in sounds)
    return tuple(
        sound._replace(duration=sound.duration or (None if sound.grace else first), phrase_end=phrase_end)
        for sound in sounds
    )


def _sound(note: str) -> KernNote:
    pitch, fault = (None, "") if "r" in note else _pitch(note)
    if "q" in note or "Q" in note:
        return KernNote(None, pitch, grace=True, fault=fault)
    return KernNote(
        _duration(note),
        pitch,
        ties_on="[" in note or "_" in note,
        tied_from="]" in note or "_" in note,
        phrase_end=";" in note or "}" in note,
        fault=fault,
    )


def _pitch(note: str) -> tuple[int | None, str]:
    """The note number; None for none, and why."""
    found = _NOTE.fullmatch(note)
    if found is None:
        unpitched = "R" in note and not re.search("[a-gA-G]", note)
        return None, UNPITCHED if unpitched else f"'{note[:40]}' names no pitch: c is middle C, CC# is low"
    step, more, accidental, rest = found.groups(default="")
    if len(accidental) > MAX_ACCIDENTALS or "#" in rest or "-" in rest:
        return None, f"'{note[:40]}' has too many accidentals, or contradicting ones"
    octave = len(more) if step.islower() else -1 - len(more)
    shift = accidental.count("#") - accidental.count("-")
    return MIDDLE_C + 12 * octave + SEMITONES[STEPS.index(step.upper())] + shift, ""


def _duration(note: str) -> Ticks | None:
    """A length like 8, 4., 12, 0 or 3%2; None where none is written."""
    found = _LENGTH.search(note)
    if found is None:
        return None
    number, share, dots = found.groups(default="")
    left_over = re.search(r"[0-9.%]", note[: found.start()] + note[found.end() :])
    if left_over or len(number) > 5 or len(share) > 5 or len(dots) > MAX_DOTS:
        raise ReadError("bad_duration", f"'{note[:40]}': a duration is written like 8, 4., 12, 0 or 3%2")
    if set(number) == {"0"}:
        length = 0 if share else times(WHOLE, 2 ** len(number), 1)
    else:
        length = times(WHOLE, int(share or 1), int(number))
    if length == 0:
        raise ReadError("bad_duration", f"'{note[:40]}': a note cannot last for nothing")
    return times(length, 2 ** (len(dots) + 1) - 1, 2 ** len(dots))


def read_meter(interpretation: str) -> tuple[int, int] | None:
    """Numerator and denominator; None where none can be counted (``*MX``, ``*M?``).

    >>> read_meter("*M6/8"), read_meter("*M2/0")
    ((6, 8), (4, 1))

    Raises:
        ReadError: ``bad_meter``.
    """
    found = _METER.match(interpretation)
    if found is None:
        if not re.match(r"\*M[0-9]", interpretation):
            return None
        raise ReadError("bad_meter", f"'{interpretation[:40]}': a meter is written like *M6/8 or *M2+3/8")
    numerator = sum(int(number) for number in found[1].split("+"))
    denominator = int(found[2])
    if denominator == 0:
        numerator, denominator = numerator * 2 ** len(found[2]), 1
    elif found[3]:
        length = Fraction(numerator * int(found[3]), denominator)
        numerator, denominator = length.numerator, length.denominator
    if not 1 <= numerator <= 999 or denominator > 128 or WHOLE % denominator:
        raise ReadError("bad_meter", f"'{interpretation[:40]}': a meter of {numerator}/{denominator}")
    return numerator, denominator


def read_tempo(interpretation: str) -> Fraction | None:
    """Quarter notes per minute of ``*MM120``; None where it gives no number (``*MM[Allegro]``).

    >>> read_tempo("*MM92.5")
    Fraction(185, 2)
    """
    rate = per_minute(interpretation.removeprefix("*MM").lstrip("="))
    return None if rate is None else possible(rate)


def read_signature(interpretation: str) -> int | None:
    """Fifths of ``*k[f#c#]``; None for a signature that is no row of fifths.

    >>> read_signature("*k[b-e-]"), read_signature("*k[f#g#]")
    (-2, None)

    Raises:
        ReadError: ``bad_key``.
    """
    found = _SIGNATURE.match(interpretation)
    if found is None:
        raise ReadError("bad_key", f"'{interpretation[:40]}': a signature is written like *k[f#c#] or *k[]")
    written = found[1].lower()
    n = len(written) // 2
    if written == "".join(step + "#" for step in ORDER_OF_SHARPS[:n]):
        return n
    return -n if written == "".join(step + "-" for step in ORDER_OF_SHARPS[::-1][:n]) else None


def read_key(interpretation: str) -> KernKey | None:
    """The key of ``*a:`` or ``*D:dor``; None for anything else, and for an unknown tonic (``*?:``).

    >>> read_key("*e-:"), read_key("*D:dor")
    (KernKey(tonic=-3, mode='minor', fifths=-6), KernKey(tonic=2, mode='dorian', fifths=0))
    """
    found = _KEY.fullmatch(interpretation)
    if found is None:
        return None
    step, accidental, name = found.groups()
    tonic = FIFTHS[step.upper()] + {"#": 7, "-": -7, "": 0}[accidental]
    mode, change = MODES.get(name[:3], ("major", 0) if step.isupper() else ("minor", -3))
    return KernKey(tonic, mode, tonic + change)


def mode_of(key: KernKey | None, fifths: int | None) -> str:
    """The mode that puts the key's tonic on a signature; "" where none does.

    Minor tunes were long written with the signature of dorian, so the signature
    and the name of a key may disagree; the tonic is what is kept.

    >>> mode_of(read_key("*g:"), -2), mode_of(read_key("*g:"), -1)
    ('minor', 'dorian')
    """
    if key is None or fifths is None:
        return ""
    if key.fifths == fifths:
        return key.mode
    return {key.tonic + change: mode for mode, change in MODES.values()}.get(fifths, "")


def read_name(interpretation: str) -> tuple[int, str] | None:
    """How good a name is, and the name: ``*I"Violino I`` and ``*I:[ALTO]`` before ``*Ivioln``."""
    if interpretation.startswith(('*I"', "*I:")):
        return 2, " ".join(interpretation[3:].strip("[]").split())
    if re.match(r"\*I[a-z]", interpretation):
        return 1, INSTRUMENTS.get(interpretation[2:], interpretation[2:])
    return None


def bar_line(token: str) -> Kind:
    """What kind of bar line a token beginning with ``=`` is.

    A number counts a bar: whatever the line looks like, one begins there. ``12a``
    and ``12b`` are two parts of bar 12.

    >>> bar_line("=12"), bar_line("=12:|!"), bar_line("=:|!"), bar_line("=12b")
    ('plain', 'plain', 'sign', 'sign')
    """
    numbered = re.match(r"=+[0-9]+(?![0-9a-x])", token)
    return "plain" if numbered or re.fullmatch(r"=y*;*", token) else "sign"


def bar_signs(token: str, onset: Ticks) -> list[Sign]:
    """The repeat signs of a bar line.

    >>> [sign.kind for sign in bar_signs("=8:|!|:", 0)]
    ['close', 'open']
    """
    signs = [Sign(onset, "close")] if re.search(r":[|!]", token) else []
    return signs + ([Sign(onset, "open")] if re.search(r"[|!]:", token) else [])


def read_order(interpretation: str) -> list[str]:
    """The sections of an expansion list, in the order of playing; named lists are other versions.

    >>> read_order("*>[A,A,B]"), read_order("*>norep[A,B]")
    (['A', 'A', 'B'], [])
    """
    found = re.fullmatch(r"\*>\[(.*)\]", interpretation)
    labels = [label.strip() for label in found[1].split(",")] if found else []
    return [label for label in labels if label]
