"""Read an engraved score: from glyphs and their heights back to MIDI note numbers.

Nothing but the drawing decides the pitch: the clef and its line, the signs of the key
signature, accidentals before notes, which hold to the end of the bar for their line or
space, and ties, which carry a pitch over a bar line. Times come from the note values
that Verovio has drawn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import verovio

from pipeline.core.music import SILENCE, Grid
from pipeline.formats.writers.layout import Layout, sounds
from pipeline.formats.writers.musicxml import as_musicxml
from pipeline.report.engraving import OPTIONS

# SMuFL code points: alteration in semitones
SIGNS = {"E260": -1, "E261": 0, "E262": 1, "E263": 2, "E264": -2}
# SMuFL code points: the note on the clef's line, in diatonic steps above C0
CLEFS = {"E050": 4 * 7 + 4, "E052": 3 * 7 + 4, "E062": 3 * 7 + 3}
SCALE = (0, 2, 4, 5, 7, 9, 11)  # semitones of C D E F G A B
TOLERANCE = 0.1  # of a step: Verovio rounds times to thousandths of a quarter note

_PLACE = re.compile(r"translate\((-?[\d.]+),\s*(-?[\d.]+)\)")
_LINE = re.compile(r"M(-?[\d.]+) (-?[\d.]+) L(-?[\d.]+) (-?[\d.]+)")


class Note(NamedTuple):
    """A sounding note; times in steps."""

    onset: int
    end: int
    pitch: int


@dataclass
class _Staff:
    """Clef, key and accidentals in force in a staff."""

    clef: int = 0  # diatonic number of the bottom line
    key: dict[int, int] = field(default_factory=dict)  # diatonic number mod 7 → alteration
    signs: dict[int, int] = field(default_factory=dict)  # diatonic number → alteration, in this bar


class Drawing:
    """Engraves scores as the report does and reads them back."""

    def __init__(self) -> None:
        verovio.enableLog(verovio.LOG_OFF)
        self._toolkit = verovio.toolkit()
        self._toolkit.setOptions(OPTIONS)

    def read(self, musicxml: str, steps_per_quarter: int) -> list[list[Note]]:
        """The notes of each staff in order, ties merged.

        Raises:
            ValueError: Verovio cannot read the score, or not all of it is on the first page,
                or a note begins or ends between two steps.
        """
        if not self._toolkit.loadData(musicxml) or self._toolkit.getPageCount() != 1:
            raise ValueError("not engraved, or on more than one page")
        root = ElementTree.fromstring(self._toolkit.renderToSVG(1))
        begins, ends = self._times(steps_per_quarter)
        ties = {end: start for start, end in self._ties(root)}
        staves: dict[int, _Staff] = {}
        pitches: dict[str, int] = {}
        found: dict[int, dict[str, Note]] = {}
        first: dict[str, str] = {}
        for measure in _of_class(root, "measure"):
            for number, drawn in enumerate(_of_class(measure, "staff")):
                staff = staves.setdefault(number, _Staff())
                staff.signs.clear()
                for name, pitch in _notes(drawn, staff, ties, pitches):
                    pitches[name] = pitch
                    head = first[name] = first.get(ties.get(name, ""), name)
                    notes = found.setdefault(number, {})
                    begin = notes[head].onset if head in notes else begins[name]
                    notes[head] = Note(begin, ends[name], pitch)
        return [sorted(found.get(number, {}).values()) for number in sorted(staves)]

    def _times(self, steps_per_quarter: int) -> tuple[dict[str, int], dict[str, int]]:
        begins: dict[str, int] = {}
        ends: dict[str, int] = {}
        for event in self._toolkit.renderToTimemap():
            exact = event["qstamp"] * steps_per_quarter
            time = round(exact)
            if abs(exact - time) > TOLERANCE:
                raise ValueError(f"a note begins or ends at step {exact}")
            begins.update(dict.fromkeys(event.get("on", ()), time))
            ends.update(dict.fromkeys(event.get("off", ()), time))
        return begins, ends

    def _ties(self, root: Element) -> Iterator[tuple[str, str]]:
        for tie in _of_class(root, "tie"):
            if "id" in tie.attrib:
                ends: Any = self._toolkit.getElementAttr(tie.attrib["id"])
                yield ends["startid"].lstrip("#"), ends["endid"].lstrip("#")


def faults(drawing: Drawing, grid: Grid, layout: Layout) -> list[str]:
    """Where a grid differs from its own engraving, in words; empty where nothing does."""
    musicxml = as_musicxml(grid, layout).decode("utf-8")
    return differences(drawing, musicxml, grid, layout.steps_per_quarter)


def differences(drawing: Drawing, musicxml: str, grid: Grid, steps_per_quarter: int) -> list[str]:
    """Where the engraving of a score differs from a grid, in words; empty where nothing does."""
    read = drawing.read(musicxml, steps_per_quarter)
    if len(read) != grid.voices:
        return [f"{len(read)} staves for {grid.voices} voices"]
    wrong = []
    for voice, notes in enumerate(read):
        lost, added = Counter(sounding(grid, voice)), Counter(notes)
        wrong += [f"voice {voice}: {note} is not drawn" for note in (lost - added).elements()]
        wrong += [f"voice {voice}: {note} is drawn instead" for note in (added - lost).elements()]
    return wrong


def sounding(grid: Grid, voice: int) -> list[Note]:
    """The notes of a voice of a grid."""
    return [
        Note(sound.onset, sound.onset + sound.duration, sound.pitch)
        for sound in sounds(grid, voice)
        if sound.pitch != SILENCE
    ]


def _notes(
    drawn: Element, staff: _Staff, ties: dict[str, str], pitches: dict[str, int]
) -> Iterator[tuple[str, int]]:
    """The notes of one bar of a staff as (name, MIDI number), from left to right."""
    lines = sorted(height for height in map(_height_of_line, drawn) if height is not None)
    bottom, half = lines[-1], (lines[-1] - lines[0]) / 8
    for element in drawn.iter():
        kind = element.attrib.get("class", "").split()
        if "clef" in kind:
            code, height = _glyph(element)
            staff.clef = CLEFS[code] - round((bottom - height) / half)
        elif "keySig" in kind:
            staff.key.clear()
        elif "keyAccid" in kind:
            code, height = _glyph(element)
            staff.key[(staff.clef + round((bottom - height) / half)) % 7] = SIGNS[code]
        elif "note" in kind:
            (head,) = _of_class(element, "notehead")
            place = staff.clef + round((bottom - _glyph(head)[1]) / half)
            for sign in _of_class(element, "accid"):
                if len(sign):
                    staff.signs[place] = SIGNS[_glyph(sign)[0]]
            name = element.attrib["id"]
            if name in ties:
                yield name, pitches[ties[name]]
                continue
            alteration = staff.signs.get(place, staff.key.get(place % 7, 0))
            yield name, 12 * (place // 7 + 1) + SCALE[place % 7] + alteration


def _of_class(root: Element, name: str) -> list[Element]:
    return [element for element in root.iter() if name in element.attrib.get("class", "").split()]


def _glyph(element: Element) -> tuple[str, float]:
    """The code point of the glyph inside an element, and its height."""
    use = next(each for each in element.iter() if each.tag.endswith("}use"))
    place = _PLACE.search(use.attrib["transform"])
    assert place is not None
    return use.attrib["href"].lstrip("#").partition("-")[0], float(place[2])


def _height_of_line(element: Element) -> float | None:
    """The height of a staff line; None for anything else."""
    found = _LINE.fullmatch(element.attrib.get("d", "")) if element.tag.endswith("}path") else None
    return float(found[2]) if found else None
