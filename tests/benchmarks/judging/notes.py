"""Notes of a piece from a reference reader and from ours, and their comparison.

Conventions: times are exact quarter notes (``Fraction``) from the beginning of the
piece; pitch is the MIDI note number at sounding pitch. A piece is the multiset of
the notes of all its parts that have a pitch. Two notes are equal when their pitches
are, and when onsets and ends differ by at most a tolerance, which is the
resolution of the judge's own ticks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from pipeline.core.music import TICKS_PER_QUARTER, Piece

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")


class Note(NamedTuple):
    """One sounding note, ties merged.

    Attributes:
        onset, end: in quarters.
        pitch: MIDI note number.
    """

    onset: Fraction
    end: Fraction
    pitch: int


def notes_of(piece: Piece) -> list[Note]:
    """The notes of all parts."""
    return [
        Note(Fraction(onset, TICKS_PER_QUARTER), Fraction(onset + duration, TICKS_PER_QUARTER), pitch)
        for part in piece.parts
        for onset, duration, pitch in zip(
            part.onset.tolist(), part.duration.tolist(), part.pitch.tolist(), strict=True
        )
    ]


def without_unisons(notes: Iterable[Note]) -> list[Note]:
    """One note where several of one pitch sound at once, as on one key of a piano.

    Notes of one pitch that overlap become one, from the first onset to the last end; notes
    that touch stay apart. A MIDI channel cannot hold more, so where the judge writes MIDI
    both sides of a comparison are brought to this form.

    >>> [tuple(map(int, note)) for note in without_unisons([Note(0, 4, 60), Note(2, 5, 60), Note(5, 6, 60)])]
    [(0, 5, 60), (5, 6, 60)]
    """
    by_pitch: dict[int, list[Note]] = defaultdict(list)
    for note in sorted(notes):
        same = by_pitch[note.pitch]
        if same and same[-1].end > note.onset:
            same[-1] = same[-1]._replace(end=max(same[-1].end, note.end))
        else:
            same.append(note)
    return [note for same in by_pitch.values() for note in same]


def first_difference(ours: Sequence[Note], theirs: Sequence[Note], tolerance: Fraction) -> str:
    """The first note that only one side has, or that both have with other times; "" where all agree.

    >>> one, long = Note(Fraction(1), Fraction(2), 60), Note(Fraction(1), Fraction(3), 60)
    >>> first_difference([one], [long], Fraction(0))
    'C4 at 1 to 2, the judge: to 3'
    """
    unpaired = [(note, "ours") for note in ours] + [(note, "theirs") for note in theirs]
    waiting: dict[int, dict[str, list[Note]]] = defaultdict(lambda: {"ours": [], "theirs": []})
    for note, side in sorted(unpaired):
        waiting[note.pitch][side].append(note)
    found: list[tuple[Fraction, str]] = []
    for sides in waiting.values():
        found += _differences(sides["ours"], sides["theirs"], tolerance)
    return min(found)[1] if found else ""


def _differences(ours: list[Note], theirs: list[Note], tolerance: Fraction) -> list[tuple[Fraction, str]]:
    """The first difference among the notes of one pitch, if any."""
    for mine, judged in zip(ours, theirs, strict=False):
        if abs(mine.onset - judged.onset) > tolerance:
            early, side = (mine, "ours") if mine.onset < judged.onset else (judged, "the judge")
            return [(early.onset, f"{_name(early)}, only {side}")]
        if abs(mine.end - judged.end) > tolerance:
            return [(mine.onset, f"{_name(mine)}, the judge: to {_time(judged.end)}")]
    longer, side = (ours, "ours") if len(ours) > len(theirs) else (theirs, "the judge")
    rest = longer[min(len(ours), len(theirs)) :]
    return [(rest[0].onset, f"{_name(rest[0])}, only {side}")] if rest else []


def _name(note: Note) -> str:
    name = f"{NAMES[note.pitch % 12]}{note.pitch // 12 - 1}"
    return f"{name} at {_time(note.onset)} to {_time(note.end)}"


def _time(quarters: Fraction) -> str:
    whole, rest = divmod(quarters, 1)
    return f"{whole}" if rest == 0 else f"{whole}+{rest}" if whole else f"{rest}"
