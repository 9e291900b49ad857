"""One part of a MusicXML score, measure by measure.

Onsets are counted from the beginning of the measure, because only all parts
together tell how long a measure is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element

from pipeline.core.music import TICKS_PER_QUARTER, Meter
from pipeline.formats.readers.base.repeat_signs import Kind, Sign, read_passes
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import KeySign, Ticks, Written, times
from pipeline.formats.readers.musicxml.values import (
    at_sounding_pitch,
    duration_of,
    integer,
    key_of,
    meter_of,
    note_number,
    transposition_of,
)

TYPES: dict[str, tuple[int, int]] = {  # quarters of a note type
    "long": (16, 1), "breve": (8, 1), "whole": (4, 1), "half": (2, 1), "quarter": (1, 1),
    "eighth": (1, 2), "16th": (1, 4), "32nd": (1, 8), "64th": (1, 16), "128th": (1, 32),
}  # fmt: skip
MAX_STAVES = 16

# attributes of <sound>
LANDINGS: dict[str, Kind] = {"segno": "segno", "coda": "coda"}
DEPARTURES: dict[str, Kind] = {
    "dacapo": "da_capo", "fine": "fine", "dalsegno": "dal_segno", "tocoda": "to_coda",
}  # fmt: skip
UNNAMED = ("dacapo", "fine")  # they name no place


class WrittenMeter(NamedTuple):
    """A time signature inside a measure."""

    onset: Ticks
    numerator: int
    denominator: int

    def at(self, begin: int) -> Meter:
        """The same, counted from the beginning of the piece."""
        return Meter(begin + int(self.onset), self.numerator, self.denominator)


@dataclass
class Measure:
    """A measure; notes, keys, meters and grace notes by the number of the staff.

    Attributes:
        filled: how far its notes and rests reach.
        bar_length: what the meter asks for.
        plain: whether it begins with one plain bar line.
        signs, closing: repeat signs counted from its beginning, and those at its end.
    """

    filled: Ticks = 0
    bar_length: Ticks = 4 * TICKS_PER_QUARTER
    plain: bool = True
    notes: dict[int, list[Written]] = field(default_factory=dict)
    keys: dict[int, list[KeySign]] = field(default_factory=dict)
    meters: dict[int, list[WrittenMeter]] = field(default_factory=dict)
    n_grace: dict[int, int] = field(default_factory=dict)
    signs: list[Sign] = field(default_factory=list)
    closing: list[Sign] = field(default_factory=list)


class PartReader:
    """Reads the measures of a part in order; remembers what holds on from one to the next."""

    def __init__(self) -> None:
        self.n_staves = 1
        self.divisions = 1
        self.transposition: dict[int, tuple[int, int]] = {}  # staff → semitones, fifths
        self.bar_length: Ticks = 4 * TICKS_PER_QUARTER
        self.closed_plainly = True
        self.now: Ticks = 0
        self.chord: tuple[Ticks, int, int] = (0, 1, 0)  # onset, staff, place of its first note

    def measure(self, element: Element) -> Measure:
        """Read one measure.

        Raises:
            ReadError: percussion, or a number that is none.
        """
        goes_on = element.get("implicit") == "yes" or not element.get("number", "0").isdigit()  # "4a", "X1"
        measure = Measure(plain=self.closed_plainly and not goes_on)
        self.now, self.closed_plainly = 0, True
        for child in element:
            if child.tag == "note":
                self._note(child, measure)
            elif child.tag == "attributes":
                self._attributes(child, measure)
            elif child.tag in ("backup", "forward"):
                sign = -1 if child.tag == "backup" else 1
                self.now = max(0, self.now + sign * duration_of(child, self.divisions))
            elif child.tag == "barline":
                self._barline(child, measure)
            elif child.tag in ("direction", "sound"):
                for sound in child.iter("sound"):
                    _jumps(sound, measure)
        measure.bar_length = self.bar_length
        return measure

    def _note(self, note: Element, measure: Measure) -> None:
        staff = integer(note, "staff", 1)
        if not 1 <= staff <= MAX_STAVES:
            raise ReadError("unreadable", f"staff {staff}; allowed are 1 to {MAX_STAVES}")
        self.n_staves = max(self.n_staves, staff)
        tags = {child.tag for child in note}
        if "grace" in tags:
            measure.n_grace[staff] = measure.n_grace.get(staff, 0) + ("rest" not in tags)
            return
        duration = duration_of(note, self.divisions)
        change = note.find("time-modification")
        if change is not None:
            duration = self._exact_duration(duration, note, change)
        notes = measure.notes.setdefault(staff, [])
        if "chord" not in tags:
            self.chord = (self.now, staff, len(notes))
            self.now += duration
            measure.filled = max(measure.filled, self.now)
        if "unpitched" in tags:
            raise ReadError("percussion", "a note without pitch: percussion cannot be read as a melody")
        pitch = note.find("pitch")
        if pitch is None or "cue" in tags:
            return
        if duration <= 0:
            raise ReadError("bad_duration", f"a note of duration {duration}; durations are positive")
        fermata = "notations" in tags and note.find("notations/fermata") is not None
        onset, chord_staff, first = self.chord
        if chord_staff == staff and first < len(notes):
            fermata = fermata or notes[first].phrase_end
            if fermata:
                notes[first:] = [other._replace(phrase_end=True) for other in notes[first:]]
        ties = _ties(note, tags)
        number = note_number(pitch) + self.transposition.get(staff, (0, 0))[0]
        notes.append(Written(onset, duration, number, "start" in ties, "stop" in ties, fermata))

    def _exact_duration(self, duration: Ticks, note: Element, change: Element) -> Ticks:
        """A tuplet's duration by its signs, where too few divisions made the number inexact."""
        kind = TYPES.get(note.findtext("type", "").strip())
        if kind is None:
            return duration
        dots = len(note.findall("dot"))
        exact = times(TICKS_PER_QUARTER * kind[0], (2 << dots) - 1, kind[1] << dots)
        actual, normal = integer(change, "actual-notes", 1), integer(change, "normal-notes", 1)
        if min(actual, normal) < 1:
            raise ReadError("bad_tuplet", f"{actual} notes in the time of {normal}")
        exact = times(exact, normal, actual)
        gap = (exact - duration) * self.divisions
        return exact if -TICKS_PER_QUARTER < gap < TICKS_PER_QUARTER else duration

    def _attributes(self, attributes: Element, measure: Measure) -> None:
        self.divisions = integer(attributes, "divisions", self.divisions)
        if self.divisions < 1:
            raise ReadError("bad_duration", f"{self.divisions} divisions a quarter; at least 1 is needed")
        self.n_staves = max(self.n_staves, min(integer(attributes, "staves", 1), MAX_STAVES))
        for transpose in attributes.iterfind("transpose"):
            for staff in self._staves_of(transpose):
                self.transposition[staff] = transposition_of(transpose)
        for key in attributes.iterfind("key"):
            written = key_of(key, self.now)
            for staff in self._staves_of(key):
                fifths = self.transposition.get(staff, (0, 0))[1]
                measure.keys.setdefault(staff, []).append(at_sounding_pitch(written, fifths))
        for time in attributes.iterfind("time"):
            meter = meter_of(time)
            if meter is not None:
                self.bar_length = times(4 * TICKS_PER_QUARTER, *meter)
                written_meter = WrittenMeter(self.now, *meter)
                for staff in self._staves_of(time):
                    measure.meters.setdefault(staff, []).append(written_meter)

    def _staves_of(self, element: Element) -> range:
        """The staves that an attribute is for: the one it names, or all."""
        number = element.get("number", "")
        return (
            range(int(number), int(number) + 1)
            if re.fullmatch(r"[0-9]{1,3}", number)
            else range(1, MAX_STAVES + 1)
        )

    def _barline(self, barline: Element, measure: Measure) -> None:
        style = (barline.findtext("bar-style") or "regular").strip()
        plain = style == "regular" and barline.find("repeat") is None
        if barline.get("location") == "left":
            measure.plain = measure.plain and plain
        elif barline.get("location", "right") == "right":
            self.closed_plainly = plain
        side = barline.get("location", "right")
        signs = measure.closing if side == "right" else measure.signs
        signs += _repeat_signs(barline, self.now if side == "middle" else 0)


