"""The values in a MusicXML score: pitches, durations, keys, meters.

Source: MusicXML 4.0 (w3.org/2021/06/musicxml40). A score has few different
pitches and durations, each very often, so parsed values are cached.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import SEMITONES, STEPS, KeySign, Ticks, times

MODES = (
    "", "none", "major", "minor", "ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian",
    "locrian",
)  # fmt: skip

TYPES: dict[str, tuple[int, int]] = {  # quarters of a note type
    "maxima": (32, 1), "long": (16, 1), "breve": (8, 1), "whole": (4, 1), "half": (2, 1), "quarter": (1, 1),
    "eighth": (1, 2), "16th": (1, 4), "32nd": (1, 8), "64th": (1, 16), "128th": (1, 32), "256th": (1, 64),
    "512th": (1, 128), "1024th": (1, 256),
}  # fmt: skip
MAX_DOTS = 8
PERCUSSION_CHANNEL = "10"  # General MIDI; <midi-channel> counts from 1


def note_number(pitch: Element) -> int:
    """The MIDI note number as written, before any transposition; it may be out of range.

    Raises:
        ReadError: ``microtone``, ``bad_pitch``, or an octave that is no whole number.
    """
    step, octave = pitch.findtext("step", ""), pitch.findtext("octave", "")
    alter = pitch.findtext("alter") or "0"
    return number_of(step.strip(), alter.strip(), octave.strip())


@lru_cache(maxsize=1024)
def number_of(step: str, alter: str, octave: str) -> int:
    """The same, of the texts inside a ``<pitch>``.

    Raises:
        ReadError: as :func:`note_number`.
    """
    if step not in tuple(STEPS):
        raise ReadError("bad_pitch", f"the step '{step}'; allowed are A to G")
    semitones = decimal(alter, "bad_pitch")
    if not -12 <= semitones <= 12:
        raise ReadError("bad_pitch", f"an alteration of {semitones} semitones; allowed are -12 to 12")
    if not isinstance(semitones, int):
        raise ReadError("microtone", f"an alteration of {semitones} semitones has no MIDI note number")
    return 12 * (whole(octave, "octave") + 1) + SEMITONES[STEPS.index(step)] + semitones


def divisions_of(attributes: Element, default: Ticks) -> Ticks:
    """The divisions of a quarter note, a positive decimal; the default where none are given.

    Raises:
        ReadError: ``bad_duration``, or ``unreadable`` for words.
    """
    text = attributes.findtext("divisions")
    if text is None:
        return default
    divisions = decimal(text.strip(), "unreadable")
    if divisions <= 0:
        raise ReadError(
            "bad_duration", f"{text.strip()} divisions of a quarter; allowed are positive numbers"
        )
    return divisions


def duration_of(element: Element, divisions: Ticks) -> Ticks:
    """The duration of a note, a backup or a forward, with so many divisions of a quarter.

    Raises:
        ReadError: ``bad_duration``.
    """
    return ticks((element.findtext("duration") or "").strip(), divisions)


@lru_cache(maxsize=1024)
def ticks(duration: str, divisions: Ticks) -> Ticks:
    """The same, of the text of a ``<duration>``.

    Raises:
        ReadError: ``bad_duration``, also for "".
    """
    value = decimal(duration, "bad_duration")
    if value < 0 or value > 2**31:
        raise ReadError("bad_duration", f"a duration of {value}; allowed are 0 to 2³¹")
    return as_ticks(Fraction(value * TICKS_PER_QUARTER) / divisions)


@lru_cache(maxsize=1024)
def length_of_type(name: str, dots: int, actual: int, normal: int) -> Ticks:
    """The length of a note by its type, dots and tuplet; 0 where the type has no length."""
    if name not in TYPES or dots > MAX_DOTS:
        return 0
    numerator, denominator = TYPES[name]
    return times(TICKS_PER_QUARTER, numerator * ((2 << dots) - 1) * normal, (denominator << dots) * actual)


@lru_cache(maxsize=1024)
def exact_duration(
    duration: Ticks, divisions: Ticks, kind: str | None, n_dots: int, actual: int, normal: int
) -> Ticks:
    """The duration of a note in a tuplet by its signs, where too few divisions made the number inexact.

    Args:
        duration: by the number.
        kind: the text of its ``<type>``; without one, the nearest type counts.
    """
    name = (kind or "").strip()
    exact = (
        length_of_type(name, n_dots, actual, normal) if name else _nearest_length(duration, actual, normal)
    )
    gap = (exact - duration) * divisions
    return exact if exact and -TICKS_PER_QUARTER < gap < TICKS_PER_QUARTER else duration


@lru_cache(maxsize=1024)
def _nearest_length(duration: Ticks, actual: int, normal: int) -> Ticks:
    lengths = [length_of_type(name, dots, actual, normal) for name in TYPES for dots in range(3)]
    return min(lengths, key=lambda length: abs(Fraction(length - duration)))


class Transposition(NamedTuple):
    """From the written to the sounding pitch.

    Attributes:
        semitones: that are added to each note.
        fifths: that are added to the key.
        doubled: semitones from each note to the octave that doubles it; 0 for none.
    """

    semitones: int = 0
    fifths: int = 0
    doubled: int = 0


AS_WRITTEN = Transposition()


def transposition_of(transpose: Element) -> Transposition:
    """The transposition of a staff.

    A staff with ``<double>`` sounds in two octaves, as that of cellos and double basses.

    Raises:
        ReadError: ``microtone``, or a number that is none.
    """
    chromatic = decimal(transpose.findtext("chromatic", "0").strip(), "unreadable")
    if not isinstance(chromatic, int):
        raise ReadError("microtone", f"a transposition by {chromatic} semitones has no MIDI note numbers")
    diatonic = integer(transpose, "diatonic", round(Fraction(chromatic * 7, 12)))
    fifths = 7 * chromatic - 12 * diatonic
    double = transpose.find("double")
    doubled = 0 if double is None else 12 if double.get("above") == "yes" else -12
    return Transposition(chromatic + 12 * integer(transpose, "octave-change", 0), fifths, doubled)


def key_of(key: Element, onset: Ticks) -> tuple[KeySign, bool]:
    """The key as written, and whether it is possible: -7 to 7 fifths, and a mode with a name.

    A signature that is no row of fifths is possible, but has no fifths and no mode here.
    What is impossible is unknown.
    """
    if key.find("fifths") is None:
        return KeySign(None, "", onset), key.find("key-step") is not None or len(key) == 0
    mode = key.findtext("mode", "").strip().lower()
    possible = mode in MODES
    mode = mode if possible and mode != "none" else ""
    try:
        fifths = integer(key, "fifths", 0)
    except ReadError:
        return KeySign(None, "", onset), False
    return (KeySign(fifths, mode, onset), possible) if abs(fifths) <= 7 else (KeySign(None, "", onset), False)


def at_sounding_pitch(written: KeySign, transposed_fifths: int) -> KeySign:
    """The key at sounding pitch."""
    if written.fifths is None:
        return written
    fifths = written.fifths + transposed_fifths
    if abs(fifths) > 7:  # the enharmonic one that can be written
        fifths = (fifths + 6) % 12 - 6
    return written._replace(fifths=fifths)


def meter_of(time: Element) -> tuple[int, int] | None:
    """Numerator and denominator; None for free time, or where nothing is given.

    Raises:
        ReadError: ``bad_meter``.
    """
    if time.find("senza-misura") is not None:
        return None
    total = Fraction(0)
    denominators = []
    for beats, beat_type in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
        try:
            numerators = [int(number) for number in (beats.text or "").split("+")]
            denominators.append(int(beat_type.text or ""))
        except ValueError:
            raise ReadError("bad_meter", f"the meter {beats.text}/{beat_type.text}") from None
        if denominators[-1] not in (1, 2, 4, 8, 16, 32, 64, 128):
            raise ReadError("bad_meter", f"the meter {beats.text}/{beat_type.text}")
        total += Fraction(sum(numerators), denominators[-1])
    if not denominators:
        return None
    denominator = max(denominators)
    numerator = int(total * denominator)
    if not 1 <= numerator <= 999:
        raise ReadError("bad_meter", f"the meter {numerator}/{denominator}")
    return numerator, denominator


def percussion_of(part: Element) -> frozenset[str]:
    """The instruments of a ``<score-part>`` on the percussion channel.

    If all of them are, "" is included: a note without ``<instrument>`` is percussion, too.
    """
    channels = {
        instrument.get("id", ""): instrument.findtext("midi-channel", "").strip()
        for instrument in part.iterfind("midi-instrument")
    }
    names = {instrument.get("id", "") for instrument in part.iterfind("score-instrument")} | set(channels)
    percussion = frozenset(name for name in names if channels.get(name) == PERCUSSION_CHANNEL)
    return percussion | {""} if percussion == names and names else percussion


def plays_percussion(note: Element, percussion: frozenset[str]) -> bool:
    """Whether the instrument of a note is one of ``percussion``, so that its written pitch is a drum."""
    if not percussion or "" in percussion:
        return bool(percussion)
    instrument = note.find("instrument")
    return instrument is not None and instrument.get("id") in percussion


def as_ticks(time: Fraction) -> Ticks:
    """The same time, as an integer if it is a whole number of ticks."""
    return time.numerator if time.denominator == 1 else time


def integer(element: Element, path: str, default: int) -> int:
    """The whole number that an element inside holds; the default where there is none inside.

    Raises:
        ReadError: ``unreadable``.
    """
    text = element.findtext(path)
    return default if text is None else whole(text, path)


def whole(text: str, name: str) -> int:
    """The whole number that a text is; the name of its element is for the message.

    Raises:
        ReadError: ``unreadable``.
    """
    try:
        return int(text)
    except ValueError:
        raise ReadError(
            "unreadable", f"<{name}> holds '{text.strip()[:40]}', which is no whole number"
        ) from None


def decimal(text: str, rule: str) -> Ticks:
    """A decimal number as the schema allows it; whole ones are integers."""
    if re.fullmatch(r"[-+]?[0-9]{1,12}(\.[0-9]{0,12})?", text) is None:
        raise ReadError(rule, f"'{text[:40]}' is no number")
    return as_ticks(Fraction(text))
