"""Rewritings of the notes and rests of a MusicXML score: the same music in another notation, or less."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tests.benchmarks.judging.xml_bars import (
    common_divisions,
    divided,
    length_of,
    length_of_type,
    merge_gaps,
    rests,
)
from tests.benchmarks.judging.xml_text import TYPES

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class _Timed(NamedTuple):
    onset: Fraction
    end: Fraction
    pitch: int
    element: Element


def exact_ties(root: Element) -> None:
    """Both ends of each tie whose notes touch; no others.

    A tie leads from a note to the note of its pitch in the same part that begins where it ends.
    """
    lengths = [[length_of(*bar) for bar in divided(part)] for part in root.iterfind("part")]
    for part in root.iterfind("part"):
        notes = list(_timed(part, lengths))
        begins: dict[tuple[int, Fraction], list[Element]] = {}
        for note in notes:
            begins.setdefault((note.pitch, note.onset), []).append(note.element)
        claimed: set[Element] = set()
        for note in sorted((note for note in notes if "start" in _ties(note.element)), key=lambda n: n.onset):
            there = [other for other in begins.get((note.pitch, note.end), ()) if other not in claimed]
            there.sort(key=lambda element: "stop" not in _ties(element))
            if there:
                claimed.add(there[0])
            else:
                cut_ties(note.element, "start")
        for note in notes:
            if note.element not in claimed:
                cut_ties(note.element, "stop")
            elif "stop" not in _ties(note.element):
                _end_tie(note.element)


def _timed(part: Element, lengths: list[list[Fraction]]) -> Iterator[_Timed]:
    """The notes of a part; a bar is as long as in the part that has most in it."""
    begin = Fraction(0)
    for number, (measure, divisions) in enumerate(divided(part)):
        place = onset = Fraction(0)
        for element in measure:
            duration = Fraction(element.findtext("duration") or 0) / divisions
            if element.tag == "backup":
                place -= duration
                continue
            if element.find("chord") is None and element.tag in ("note", "forward"):
                onset, place = place, place + duration
            if element.tag == "note" and element.find("pitch") is not None and duration:
                yield _Timed(begin + onset, begin + onset + duration, number_of(element), element)
        begin += max(bars[number] for bars in lengths if number < len(bars))


def number_of(note: Element) -> int:
    """The MIDI note number as written."""
    alter = Fraction(note.findtext("pitch/alter") or 0)
    octave = int(note.findtext("pitch/octave") or 4)
    return 12 * (octave + 1) + STEPS[(note.findtext("pitch/step") or "C").strip()] + int(alter)


def _ties(note: Element) -> set[str]:
    return {tie.get("type", "") for path in ("tie", "notations/tied") for tie in note.iterfind(path)}


def cut_ties(note: Element, kind: str) -> None:
    """Remove the ties of a note of one kind, ``start`` or ``stop``."""
    for parent in (note, *note.iterfind("notations")):
        for tie in [tie for tie in parent if tie.tag in ("tie", "tied") and tie.get("type") == kind]:
            parent.remove(tie)


def _end_tie(note: Element) -> None:
    tags = [child.tag for child in note]
    note.insert(tags.index("duration") + 1, Element("tie", type="stop"))
    notations = note.find("notations")
    if notations is None:
        notations = ElementTree.SubElement(note, "notations")
    notations.insert(0, Element("tied", type="stop"))


def spell_hidden_rests(root: Element) -> None:
    """Rests for what ``<forward>`` passes over, in the voice of the note that follows or precedes."""
    common_divisions(root)
    for part in root.iterfind("part"):
        for measure, divisions in list(divided(part)):
            merge_gaps(measure)
            for place, element in reversed(list(enumerate(measure))):
                home = _neighbour(list(measure), place) if element.tag == "forward" else None
                if home is not None:
                    given = {name: home.findtext(name) for name in ("voice", "staff")}
                    gap = Fraction(element.findtext("duration") or 0) / divisions
                    measure[place : place + 1] = rests(gap, divisions, given)


def _neighbour(elements: list[Element], place: int) -> Element | None:
    """The note right after or before a gap, passing over directions."""
    for side in (elements[place + 1 :], reversed(elements[:place])):
        found = next((element for element in side if element.tag in ("note", "backup")), None)
        if found is not None and found.tag == "note":
            return found
    return None


def rests_by_type(root: Element) -> None:
    """A rest is as long as its type, where its duration contradicts it; not those of whole bars."""
    common_divisions(root)
    for part in root.iterfind("part"):
        for measure, divisions in list(divided(part)):
            for note in measure.iterfind("note"):
                rest, length, duration = note.find("rest"), length_of_type(note), note.find("duration")
                if rest is None or length is None or duration is None or rest.get("measure") == "yes":
                    continue
                duration.text = str(length * divisions)


def types_by_duration(root: Element) -> None:
    """The type of each note is that of its duration, where one type has that."""
    for part in root.iterfind("part"):
        for measure, divisions in list(divided(part)):
            for note in measure.iterfind("note"):
                duration = Fraction(note.findtext("duration") or 0) / divisions
                length = length_of_type(note)
                plain = [kind for place, kind in enumerate(TYPES) if duration == Fraction(8, 2**place)]
                kind = note.find("type")
                if length is None or kind is None or length == duration or not plain:
                    continue
                for child in [child for child in note if child.tag in ("dot", "time-modification", "beam")]:
                    note.remove(child)
                kind.text = plain[0]


def without_unpitched(root: Element) -> None:
    """A rest for each note without pitch."""
    for note in root.iter("note"):
        for place, child in enumerate(list(note)):
            if child.tag == "unpitched":
                note[place] = Element("rest")


def without_accidentals(root: Element) -> None:
    """No accidental and no accidental mark: ``<alter>`` is what sounds."""
    for parent in root.iter():
        for child in [child for child in parent if child.tag in ("accidental", "accidental-mark")]:
            parent.remove(child)


def with_staves(root: Element) -> None:
    """Each note without ``<staff>`` is on staff 1, in parts of several staves."""
    for part in root.iterfind("part"):
        if part.find("measure/attributes/staves") is None:
            continue
        for note in part.iter("note"):
            if note.find("staff") is None:
                after = ("notations", "lyric", "play", "listen", "beam")
                place = next((n for n, child in enumerate(note) if child.tag in after), len(note))
                note.insert(place, Element("staff"))
                note[place].text = "1"


def whole_chords(root: Element) -> None:
    """No direction between the notes of a chord: it precedes them."""
    for measure in root.iter("measure"):
        for place, child in enumerate(list(measure)):
            if child.tag == "note" and child.find("chord") is not None:
                begin = place
                while measure[begin].tag != "note" or measure[begin].find("chord") is not None:
                    begin -= 1
                between = [other for other in measure[begin:place] if other.tag != "note"]
                for other in between:
                    measure.remove(other)
                    measure.insert(begin, other)


def at_sounding_pitch(root: Element) -> None:
    """Sounding pitches without ``<transpose>``, spelled with sharps."""
    for part in root.iterfind("part"):
        semitones = 0
        for child in [child for measure in part.iterfind("measure") for child in measure]:
            for transpose in child.findall("transpose"):
                semitones = int(transpose.findtext("chromatic") or 0)
                semitones += 12 * int(transpose.findtext("octave-change") or 0)
                child.remove(transpose)
            pitch = child.find("pitch")
            if pitch is not None:
                _spell(pitch, number_of(child) + semitones)


def _spell(pitch: Element, number: int) -> None:
    name = SHARPS[number % 12]
    for child in list(pitch):
        pitch.remove(child)
    ElementTree.SubElement(pitch, "step").text = name[0]
    ElementTree.SubElement(pitch, "alter").text = str(len(name) - 1)
    ElementTree.SubElement(pitch, "octave").text = str(number // 12 - 1)
