"""The measures of all parts put in their places, and their staves.

A measure is as long as the fullest part fills it, so that parts stay together where one
leaves a bar short; what is filled up there is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.barlines import BarLine, Kind
from pipeline.formats.readers.base.repeat_signs import Sign
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Staff, Ticks, Written
from pipeline.formats.readers.musicxml.measure import Measure
from pipeline.formats.readers.musicxml.part import PartReader


@dataclass
class ReadPart:
    """A part whose measures are read, or the error that left it unread."""

    name: str
    identifier: str
    reader: PartReader
    measures: list[Measure] = field(default_factory=list)
    error: ReadError | None = None

    @property
    def label(self) -> str:
        """A name for messages."""
        return self.name or self.identifier

    def errors(self) -> list[ReadError]:
        """Its errors with their place, in the order of its staves."""
        found = (
            [self.error]
            if self.error
            else [self.reader.faults[staff] for staff in sorted(self.reader.faults)]
        )
        return [error.at(f"part {self.identifier}") for error in found]


def bar_begins(parts: Sequence[Sequence[Measure]]) -> list[Ticks]:
    """Where each measure begins, and where the last one ends."""
    begins: list[Ticks] = [0]
    n_measures = max(map(len, parts), default=0)
    for place in range(n_measures):
        there = [measures[place] for measures in parts if place < len(measures)]
        is_end = place + 1 == n_measures and not any(measure.closing for measure in there)
        begins.append(begins[-1] + _length(there, is_end))
    return begins


def _length(there: Sequence[Measure], is_end: bool) -> Ticks:
    """The length of a measure from what all parts hold of it.

    Notes, rests and ``<forward>`` fill it; whole-bar rests do, too, where others leave it short of
    a bar. A measure that may be an upbeat is filled by the parts that sound in it alone, because the
    other parts are often given a rest of a whole bar there. An empty measure is a bar. A
    hidden rest after the last note of the piece is left out.
    """
    sounding = [measure for measure in there if measure.sounds]
    if is_end and sounding:
        return max(measure.written for measure in there)
    if sounding and any(measure.at_sign or measure.incomplete for measure in there):
        return max(measure.filled for measure in sounding)
    if any(measure.filled for measure in there):
        return max(max(measure.filled, measure.rested) for measure in there)
    length = max(measure.resting for measure in there)
    lengths = [measure.bar_length for measure in there if measure.bar_length is not None]
    return length or max(lengths, default=4 * TICKS_PER_QUARTER)


def staves(part: ReadPart, begins: Sequence[Ticks]) -> list[Staff]:
    """The staves of a part, its measures put in their places; those that cannot be read have a fault."""
    if part.error is not None:
        return [Staff(name=part.label, fault=part.error.rule)]
    reader = part.reader
    found: list[Staff] = []
    for number in range(1, reader.n_staves + 1):
        staff = _staff(part, number, begins)
        unpitched = reader.unpitched.get(number, {})
        label = part.label if reader.n_staves == 1 else f"{part.label}, staff {number}"
        if number in reader.faults:
            staff.name, staff.fault = label, reader.faults[number].rule
        elif (unpitched and not staff.notes) or reader.clefs.get(number) == {"percussion"}:
            staff.name, staff.fault = label, "percussion"
        elif unpitched:
            found += [
                Staff(f"{label}, unpitched notes of voice {voice}", fault="percussion") for voice in unpitched
            ]
        found.append(staff)
    return found


def _staff(part: ReadPart, number: int, begins: Sequence[Ticks]) -> Staff:
    staff = Staff(name=part.name, end=begins[len(part.measures)], lines=[])
    lines: list[BarLine] = []
    new = tuple.__new__  # what the constructor of a named tuple calls, only quicker
    for measure, begin, end in zip(part.measures, begins, begins[1:], strict=False):
        kind: Kind = "plain" if measure.plain else "sign"
        lines.append(BarLine(int(begin), kind))
        lines += [BarLine(int(begin + line), "plain") for line in measure.inner]
        staff.notes += [
            new(Written, (begin + onset, duration, pitch, ties_on, tied_from, phrase_end, lyric))
            for onset, duration, pitch, ties_on, tied_from, phrase_end, lyric in measure.notes.get(number, ())
        ]
        staff.n_uneven_bars += 0 < measure.filled < end - begin
        if measure.keys or measure.meters or measure.chords or measure.counts:
            _add_signs(staff, measure, number, begin)
    staff.lines = lines
    return staff


def _add_signs(staff: Staff, measure: Measure, number: int, begin: Ticks) -> None:
    """Add the signatures, chord symbols and counts of a measure to a staff."""
    staff.keys += [key._replace(onset=begin + key.onset) for key in measure.keys.get(number, ())]
    staff.meters += [meter.at(int(begin)) for meter in measure.meters.get(number, ())]
    for sign in measure.chords.get(number, ()):
        staff.add_chord(sign._replace(onset=begin + sign.onset))
    for (name, of_staff), n in measure.counts.items():
        if of_staff == number:
            setattr(staff, name, getattr(staff, name) + n)


def join_ties(found: Sequence[Staff]) -> None:
    """Move the end of a tie to the staff where it begins: both are one note of the part."""
    if len(found) < 2:
        return
    for home in found:
        for staff in found:
            if staff is not home:
                _take_over(home, staff)


def _take_over(home: Staff, other: Staff) -> None:
    """The notes of another staff that end a tie of this one, which has no such note itself."""
    open_ends = {(note.pitch, note.onset + note.duration) for note in home.notes if note.ties_on}
    if not open_ends:
        return
    wanted = open_ends - {(note.pitch, note.onset) for note in home.notes}
    if not wanted:
        return
    started = {(note.pitch, note.onset + note.duration) for note in other.notes if note.ties_on}
    taken: list[Written] = []
    for note in sorted(other.notes, key=lambda note: note.onset):
        place = (note.pitch, note.onset)
        if note.tied_from and place in wanted and place not in started:
            taken.append(note)
            wanted.discard(place)
            if note.ties_on:
                wanted.add((note.pitch, note.onset + note.duration))
    if taken:
        home.notes += taken
        moved = {id(note) for note in taken}
        other.notes = [note for note in other.notes if id(note) not in moved]


def repeat_signs(measures: Sequence[Measure], begins: Sequence[Ticks]) -> Iterator[Sign]:
    """The repeat signs of a part in their places.

    Raises:
        ReadError: ``bad_repeats``, a repeat without a number of times.
    """
    for measure, begin, end in zip(measures, begins, begins[1:], strict=False):
        for sign in (*measure.signs, *measure.closing):
            if sign.times < 0:
                raise ReadError("bad_repeats", "a repeat whose number of times is no number")
        yield from (sign._replace(onset=begin + sign.onset) for sign in measure.signs)
        yield from (sign._replace(onset=end) for sign in measure.closing)
