"""One measure of one part: what is written in it, counted from its beginning.

The length of a measure depends on all parts together; see :mod:`bars`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from pipeline.core.music import TICKS_PER_QUARTER, Meter
from pipeline.formats.readers.base.lyrics import Lyric
from pipeline.formats.readers.base.repeat_signs import Kind, Sign
from pipeline.formats.readers.base.staff import ChordSign, KeySign, Ticks
from pipeline.formats.readers.musicxml.note import NoteContent

# a note: the fields of Written, counted from the beginning of the measure
Placed = tuple[Ticks, Ticks, int, bool, bool, bool, Lyric]
_TIMED = ("keys", "meters", "chords")  # lists of each staff
_END: tuple[Element, Sequence[NoteContent]] = (Element("backup"), ())  # a measure ends like a voice


class WrittenMeter(NamedTuple):
    """A time signature inside a measure."""

    onset: Ticks
    numerator: int
    denominator: int

    def at(self, begin: int) -> Meter:
        """The same, counted from the beginning of the piece."""
        return Meter(begin + int(self.onset), self.numerator, self.denominator)


class PrintedMark(NamedTuple):
    """A sign of a jump that is printed without a ``<sound>``: its kind, and the words or symbol."""

    kind: Kind
    text: str


@dataclass(slots=True)
class Measure:
    """A measure; notes, keys, meters, chord symbols and counts by the number of the staff.

    Attributes:
        written: how far its notes and rests reach; whole-bar rests do not count.
        filled: the same, or how far ``<forward>`` reaches.
        rested: the duration of its longest whole-bar rest, a bar at most.
        resting: the length of the bar by that rest, whatever its duration.
        bar_length: from the time signature; None if there is none.
        incomplete: whether it is numbered as an upbeat, or as half of a bar that a repeat sign divides.
        at_sign: whether it is the first one, is next to a double bar or repeat sign, or changes the
            key or the meter: it may be an upbeat, too.
        plain: whether it begins with one plain bar line.
        signs, closing: repeat signs counted from its beginning, and those at its end.
        marks: jumps in words or symbols alone.
        tempi: onset and quarter notes per minute of each tempo.
        inner: bar lines inside, of a measure joined from several.
        counts: by the name of a field of :class:`Staff` and the number of the staff. ``n_lost_syllables`` are
            those of the first verse, on rests, grace notes and cue notes.
    """

    written: Ticks = 0
    filled: Ticks = 0
    rested: Ticks = 0
    resting: Ticks = 0
    bar_length: Ticks | None = 4 * TICKS_PER_QUARTER
    incomplete: bool = False
    at_sign: bool = False
    plain: bool = True
    notes: dict[int, list[Placed]] = field(default_factory=dict)
    keys: dict[int, list[KeySign]] = field(default_factory=dict)
    meters: dict[int, list[WrittenMeter]] = field(default_factory=dict)
    chords: dict[int, list[ChordSign]] = field(default_factory=dict)
    counts: dict[tuple[str, int], int] = field(default_factory=dict)
    signs: list[Sign] = field(default_factory=list)
    closing: list[Sign] = field(default_factory=list)
    marks: list[PrintedMark] = field(default_factory=list)
    tempi: list[tuple[Ticks, Fraction]] = field(default_factory=list)
    inner: list[Ticks] = field(default_factory=list)

    def count(self, name: str, staff: int, n: int = 1) -> None:
        """Add to a count of a staff."""
        if n:
            self.counts[name, staff] = self.counts.get((name, staff), 0) + n

    def fill(self, reached: Ticks) -> None:
        """Note how far a note or rest reaches."""
        if reached > self.written:
            self.written = reached
            if reached > self.filled:
                self.filled = reached

    @property
    def length(self) -> Ticks:
        """How long it is by what it holds alone."""
        return max(self.filled, self.rested) or self.resting or self.bar_length or 4 * TICKS_PER_QUARTER

    @property
    def sounds(self) -> bool:
        """Whether it holds a note."""
        return any(self.notes.values())


def is_own(element: Element) -> bool:
    """Whether the bar line before a measure is one of its part alone, in music of several meters at once."""
    return element.get("non-controlling") == "yes"


def is_continued(element: Element) -> bool:
    """Whether a measure is one without a number of its own: "X1", "4a", or ``implicit``."""
    if is_own(element):
        return False
    return element.get("implicit") == "yes" or not element.get("number", "1").isdigit()


def joined(first: Measure, second: Measure) -> Measure:
    """Two measures as one, so that its part is divided as all others are."""
    begin = first.length
    rests = not (first.filled or second.filled)
    bar_length = None if second.bar_length is None else begin + second.bar_length
    both = replace(
        first,
        written=begin + second.written if second.written else first.written,
        filled=0 if rests else begin + second.length,
        rested=begin + second.rested if rests else 0,
        resting=begin + second.length if rests else 0,
        bar_length=bar_length,
        signs=first.signs
        + [sign._replace(onset=begin) for sign in first.closing]
        + _later(second.signs, begin),
        closing=second.closing,
        marks=first.marks + second.marks,
        tempi=first.tempi + [(begin + onset, tempo) for onset, tempo in second.tempi],
        inner=[*first.inner, begin, *(begin + line for line in second.inner)],
    )
    for (name, staff), n in second.counts.items():
        both.count(name, staff, n)
    for staff, notes in second.notes.items():
        later = [(begin + note[0], *note[1:]) for note in notes]
        both.notes[staff] = [*both.notes.get(staff, ()), *later]
    for name in _TIMED:
        of_staves = getattr(both, name)
        for staff, found in getattr(second, name).items():
            of_staves[staff] = [*of_staves.get(staff, ()), *_later(found, begin)]
    return both


def _later(found: Iterable[Any], begin: Ticks) -> list[Any]:
    return [each._replace(onset=begin + each.onset) for each in found]


def lone_rests(children: Sequence[tuple[Element, Sequence[NoteContent]]]) -> set[int]:
    """The places of the runs of notes with a rest that is all that a voice holds in a measure.

    Args:
        children: what the measure holds in order, each with its run of notes if it has one.
    """
    found: set[int] = set()
    candidate, n_held = -1, 0
    for place, (child, run) in enumerate((*children, _END)):
        if child.tag == "backup":
            if n_held == 1 and candidate >= 0:
                found.add(candidate)
            candidate, n_held = -1, 0
        elif child.tag == "forward":
            n_held += 1
        for note in run:
            if n_held > 1:
                break
            if not note.head.is_grace:
                n_held += 1
                candidate = place if note.head.is_rest else -1
    return found
