"""A grid as MusicXML.

Source: MusicXML 4.0, partwise; durations are in steps, the document's divisions.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pipeline.core.music import SILENCE, Grid
from pipeline.formats.writers.harmony import write_harmony
from pipeline.formats.writers.layout import Layout, part_name, printable, sounds
from pipeline.formats.writers.rhythm import NotatedNote, Rhythm
from pipeline.formats.writers.spelling import Accidentals, Spelled, spell

ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
LOW_CLEF_BELOW = 57  # mean pitch, A3
DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)


class Clef(NamedTuple):
    """A clef, and by how many octaves its notes sound higher."""

    sign: str
    line: int
    octave: int = 0


TREBLE, TENOR, BASS = Clef("G", 2), Clef("G", 2, -1), Clef("F", 4)


def as_musicxml(grid: Grid, layout: Layout) -> bytes:
    """A partwise MusicXML document, UTF-8; notes are tied over bars and over the mark."""
    score = Element("score-partwise", version="4.0")
    SubElement(SubElement(score, "work"), "work-title").text = printable(layout.title)
    parts = SubElement(score, "part-list")
    if grid.voices > 1:
        group = SubElement(parts, "part-group", type="start", number="1")
        SubElement(group, "group-symbol").text = "bracket"
    for voice in range(grid.voices):
        entry = SubElement(parts, "score-part", id=f"P{voice + 1}")
        SubElement(entry, "part-name").text = part_name(voice, grid.voices)
    if grid.voices > 1:
        SubElement(parts, "part-group", type="stop", number="1")
    rhythm = Rhythm(layout, grid.n_steps)
    for voice in range(grid.voices):
        _write_part(SubElement(score, "part", id=f"P{voice + 1}"), grid, voice, layout, rhythm)
    ElementTree.indent(score, " ")
    return (DOCTYPE + ElementTree.tostring(score, encoding="unicode") + "\n").encode("utf-8")


def _write_part(part: Element, grid: Grid, voice: int, layout: Layout, rhythm: Rhythm) -> None:
    accidentals = Accidentals(layout.key_fifths or 0)
    chords = list(layout.chords)
    has_upbeat = layout.upbeat(grid.n_steps) > 0
    for index, notes in enumerate(rhythm.bars(sounds(grid, voice))):
        measure = SubElement(part, "measure", number=str(index + (not has_upbeat)))
        if index == 0:
            if has_upbeat:
                measure.set("implicit", "yes")
            _write_attributes(measure, layout, _clef(grid, voice))
        accidentals.next_bar()
        for note in notes:
            while voice == 0 and chords and chords[0][0] < note.onset + note.value.steps:
                step, chord = chords.pop(0)
                write_harmony(measure, chord, step - note.onset)
            if voice == 0 and note.onset == layout.mark:
                direction = SubElement(measure, "direction", placement="above")
                SubElement(SubElement(direction, "direction-type"), "words").text = printable(
                    layout.mark_text
                )
            _write_note(SubElement(measure, "note"), note, layout, accidentals)


def _write_note(element: Element, note: NotatedNote, layout: Layout, accidentals: Accidentals) -> None:
    """The children of a note, in the order that the schema asks for."""
    ties = ["stop"] * note.from_tie + ["start"] * note.to_tie
    sign = None
    if note.pitch == SILENCE:
        SubElement(element, "rest")
    else:
        spelled = spell(note.pitch, layout.key_fifths or 0, layout.key_mode)
        sign = accidentals.needed(spelled, note.from_tie)
        _write_pitch(SubElement(element, "pitch"), spelled)
    SubElement(element, "duration").text = str(note.value.steps)
    for tie in ties:
        SubElement(element, "tie", type=tie)
    SubElement(element, "voice").text = "1"
    SubElement(element, "type").text = note.value.name
    if note.value.dotted:
        SubElement(element, "dot")
    if sign is not None:
        SubElement(element, "accidental").text = ACCIDENTALS[sign]
    if note.value.actual > 1:
        modification = SubElement(element, "time-modification")
        SubElement(modification, "actual-notes").text = str(note.value.actual)
        SubElement(modification, "normal-notes").text = str(note.value.normal)
    for number, beam in enumerate(note.beams, start=1):
        SubElement(element, "beam", number=str(number)).text = beam
    if ties or note.edges:
        notations = SubElement(element, "notations")
        for tie in ties:
            SubElement(notations, "tied", type=tie)
        for edge in note.edges:
            SubElement(notations, "tuplet", type=edge)


def _write_pitch(element: Element, spelled: Spelled) -> None:
    SubElement(element, "step").text = spelled.letter
    SubElement(element, "alter").text = str(spelled.alteration)  # 0, too: a tie joins notes of equal signs
    SubElement(element, "octave").text = str(spelled.octave)


def _write_attributes(measure: Element, layout: Layout, shown: Clef) -> None:
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(layout.steps_per_quarter)
    if layout.key_fifths is not None:
        key = SubElement(attributes, "key")
        SubElement(key, "fifths").text = str(layout.key_fifths)
        if layout.key_mode:
            SubElement(key, "mode").text = layout.key_mode
    if layout.meter:
        time = SubElement(attributes, "time")
        SubElement(time, "beats").text = str(layout.meter.numerator)
        SubElement(time, "beat-type").text = str(layout.meter.denominator)
    clef = SubElement(attributes, "clef")
    SubElement(clef, "sign").text = shown.sign
    SubElement(clef, "line").text = str(shown.line)
    if shown.octave:
        SubElement(clef, "clef-octave-change").text = str(shown.octave)


def _clef(grid: Grid, voice: int) -> Clef:
    """A tenor of four reads the treble clef an octave lower; others by where they sing."""
    if part_name(voice, grid.voices) == "Tenor":
        return TENOR
    return BASS if _is_low(grid, voice) else TREBLE


def _is_low(grid: Grid, voice: int) -> bool:
    sounding = grid.pitch[:, voice][grid.pitch[:, voice] != SILENCE]
    return len(sounding) > 0 and int(sounding.sum()) < LOW_CLEF_BELOW * len(sounding)