def _repeat_signs(barline: Element, onset: Ticks) -> Iterator[Sign]:
    """The repeat sign of a bar line, and the endings that begin or end there."""
    for repeat in barline.iterfind("repeat"):
        if repeat.get("direction") == "forward":
            yield Sign(onset, "open")
        elif repeat.get("direction") == "backward":
            times = repeat.get("times", "2")
            if re.fullmatch(r"[0-9]{1,6}", times) is None:
                raise ReadError("bad_repeats", f"a repeat to be played '{times[:40]}' times")
            yield Sign(onset, "close", times=int(times), after_jump=repeat.get("after-jump") == "yes")
    for ending in barline.iterfind("ending"):
        passes = read_passes(ending.get("number", ""))
        if ending.get("type") != "start":
            yield Sign(onset, "end")
        elif passes:
            yield Sign(onset, "ending", passes)


def _jumps(sound: Element, measure: Measure) -> None:
    """D.C., D.S. and Fine take effect at the end of their measure, wherever they are written in it."""
    for name, kind in LANDINGS.items():
        if sound.get(name):
            measure.signs.append(Sign(0, kind, label=sound.get(name, "")))
    for name, kind in DEPARTURES.items():
        if sound.get(name, "no") != "no":
            measure.closing.append(Sign(0, kind, label=sound.get(name, "") if name not in UNNAMED else ""))


def _ties(note: Element, tags: set[str]) -> set[str | None]:
    """Which ends of ties a note has; what is engraved counts where no sound is told."""
    path = "tie" if "tie" in tags else "notations/tied"
    return {tie.get("type") for tie in note.iterfind(path)} if tags & {"tie", "notations"} else set()
