"""Chord symbols over the scores of the page, and block chords to play with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from pipeline.core.chords import UNKNOWN_CHORD, chord_of, name_of
from pipeline.formats.writers.harmony import block_chord, write_harmony
from pipeline.report.scores import TRUTH, PlayableScore

Changes = Sequence[tuple[int, str]]  # (step, chord in Harte's syntax)

QUALITIES = {
    "major": "maj",
    "minor": "min",
    "diminished": "dim",
    "dominant seventh": "7",
    "major seventh": "maj7",
    "minor seventh": "min7",
    "half-diminished seventh": "hdim7",
    "diminished seventh": "dim7",
}
BASSES = {"6": 1, "65": 1, "64": 2, "43": 2, "42": 3}  # figured bass: the note in the bass, in thirds
FLATTEST = -4  # roots from Ab to C# in C major, on the line of fifths
FLATTEST_DIMINISHED = -1  # diminished chords are mostly on leading tones: from F to A#


def chords_of(figures: Sequence[Mapping[str, Any]], key_fifths: int) -> list[tuple[int, str]]:
    """Chords of a harmonization, ``{step, root, quality, figure}`` of an evaluation, in Harte's syntax.

    Args:
        figures: roots are pitch classes.
        key_fifths: of the key signature, which decides how roots are spelled.
    """
    chords = []
    for found in figures:
        diminished = "dim" in QUALITIES[found["quality"]]
        flattest = key_fifths + (FLATTEST_DIMINISHED if diminished else FLATTEST)
        root = name_of((7 * found["root"] - flattest) % 12 + flattest)
        chord = chord_of(root, QUALITIES[found["quality"]]).inverted(BASSES.get(found["figure"], 0))
        chords.append((found["step"], str(chord)))
    return chords


def key_fifths_of(musicxml: str) -> int:
    """Sharps or flats of the key signature of a score; 0 for none."""
    return int(ElementTree.fromstring(musicxml.encode()).findtext(".//key/fifths", "0"))


def lead_sheet(musicxml: str, changes: Changes, steps_per_quarter: int) -> str:
    """The top part of a score with chord symbols over it."""
    root = ElementTree.fromstring(with_symbols(musicxml, changes, steps_per_quarter).encode())
    for part in root.findall("part")[1:]:
        root.remove(part)
    parts = root.find("part-list")
    for entry in list(parts if parts is not None else ()):
        if parts is not None and entry is not parts.find("score-part"):
            parts.remove(entry)
    return ElementTree.tostring(root, encoding="unicode")


def with_symbols(musicxml: str, changes: Changes, steps_per_quarter: int) -> str:
    """A score with chord symbols over its top part.

    Args:
        musicxml: a score of this project's writer, without backups in the top part.
        changes: chords at their steps, in order.
        steps_per_quarter: grid of the steps.
    """
    root = ElementTree.fromstring(musicxml.encode())
    divisions = int(root.findtext(".//divisions", "1"))
    waiting = [(step * divisions // steps_per_quarter, chord) for step, chord in changes]
    begin = 0
    for measure in root.iterfind("part[1]/measure"):
        for note in measure.findall("note"):
            end = begin + (0 if note.find("chord") is not None else int(note.findtext("duration", "0")))
            while waiting and waiting[0][0] < end:
                onset, chord = waiting.pop(0)
                _insert(measure, note, chord, onset - begin)
            begin = end
    return ElementTree.tostring(root, encoding="unicode")


def _insert(measure: Element, note: Element, chord: str, offset: int) -> None:
    n_children = len(measure)
    write_harmony(measure, chord, offset)
    for symbol in list(measure)[n_children:]:
        measure.remove(symbol)
        measure.insert(list(measure).index(note), symbol)


def with_block_chords(score: PlayableScore, changes: Changes, steps_per_quarter: int) -> PlayableScore:
    """A score that also plays its chords, each until the next; chords have no drawing of their own."""
    end = max((note[1] for note in score.notes), default=0.0)
    onsets = [*(step / steps_per_quarter for step, _ in changes), end]
    sounding = [
        (begin, stop, pitch, 1, TRUTH, ())
        for (_, chord), (begin, stop) in zip(changes, pairwise(onsets), strict=True)
        if stop > begin and chord != UNKNOWN_CHORD
        for pitch in block_chord(chord)
    ]
    return replace(score, notes=[*score.notes, *sounding])
