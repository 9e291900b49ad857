"""The notes and rests of a voice as note values: ties, tuplets and beams.

A quarter of m · 2^a steps, m odd and above 1, holds tuplets: m notes in the time of the
largest power of 2 below m. A quarter in which everything begins and ends on a multiple
of m steps is written without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple

from pipeline.core.music import SILENCE
from pipeline.formats.writers.layout import Layout, SoundingNote
from pipeline.formats.writers.time_signature import beats

NOTE_TYPES = (
    "whole",
    "half",
    "quarter",
    "eighth",
    "16th",
    "32nd",
    "64th",
    "128th",
    "256th",
    "512th",
    "1024th",
)
QUARTER = NOTE_TYPES.index("quarter")


class NoteValue(NamedTuple):
    """A duration that one note head shows: ``actual`` such notes take the time of ``normal``."""

    steps: int
    name: str
    dotted: bool = False
    actual: int = 1
    normal: int = 1

    @property
    def flags(self) -> int:
        """Flags of the note, or beams in their place: 1 for an eighth note."""
        return max(0, NOTE_TYPES.index(self.name) - QUARTER)


@dataclass(frozen=True)
class NotatedNote:
    """A note or rest of one bar as it is written.

    Attributes:
        onset: in steps.
        pitch: MIDI note number, 0 for a rest.
        value: how long it is.
        from_tie, to_tie: a tie leads to it, or away from it.
        beams: its role in each beam, the primary first: "begin", "continue",
            "end", "forward hook" or "backward hook"; empty for a flag or none.
        tuplet: the tuplet that it belongs to, by the step where that begins; None for none.
        edges: "start" where it begins its tuplet, "stop" where it ends it.
    """

    onset: int
    pitch: int
    value: NoteValue
    from_tie: bool
    to_tie: bool
    beams: tuple[str, ...] = ()
    tuplet: int | None = None
    edges: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """Where it ends, in steps."""
        return self.onset + self.value.steps


class _Span(NamedTuple):
    """The part of a sound that is written between two cuts; ``tuplet`` as in NotatedNote."""

    begin: int
    end: int
    sound: SoundingNote
    tuplet: int | None


class Rhythm:
    """Writes the bars of voices; the same for all voices of a score."""

    def __init__(self, layout: Layout, n_steps: int) -> None:
        self._layout = layout
        self._bars = layout.bars(n_steps)
        self._upbeat = layout.upbeat(n_steps)
        self._odd, self._fewer = _tuplet(layout.steps_per_quarter)
        self._plain = _values(layout.steps_per_quarter)
        self._uneven = _values(layout.steps_per_quarter, self._odd, self._fewer)
        steps = [4 * layout.steps_per_quarter * length for length in beats(layout.meter)]
        self._beats = list(accumulate(steps))

    def bars(self, sounds: Sequence[SoundingNote]) -> Iterator[list[NotatedNote]]:
        """The bars of one voice.

        Args:
            sounds: its notes and silences, without gaps between them.
        """
        waiting = list(sounds)[::-1]
        for begin, end in pairwise(self._bars):
            inside = []
            while waiting and waiting[-1].onset < end:
                inside.append(waiting.pop())
            if inside and inside[-1].onset + inside[-1].duration > end:
                waiting.append(inside[-1])
            yield self._beamed(self._notes(inside, begin, end), begin, end)

    def _notes(self, inside: Sequence[SoundingNote], begin: int, end: int) -> list[NotatedNote]:
        """The sounds of a bar as notes of simple values, without beams."""
        notes: list[NotatedNote] = []
        for span in self._spans(inside, begin, end):
            at, stop = span.sound.onset, span.sound.onset + span.sound.duration
            values = self._plain if span.tuplet is None else self._uneven
            begins = span.begin
            for value in _split(span.end - begins, values):
                sings = span.sound.pitch != SILENCE
                ties = sings and begins > at, sings and begins + value.steps < stop
                notes.append(NotatedNote(begins, span.sound.pitch, value, *ties, tuplet=span.tuplet))
                begins += value.steps
        return _with_edges(notes)

    def _spans(self, inside: Sequence[SoundingNote], begin: int, end: int) -> Iterator[_Span]:
        """The sounds of a bar, cut at its ends, at the mark, and around and inside tuplets."""
        mark = {self._layout.mark} if self._layout.mark is not None else set()
        borders = {*(sound.onset for sound in inside if sound.onset > begin), *mark, begin, end}
        tuplets = self._tuplets({step for step in borders if begin <= step <= end}, begin, end)
        cuts = sorted(mark.union(*tuplets))
        for sound in inside:
            first, last = max(sound.onset, begin), min(sound.onset + sound.duration, end)
            for start, stop in pairwise([first, *(cut for cut in cuts if first < cut < last), last]):
                tuplet = next((low for low, high in tuplets if low <= start and stop <= high), None)
                yield _Span(start, stop, sound, tuplet)

    def _tuplets(self, borders: set[int], begin: int, end: int) -> list[tuple[int, int]]:
        """Where the tuplets of a bar begin and end: the quarters with a border that plain notes miss."""
        if self._odd == 1:
            return []
        quarter = self._layout.steps_per_quarter
        shift = -(end - begin) % quarter if begin == 0 and self._upbeat else 0
        first = begin - shift
        needed = {(step - first) // quarter for step in borders if (step - first) % quarter % self._odd}
        edges = (
            (max(begin, first + number * quarter), min(end, first + (number + 1) * quarter))
            for number in sorted(needed)
        )
        return [(low, high) for low, high in edges if low < high]

    def _beamed(self, notes: list[NotatedNote], begin: int, end: int) -> list[NotatedNote]:
        """The same notes with beams: within a beat and a tuplet, between rests and longer notes."""
        shift = self._layout.bar - (end - begin) if begin == 0 and self._upbeat else 0
        beamed: list[NotatedNote] = []
        for (place, *_), group in groupby(notes, lambda note: self._beam_group(note, begin - shift)):
            together = list(group)
            beamed += _with_beams(together) if place is not None else together
        return beamed

    def _beam_group(self, note: NotatedNote, begin: int) -> tuple[int | None, int | None]:
        """The key that groups notes under one beam; (None, …) for a note without a beam."""
        if note.pitch == SILENCE or not note.value.flags:
            return None, note.onset
        bar, place = divmod(note.onset - begin, self._beats[-1])
        beat = next(number for number, border in enumerate(self._beats) if place < border)
        return bar * len(self._beats) + beat, note.tuplet


def _with_edges(notes: list[NotatedNote]) -> list[NotatedNote]:
    """The same, the first and last note of each tuplet marked."""
    marked = []
    for tuplet, group in groupby(notes, lambda note: note.tuplet):
        together = list(group)
        if tuplet is not None:
            together[0] = replace(together[0], edges=("start",))
            together[-1] = replace(together[-1], edges=(*together[-1].edges, "stop"))
        marked += together
    return marked


def _with_beams(notes: list[NotatedNote]) -> list[NotatedNote]:
    """Notes of one group under their beams; a note alone keeps its flag."""
    if len(notes) == 1:
        return notes
    flags = [0, *(note.value.flags for note in notes), 0]
    return [
        replace(note, beams=tuple(_beam(level, before, here, after) for level in range(here)))
        for note, before, here, after in zip(notes, flags, flags[1:], flags[2:], strict=False)
    ]


def _beam(level: int, before: int, here: int, after: int) -> str:
    """The role of a note in the beam of a level, 0 = primary, by the flags of its neighbours, 0 for none."""
    joins_before, joins_after = level < min(before, here), level < min(here, after)
    if joins_before:
        return "continue" if joins_after else "end"
    if joins_after:
        return "begin"
    return "backward hook" if before else "forward hook"


def _tuplet(steps_per_quarter: int) -> tuple[int, int]:
    """The odd number of notes of a tuplet and the number in whose time they are; (1, 1) for none."""
    odd = steps_per_quarter
    while odd % 2 == 0:
        odd //= 2
    return odd, 1 << (odd.bit_length() - 1)


def _values(steps_per_quarter: int, actual: int = 1, normal: int = 1) -> list[NoteValue]:
    """Note values that are whole numbers of steps, dotted ones included, the longest first."""
    found: dict[int, NoteValue] = {}
    for halvings, name in enumerate(NOTE_TYPES):
        for dotted, shares in ((False, 4), (True, 6)):
            steps, rest = divmod(shares * steps_per_quarter * normal, actual << halvings)
            if not rest and steps:
                found.setdefault(steps, NoteValue(steps, name, dotted, actual, normal))
    return sorted(found.values(), reverse=True)


def _split(steps: int, values: Sequence[NoteValue]) -> list[NoteValue]:
    """Few note values that make up a time, the longest first."""
    found, place = [], 0
    while steps:
        while values[place].steps > steps:
            place += 1
        found.append(values[place])
        steps -= values[place].steps
    return found
