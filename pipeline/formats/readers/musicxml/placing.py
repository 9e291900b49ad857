"""Place the notes and rests of a part in its measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from pipeline.core.text import counted
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Ticks, Written
from pipeline.formats.readers.musicxml.measure import Measure, Placed
from pipeline.formats.readers.musicxml.note import Body, Head, NoteContent, staff_number
from pipeline.formats.readers.musicxml.position import Position
from pipeline.formats.readers.musicxml.values import (
    Transposition,
    exact_duration,
    integer,
    note_number,
    plays_percussion,
    ticks,
)

PITCH: Final = 2  # the places of these in a note
FERMATA: Final = 5
LYRIC: Final = 6


class NotePlacer:
    """The state of a part that its notes depend on.

    Args:
        percussion: the instruments whose notes have no pitch; see :func:`percussion_of`.
        bar_length: of the time signature; None if there is none.

    Attributes:
        n_staves: how many staves the part has so far.
        faults: the first error of each staff with notes that no MIDI number names.
        unpitched: voices of each staff that hold notes without pitch.
        divisions: of a quarter note.
        transposition: by staff.
        position: in the current measure.
    """

    def __init__(self, percussion: frozenset[str], bar_length: Ticks | None) -> None:
        self.n_staves = 1
        self.faults: dict[int, ReadError] = {}
        self.unpitched: dict[int, dict[str, None]] = {}
        self.divisions: Ticks = 1
        self.transposition: dict[int, Transposition] = {}
        self.bar_length = bar_length
        self._percussion = percussion
        self.begin_measure()

    def begin_measure(self) -> None:
        """Go to the beginning of the next measure."""
        self.position = Position()
        self._chord: tuple[Ticks, int, int] | None = None  # onset, staff, place of its first note

    def place(self, run: Sequence[NoteContent], is_alone: bool, measure: Measure) -> None:
        """Place notes and rests that follow each other.

        Args:
            is_alone: whether the rest among them is all that its voice holds in the measure.

        Raises:
            ReadError: an invalid time or number.
        """
        if self._percussion or self.transposition:
            for note in run:
                self._place_any(note, is_alone, measure)
            return
        position, divisions = self.position, self.divisions
        onset: Ticks = 0
        reached: Ticks = 0
        current, notes = 0, list[Placed]()  # the staff of the note before, and its notes
        is_bare = False  # whether the chord began here, with neither fermata nor lyric
        for note in run:
            sound = note.sound
            if sound is None or (sound[0] and not (is_bare and sound[1])):
                measure.fill(reached)
                self._place_any(note, is_alone, measure)
                is_bare = False
                continue
            in_chord, is_bare, staff, text, change, values = sound
            if staff != current:
                current, notes = staff, self._notes_of(staff, measure)
            written = duration = ticks(text, divisions)
            if change is not None:
                duration = self._exact_duration(duration, note.body, change)
            if not in_chord:
                onset = position.exact
                self._chord = (onset, staff, len(notes))
                reached = position.add(written, duration)
            if values is not None:
                if duration <= 0:
                    raise _no_duration(duration)
                notes.append((onset, duration) + values)  # noqa: RUF005 (three times as quick)
        measure.fill(reached)

    def _notes_of(self, staff: int, measure: Measure) -> list[Placed]:
        if staff > self.n_staves:
            self.n_staves = staff
        return measure.notes.setdefault(staff, [])

    def _place_any(self, note: NoteContent, is_alone: bool, measure: Measure) -> None:
        """Place a note or rest of any kind."""
        head, body, lyric, _ = note
        staff = body.staff or staff_number(body.element)
        self.n_staves = max(self.n_staves, staff)
        if head.is_grace:
            measure.count("n_grace", staff, not head.is_rest)
            measure.count("n_lost_syllables", staff, note.has_syllable)
            return
        notes = self._notes_of(staff, measure)
        onset, duration = self._time(head, body, is_alone, measure, (staff, len(notes)))
        pitch = head.pitch
        if head.is_unpitched or (
            pitch is not None and self._percussion and plays_percussion(body.element, self._percussion)
        ):
            self.unpitched.setdefault(staff, {})[body.voice] = None
            pitch = None
        if pitch is None or head.is_cue:
            measure.count("n_lost_syllables", staff, note.has_syllable)
            return
        if duration <= 0:
            raise _no_duration(duration)
        _, chord_staff, first = self._chord or (0, staff, len(notes))
        fermata = body.has_fermata
        if first < len(notes) and chord_staff == staff:
            chord_has_one = notes[first][FERMATA]
            fermata = fermata or chord_has_one
            if fermata and not chord_has_one:
                notes[first:] = [Written(*other)._replace(phrase_end=True) for other in notes[first:]]
        number = head.number
        if number is None or self.transposition:
            number = self._sounding(number, pitch, staff)
        notes.append((onset, duration, number, body.ties_on, body.tied_from, fermata, lyric))
        doubled = self.transposition[staff].doubled if staff in self.transposition else 0
        if doubled:
            notes.append((onset, duration, number + doubled, body.ties_on, body.tied_from, fermata, ()))
        if (doubled or head.in_chord) and chord_staff == staff:
            _lyric_to_highest(notes, first)

    def _time(
        self, head: Head, body: Body, is_alone: bool, measure: Measure, place: tuple[int, int]
    ) -> tuple[Ticks, Ticks]:
        """Return onset and duration of a note or rest, and advance past it."""
        written = duration = ticks(head.duration, self.divisions)
        if body.change is not None:
            duration = self._exact_duration(duration, body, body.change)
        if head.in_chord and self._chord is not None:
            return self._chord[0], duration
        position = self.position
        onset = position.exact
        self._chord = (onset, *place)
        if head.is_rest and onset == 0 and is_alone and self._is_whole_bar(head, body, duration):
            rested, duration = duration, self._whole_bar(head, duration, measure)
            measure.rested = max(measure.rested, min(rested, duration))
            measure.resting = max(measure.resting, duration)
            position.add(written, duration)
        elif head.is_rest and self._is_beyond(body, onset, duration):
            position.add(written, duration)
        else:
            position.add(written, duration)
            measure.fill(position.exact)
        return onset, duration

    def _is_whole_bar(self, head: Head, body: Body, duration: Ticks) -> bool:
        """Whether a rest that is alone in its voice rests for the bar, however long that is."""
        if head.fills_bar or body.kind is None:
            return True
        return body.kind == "whole" and self.bar_length is not None and duration >= self.bar_length

    def _is_beyond(self, body: Body, onset: Ticks, duration: Ticks) -> bool:
        """Whether a whole-bar rest begins where the bar is full: that of a voice without a ``<backup>``."""
        full = self.bar_length
        return full is not None and onset >= full and duration >= full and body.kind is None

    def _whole_bar(self, head: Head, duration: Ticks, measure: Measure) -> Ticks:
        """The length of a whole-bar rest: the bar's, except where that may be incomplete."""
        if self.bar_length is None:
            return duration
        complete = not measure.incomplete and (not measure.at_sign or head.fills_bar)
        return self.bar_length if complete or duration <= 0 else min(duration, self.bar_length)

    def _exact_duration(self, duration: Ticks, body: Body, change: Element) -> Ticks:
        """A tuplet's duration by its signs, where too few divisions made the number inexact."""
        actual, normal = integer(change, "actual-notes", 1), integer(change, "normal-notes", 1)
        if min(actual, normal) < 1:
            raise ReadError("bad_tuplet", f"{counted(actual, 'note')} in the time of {normal}")
        return exact_duration(duration, self.divisions, body.kind, body.n_dots, actual, normal)

    def _sounding(self, number: int | None, pitch: Element, staff: int) -> int:
        """The note number at sounding pitch; where there is none, the staff is at fault."""
        if number is None:
            try:
                number = note_number(pitch)
            except ReadError as error:
                self.faults.setdefault(staff, error)
                return 1
        return number + self.transposition[staff].semitones if staff in self.transposition else number


def _no_duration(duration: Ticks) -> ReadError:
    return ReadError("bad_duration", f"a note of duration {duration}; durations are positive")


def _lyric_to_highest(notes: list[Placed], first: int) -> None:
    """Move the lyric of a chord, the notes from ``first`` on, to its highest note; others keep their own."""
    carrier = next((place for place in range(first, len(notes)) if notes[place][LYRIC]), None)
    if carrier is None:
        return
    highest = max(range(first, len(notes)), key=lambda place: notes[place][PITCH])
    if carrier != highest and not notes[highest][LYRIC]:
        lyric = notes[carrier][LYRIC]
        notes[carrier] = Written(*notes[carrier])._replace(lyric=())
        notes[highest] = Written(*notes[highest])._replace(lyric=lyric)
