"""One part of a MusicXML score, measure by measure.

Onsets are counted from the beginning of the measure, because the length of a measure
depends on all parts together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.text import counted
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import MAX_TICKS, ChordSign, Ticks, Written, times
from pipeline.formats.readers.musicxml.harmony import chords_of, offset_of
from pipeline.formats.readers.musicxml.measure import (
    Measure,
    WrittenMeter,
    is_continued,
    is_own,
    joined,
    lone_rests,
)
from pipeline.formats.readers.musicxml.note import MAX_STAVES, NoteContent, content_of, staff_number
from pipeline.formats.readers.musicxml.position import Position
from pipeline.formats.readers.musicxml.signs import barline_signs, read_direction
from pipeline.formats.readers.musicxml.values import (
    AS_WRITTEN,
    Transposition,
    at_sounding_pitch,
    divisions_of,
    duration_of,
    integer,
    key_of,
    meter_of,
    note_number,
    plays_percussion,
    ticks,
    transposition_of,
    tuplet_length,
)
from pipeline.formats.readers.musicxml.words import lyric_to_highest, tempo_of


class PartReader:
    """Reads the measures of a part in order; keeps the state from one to the next.

    Args:
        percussion: the instruments whose notes have no pitch; see :func:`percussion_of`.
        shared: the content of notes by the tags that replace them; see :mod:`shared_notes`.

    Attributes:
        n_staves: how many staves the part has so far.
        faults: the first error of each staff with notes that no MIDI number names.
        unpitched: voices of each staff that hold notes without pitch.
        clefs: the signs of the clefs of each staff.
    """

    def __init__(self, percussion: frozenset[str], shared: Mapping[str, NoteContent]) -> None:
        self.n_staves = 1
        self._percussion = percussion
        self._shared = shared
        self.faults: dict[int, ReadError] = {}
        self.unpitched: dict[int, dict[str, None]] = {}
        self.clefs: dict[int, set[str]] = {}
        self._divisions: Ticks = 1
        self._transposition: dict[int, Transposition] = {}  # by staff
        self._bar_length: Ticks | None = 4 * TICKS_PER_QUARTER
        self._closed_plainly = True
        self._position = Position()
        self._chord: tuple[Ticks, int, int] | None = None  # onset, staff, place of its first note

    def measures(self, elements: Sequence[Element]) -> list[Measure]:
        """Read all measures; one that begins in no other part belongs to the one before.

        Raises:
            ReadError: an invalid time or number, so that the times in the part are unknown.
        """
        measures: list[Measure] = []
        continued = [*map(is_continued, elements), False]
        for place, element in enumerate(elements):
            incomplete = continued[place] or continued[place + 1] or element.get("number") == "0"
            measure = Measure(at_sign=place == 0, incomplete=incomplete)
            measure.plain = self._closed_plainly and not continued[place]
            try:
                self._measure(element, measure)
            except ReadError as error:
                raise error.at(f"measure {element.get('number', place + 1)}") from None
            if is_own(element) and measures:
                measures[-1] = joined(measures[-1], measure)
            else:
                measures.append(measure)
        return measures

    def _measure(self, element: Element, measure: Measure) -> None:
        self._position, self._closed_plainly, self._chord = Position(), True, None
        shared = self._shared
        children = [
            (child, content_of(child) if child.tag == "note" else shared.get(child.tag)) for child in element
        ]
        alone = lone_rests(children)
        for place, (child, note) in enumerate(children):
            if note is not None:
                self._note(note, place in alone, measure)
            elif child.tag == "attributes":
                self._attributes(child, measure)
            elif child.tag == "backup":
                self._position.move(-duration_of(child, self._divisions), self._divisions)
            elif child.tag == "forward":
                self._forward(child, measure)
            elif child.tag == "barline":
                self._barline(child, measure)
            elif child.tag == "harmony":
                self._harmony(child, measure)
            elif child.tag in ("direction", "sound"):
                read_direction(child, self._position.exact, measure)
                tempo = tempo_of(child)
                if tempo is not None:
                    measure.tempi.append((self._position.exact, tempo))
        measure.bar_length = self._bar_length
        measure.at_sign |= not (measure.plain and self._closed_plainly) or bool(
            measure.keys or measure.meters
        )
        if max(measure.filled, measure.resting) > MAX_TICKS:
            raise ReadError("too_long", f"a measure of more than {MAX_TICKS} ticks (213,000 quarter notes)")

    def _forward(self, forward: Element, measure: Measure) -> None:
        """A hidden rest; alone it fills no more than a bar."""
        self._position.move(duration_of(forward, self._divisions), self._divisions)
        reached = self._position.exact
        if self._bar_length is not None:
            reached = min(reached, self._bar_length)
        measure.filled = max(measure.filled, reached)

    def _note(self, note: NoteContent, is_alone: bool, measure: Measure) -> None:
        """Read a note or rest.

        Args:
            is_alone: whether it is all that its voice holds in the measure.
        """
        staff = note.staff or staff_number(note.element)
        if staff > self.n_staves:
            self.n_staves = staff
        if note.is_grace:
            measure.n_grace[staff] += not note.is_rest
            measure.n_lost_syllables[staff] += note.has_syllable
            return
        notes = measure.notes.get(staff)
        if notes is None:
            notes = measure.notes[staff] = []
        onset, duration = self._time(note, is_alone, measure, (staff, len(notes)))
        pitch = note.pitch
        if note.is_unpitched or (
            pitch is not None and self._percussion and plays_percussion(note.element, self._percussion)
        ):
            self.unpitched.setdefault(staff, {})[note.voice] = None
            pitch = None
        if pitch is None or note.is_cue:
            measure.n_lost_syllables[staff] += note.has_syllable
            return
        if duration <= 0:
            raise ReadError("bad_duration", f"a note of duration {duration}; durations are positive")
        fermata = note.has_fermata
        _, chord_staff, first = self._chord or (0, staff, len(notes))
        if first < len(notes) and chord_staff == staff:
            fermata = fermata or notes[first].phrase_end
            if fermata:
                notes[first:] = [other._replace(phrase_end=True) for other in notes[first:]]
        number = note.number
        if number is None or self._transposition:
            number = self._sounding(number, pitch, staff)
        values = (onset, duration, number, note.ties_on, note.tied_from, fermata, note.lyric)
        notes.append(tuple.__new__(Written, values))  # what its constructor calls, only quicker
        doubled = 0
        if self._transposition and staff in self._transposition:
            doubled = self._transposition[staff].doubled
        if doubled:
            notes.append(notes[-1]._replace(pitch=number + doubled, lyric=()))
        if (doubled or note.in_chord) and chord_staff == staff:
            lyric_to_highest(notes, first)

    def _time(
        self, note: NoteContent, is_alone: bool, measure: Measure, place: tuple[int, int]
    ) -> tuple[Ticks, Ticks]:
        """Return onset and duration of a note or rest, and advance past it."""
        written = duration = ticks(note.duration, self._divisions)
        if note.change is not None:
            duration = self._exact_duration(duration, note.element, note.change)
        if note.in_chord and self._chord is not None:
            return self._chord[0], duration
        position = self._position
        onset = position.exact
        self._chord = (onset, *place)
        if note.is_rest and onset == 0 and is_alone and self._is_whole_bar(note.element, duration):
            rested, duration = duration, self._whole_bar(note.element, duration, measure)
            measure.rested = max(measure.rested, min(rested, duration))
            measure.resting = max(measure.resting, duration)
            position.add(written, duration)
        elif note.is_rest and self._is_beyond(note.element, onset, duration):
            position.add(written, duration)
        else:
            position.add(written, duration)
            reached = position.exact
            if reached > measure.written:
                measure.written = reached
            if measure.written > measure.filled:
                measure.filled = measure.written
        return onset, duration

    def _is_whole_bar(self, note: Element, duration: Ticks) -> bool:
        """Whether a rest that is alone in its voice rests for the bar, however long that is."""
        kind = note.findtext("type")
        if note.find("rest[@measure='yes']") is not None:
            return True
        return kind is None or (
            kind == "whole" and self._bar_length is not None and duration >= self._bar_length
        )

    def _is_beyond(self, note: Element, onset: Ticks, duration: Ticks) -> bool:
        """Whether a whole-bar rest begins where the bar is full: that of a voice without a ``<backup>``."""
        full = self._bar_length
        return full is not None and onset >= full and duration >= full and note.find("type") is None

    def _whole_bar(self, note: Element, duration: Ticks, measure: Measure) -> Ticks:
        """The length of a whole-bar rest: the bar's, except where that may be incomplete."""
        if self._bar_length is None:
            return duration
        complete = not measure.incomplete and (
            not measure.at_sign or note.find("rest[@measure='yes']") is not None
        )
        return self._bar_length if complete or duration <= 0 else min(duration, self._bar_length)

    def _exact_duration(self, duration: Ticks, note: Element, change: Element) -> Ticks:
        """A tuplet's duration by its signs, where too few divisions made the number inexact."""
        actual, normal = integer(change, "actual-notes", 1), integer(change, "normal-notes", 1)
        if min(actual, normal) < 1:
            raise ReadError("bad_tuplet", f"{counted(actual, 'note')} in the time of {normal}")
        exact = tuplet_length(note, duration, actual, normal)
        gap = (exact - duration) * self._divisions
        return exact if exact and -TICKS_PER_QUARTER < gap < TICKS_PER_QUARTER else duration

    def _sounding(self, number: int | None, pitch: Element, staff: int) -> int:
        """The note number at sounding pitch; where there is none, the staff is at fault."""
        if number is None:
            try:
                number = note_number(pitch)
            except ReadError as error:
                self.faults.setdefault(staff, error)
                return 1
        return number + self._transposition[staff].semitones if staff in self._transposition else number

    def _attributes(self, attributes: Element, measure: Measure) -> None:
        self._divisions = divisions_of(attributes, self._divisions)
        self.n_staves = max(self.n_staves, min(integer(attributes, "staves", 1), MAX_STAVES))
        for clef in attributes.findall("clef"):
            number = clef.get("number", "1")
            staff = int(number) if re.fullmatch(r"[0-9]{1,3}", number) else 1
            self.clefs.setdefault(staff, set()).add(clef.findtext("sign", "").strip())
        for transpose in attributes.findall("transpose"):
            for staff in _staves_of(transpose):
                self._transposition[staff] = transposition_of(transpose)
        for key in attributes.findall("key"):
            self._key(key, measure)
        for time in attributes.findall("time"):
            self._meter(time, measure)

    def _key(self, key: Element, measure: Measure) -> None:
        written, possible = key_of(key, self._position.exact)
        for staff in _staves_of(key):
            fifths = self._transposition.get(staff, AS_WRITTEN).fifths
            measure.keys.setdefault(staff, []).append(at_sounding_pitch(written, fifths))
            measure.n_bad_keys[staff] += not possible

    def _meter(self, time: Element, measure: Measure) -> None:
        try:
            meter = meter_of(time)
        except ReadError:
            for staff in _staves_of(time):
                measure.n_bad_meters[staff] += 1
            meter = None
        self._bar_length = None if meter is None else times(4 * TICKS_PER_QUARTER, *meter)
        if meter is not None:
            written = WrittenMeter(self._position.exact, *meter)
            for staff in _staves_of(time):
                measure.meters.setdefault(staff, []).append(written)

    def _harmony(self, harmony: Element, measure: Measure) -> None:
        staff = min(max(integer(harmony, "staff", 1), 1), MAX_STAVES)
        onset = self._position.exact + offset_of(harmony, self._divisions)
        semitones = self._transposition.get(staff, AS_WRITTEN).semitones
        measure.chords.setdefault(staff, []).extend(
            ChordSign(max(onset, 0), text, harte) for text, harte in chords_of(harmony, semitones)
        )

    def _barline(self, barline: Element, measure: Measure) -> None:
        style = (barline.findtext("bar-style") or "regular").strip()
        plain = style == "regular" and barline.find("repeat") is None
        side = barline.get("location", "right")
        if side == "left":
            measure.plain = measure.plain and plain
        elif side == "right":
            self._closed_plainly = plain
        signs = measure.closing if side == "right" else measure.signs
        signs += barline_signs(barline, self._position.exact if side == "middle" else 0)


def _staves_of(element: Element) -> range:
    """The staves that an attribute is for: the one it names, or all."""
    number = element.get("number", "")
    if re.fullmatch(r"[0-9]{1,3}", number):
        return range(int(number), int(number) + 1)
    return range(1, MAX_STAVES + 1)
