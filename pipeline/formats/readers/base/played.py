"""Unfold a staff: its notes, signatures and bar lines along the played segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TypeVar

from pipeline.core.music import Meter
from pipeline.formats.readers.base.barlines import BarLine
from pipeline.formats.readers.base.lyrics import Lyric, first_verse
from pipeline.formats.readers.base.staff import ChordSign, KeySign, Staff, Ticks, Written

Segment = tuple[Ticks, Ticks]  # begin and end, written time
Timed = TypeVar("Timed", Meter, KeySign, ChordSign)


def play(staff: Staff, segments: Sequence[Segment]) -> Staff:
    """The unfolded staff.

    A note that crosses the end of a segment is cut there. A tie over a jump back, to the beginning
    of a repeat or to a segno, leads to a note only if a tie ends there as written; otherwise the
    note is struck again. Both are counted.
    """
    if not segments or (len(segments) == 1 and segments[0][0] == 0 and segments[0][1] >= staff.end):
        return staff
    lines: list[BarLine] | None = None if staff.lines is None else []
    played = replace(staff, end=0, notes=[], meters=[], keys=[], chords={}, lines=lines)
    chords = [staff.chords[onset] for onset in sorted(staff.chords)]
    verses = _Verses([note.lyric for note in staff.notes])
    now: Ticks = 0
    following = [begin for begin, _ in segments[1:]]
    for (begin, stop), target in zip_longest(segments, following):
        shift = now - begin
        notes = verses.sung(_cut(staff, begin, stop, played))
        if target is not None and target < stop:
            notes = _untied(notes, staff, stop, target, played)
        played.notes += [note._replace(onset=note.onset + shift) for note in notes]
        played.meters += [
            Meter(int(max(meter.onset, begin) + shift), meter.numerator, meter.denominator)
            for meter in _in_force(staff.meters, begin, stop)
        ]
        played.keys += [
            key._replace(onset=max(key.onset, begin) + shift) for key in _in_force(staff.keys, begin, stop)
        ]
        for chord in _in_force(chords, begin, stop):
            onset = max(chord.onset, begin) + shift
            played.chords[onset] = chord._replace(onset=onset)
        if played.lines is not None:
            played.lines += _lines(staff.lines or (), begin, stop, shift)
        if staff.end > begin:
            played.end = now + min(stop, staff.end) - begin
        now += stop - begin
    return played


class _Verses:
    """The verse that is used each time a note is played.

    The first time it is the first verse of the staff, the second time the second verse if the
    played segment has one; otherwise the first verse again.
    """

    def __init__(self, lyrics: Sequence[Lyric]) -> None:
        self.first = first_verse(lyrics)
        self.visits = Counter[tuple[Ticks, int]]()

    def sung(self, notes: list[Written]) -> list[Written]:
        """The notes of the next segment, each with the syllable of one verse."""
        first = self.first
        if first is None:
            return notes
        self.visits.update({(note.onset, note.pitch) for note in notes})
        verses = [first + self.visits[note.onset, note.pitch] - 1 for note in notes]
        there = {place for note in notes for place, text in enumerate(note.lyric) if text}
        return [
            note._replace(lyric=note.lyric[at : at + 1])
            for note, verse in zip(notes, verses, strict=True)
            for at in (verse if verse in there else first,)
        ]


def _cut(staff: Staff, begin: Ticks, stop: Ticks, played: Staff) -> list[Written]:
    """The notes that begin in a segment, cut at its end."""
    notes = []
    for note in staff.notes:
        if begin <= note.onset < stop:
            if note.onset + note.duration > stop:
                played.n_cut += 1
                note = note._replace(duration=stop - note.onset, ties_on=False)
            notes.append(note)
    return notes


def _untied(notes: list[Written], staff: Staff, stop: Ticks, target: Ticks, played: Staff) -> list[Written]:
    """The notes of a segment that a jump back follows: no tie leads to a note that begins without one."""
    tied = {note.pitch for note in staff.notes if note.onset == target and note.tied_from}
    cut = [note.ties_on and note.onset + note.duration == stop and note.pitch not in tied for note in notes]
    played.n_cut += sum(cut)
    return [note._replace(ties_on=False) if ends else note for note, ends in zip(notes, cut, strict=True)]


def _in_force(written: Sequence[Timed], begin: Ticks, stop: Ticks) -> list[Timed]:
    """The last element before a segment, and the elements inside it."""
    before = [item for item in written if item.onset <= begin][-1:]
    return before + [item for item in written if begin < item.onset < stop]


def _lines(lines: Sequence[BarLine], begin: Ticks, stop: Ticks, shift: Ticks) -> list[BarLine]:
    """The bar lines of a segment.

    There is a sign at its begin, unless there is a plain bar line; the beginning of the
    piece has none, because its first bar may be incomplete.
    """
    plain = begin > 0 and any(line.onset == int(begin) and line.kind == "plain" for line in lines)
    played = [BarLine(int(begin + shift), "plain" if plain else "sign")]
    played += [BarLine(int(line.onset + shift), line.kind) for line in lines if begin < line.onset < stop]
    return played
