"""A grid as MusicXML.

Source: MusicXML 4.0, partwise; durations are in steps, the document's divisions.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pipeline.core.music import SILENCE, Grid
from pipeline.formats.writers.layout import Layout, Sound, part_name, printable, sounds

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
LOW_CLEF_BELOW = 57  # mean pitch, A3
DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)


class NoteValue(NamedTuple):
    """A duration that one note head can show: ``actual`` such notes take the time of ``normal``."""

    steps: int
    name: str
    dotted: bool = False
    actual: int = 1
    normal: int = 1


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
    for voice in range(grid.voices):
        _write_part(SubElement(score, "part", id=f"P{voice + 1}"), grid, voice, layout)
    ElementTree.indent(score, " ")
    return (DOCTYPE + ElementTree.tostring(score, encoding="unicode") + "\n").encode("utf-8")


def spell(pitch: int, key_fifths: int) -> tuple[str, int, int]:
    """Letter, alteration and octave of a note: the spelling nearest to the key on the line of fifths.

    >>> spell(61, 2), spell(61, -4)
    (('C', 1, 4), ('D', -1, 4))
    """
    flattest = key_fifths - 3  # C major spells E flat, B flat, F sharp, C sharp, G sharp
    fifths = flattest + (7 * (pitch - 7 * flattest)) % 12
    alteration = (fifths + 1) // 7
    return "FCGDAEB"[(fifths + 1) % 7], alteration, (pitch - alteration) // 12 - 1


def _write_part(part: Element, grid: Grid, voice: int, layout: Layout) -> None:
    bars = layout.bars(grid.n_steps)
    values = _note_values(layout.steps_per_quarter)
    waiting = sounds(grid, voice)[::-1]
    for index, (begin, end) in enumerate(pairwise(bars)):
        measure = SubElement(part, "measure", number=str(index + (layout.first_bar == 0)))
        if index == 0:
            if layout.first_bar:
                measure.set("implicit", "yes")
            _write_attributes(measure, layout, _clef(grid, voice))
        while waiting and waiting[-1].onset < end:
            sound = waiting.pop()
            _write_sound(measure, sound, begin, end, layout, values, mark_here=voice == 0)
            if sound.onset + sound.duration > end:
                waiting.append(sound)
                break


def _write_sound(
    measure: Element,
    sound: Sound,
    begin: int,
    end: int,
    layout: Layout,
    values: list[NoteValue],
    mark_here: bool,
) -> None:
    """The part of a sound that lies between ``begin`` and ``end``, as tied notes."""
    first, last = sound.onset, sound.onset + sound.duration
    at, stop = max(first, begin), min(last, end)
    mark = layout.mark
    for upto in sorted({stop, mark} if mark is not None and at < mark < stop else {stop}):
        if mark_here and at == mark:
            direction = SubElement(measure, "direction", placement="above")
            SubElement(SubElement(direction, "direction-type"), "words").text = printable(layout.mark_text)
        for value in _split(upto - at, values):
            ties = ["stop"] * (at > first) + ["start"] * (at + value.steps < last)
            _write_note(measure, sound.pitch, value, ties, layout.key_fifths)
            at += value.steps


def _write_note(measure: Element, pitch: int, value: NoteValue, ties: list[str], key_fifths: int) -> None:
    note = SubElement(measure, "note")
    if pitch == SILENCE:
        SubElement(note, "rest")
        ties = []
    else:
        letter, alteration, octave = spell(pitch, key_fifths)
        written = SubElement(note, "pitch")
        SubElement(written, "step").text = letter
        if alteration:
            SubElement(written, "alter").text = str(alteration)
        SubElement(written, "octave").text = str(octave)
    SubElement(note, "duration").text = str(value.steps)
    for tie in ties:
        SubElement(note, "tie", type=tie)
    SubElement(note, "voice").text = "1"
    SubElement(note, "type").text = value.name
    if value.dotted:
        SubElement(note, "dot")
    if value.actual > 1:
        modification = SubElement(note, "time-modification")
        SubElement(modification, "actual-notes").text = str(value.actual)
        SubElement(modification, "normal-notes").text = str(value.normal)
    if ties:
        notations = SubElement(note, "notations")
        for tie in ties:
            SubElement(notations, "tied", type=tie)


def _write_attributes(measure: Element, layout: Layout, shown: Clef) -> None:
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(layout.steps_per_quarter)
    SubElement(SubElement(attributes, "key"), "fifths").text = str(layout.key_fifths)
    if layout.meter:
        time = SubElement(attributes, "time")
        SubElement(time, "beats").text = str(layout.meter[0])
        SubElement(time, "beat-type").text = str(layout.meter[1])
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


def _split(steps: int, values: list[NoteValue]) -> Iterator[NoteValue]:
    """Note values that add up to a duration, the longest first."""
    while steps:
        value = next(value for value in values if value.steps <= steps)
        yield value
        steps -= value.steps


def _note_values(steps_per_quarter: int) -> list[NoteValue]:
    """Note values that are whole numbers of steps, the longest first; one step is always among them.

    Where a quarter has m · 2^a steps, m odd and above 1, values shorter than a
    quarter are written as tuplets, m in the time of the largest power of 2 below m.
    """
    odd = steps_per_quarter
    while odd % 2 == 0:
        odd //= 2
    fewer = 1 << (odd.bit_length() - 1)
    found: dict[int, NoteValue] = {}
    for halvings, name in enumerate(NOTE_TYPES):
        shares = 1 << halvings  # of a whole note
        plain, plain_rest = divmod(4 * steps_per_quarter, shares)
        dotted, dotted_rest = divmod(6 * steps_per_quarter, shares)
        tuplet, tuplet_rest = divmod(4 * steps_per_quarter * fewer, shares * odd)
        if not plain_rest:
            found.setdefault(plain, NoteValue(plain, name))
        if not dotted_rest:
            found.setdefault(dotted, NoteValue(dotted, name, dotted=True))
        if odd > 1 and not tuplet_rest and tuplet < steps_per_quarter:
            found.setdefault(tuplet, NoteValue(tuplet, name, False, odd, fewer))
    return sorted(found.values(), reverse=True)
