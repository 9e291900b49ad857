"""music21 as a reference reader of MusicXML (10.5, the version of the project's lock file).

Its streams are read here directly, not by the project's reference reader, so that nothing
of the readers is shared: onsets and lengths are its own, ties are merged here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from tests.benchmarks.judging.notes import Note
from tests.benchmarks.judging.outcome import Cache, Mode
from tests.benchmarks.judging.xml_text import given_to_judges

TOLERANCE = Fraction(1, 960)  # its lengths are floats, or fractions of small denominators


class _Tied(NamedTuple):
    onset: Fraction
    end: Fraction
    pitch: int
    starts: bool
    stops: bool


def play(content: bytes, mode: Mode, cache: Cache) -> list[Note]:
    """The notes of a score.

    Raises:
        JudgeError: music21 fails on it.
    """
    given = given_to_judges(content)
    found = cache.result(f"music21-{mode}", given, lambda content: _read(content.decode(), mode))
    return [Note(Fraction(onset), Fraction(end), pitch) for onset, end, pitch in found]


def _read(text: str, mode: Mode) -> list[tuple[str, str, int]] | str:
    """Onset, end and pitch of each note, or why music21 fails."""
    from music21 import converter

    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            score: Any = converter.parseData(text, format="musicxml", forceSource=True)
            score.toSoundingPitch(inPlace=True)
            if mode == "played":
                score = score.expandRepeats()
            notes = [note for part in score.parts for note in _merged(list(_notes(part)))]
        except Exception as error:  # music21 raises whatever its insides raise
            return f"music21 fails: {type(error).__name__}: {str(error)[:80]}"
    return [(str(note.onset), str(note.end), note.pitch) for note in notes]


def _notes(part: Any) -> Iterator[_Tied]:
    from music21 import chord, harmony, note

    for element in part.flatten().notes:
        if isinstance(element, harmony.Harmony | note.Unpitched) or element.duration.isGrace:
            continue
        if not isinstance(element, note.Note | chord.Chord):
            continue  # percussion chords
        onset = Fraction(element.offset).limit_denominator(100000)
        end = onset + Fraction(element.quarterLength).limit_denominator(100000)
        for member in element.notes if isinstance(element, chord.Chord) else (element,):
            tie = member.tie.type if member.tie is not None else ""
            yield _Tied(
                onset, end, member.pitch.midi, tie in ("start", "continue"), tie in ("stop", "continue")
            )


def _merged(notes: list[_Tied]) -> Iterator[Note]:
    """A note with a tie and the note of its pitch that begins where it ends are one."""
    notes.sort(key=lambda tied: (tied.onset, not tied.stops))
    waiting: dict[tuple[int, Fraction], list[_Tied]] = {}
    for tied in notes:
        before = waiting.get((tied.pitch, tied.onset), [])
        if before:
            tied = tied._replace(onset=before.pop(0).onset)
        if tied.starts:
            waiting.setdefault((tied.pitch, tied.end), []).append(tied)
        else:
            yield Note(tied.onset, tied.end, tied.pitch)
    for left in waiting.values():
        yield from (Note(tied.onset, tied.end, tied.pitch) for tied in left)
