"""Chord symbols in what is written: MusicXML's ``<harmony>``, and block chords in MIDI.

Source: MusicXML 4.0, element harmony.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from pipeline.core.chord_kinds import Harmony, from_harte
from pipeline.core.chords import NO_CHORD, UNKNOWN_CHORD, parse_harte

LOWEST_BASS = 36  # C2; basses are in the octave from here
LOWEST_CHORD = 48  # C3; the other notes are in the octave from here


def write_harmony(measure: Element, chord: str, offset: int) -> None:
    """Append a chord symbol to a measure.

    Args:
        measure: the measure to append to, before the note below the symbol.
        chord: Harte's syntax; ``X`` writes nothing.
        offset: steps after the beginning of that note.
    """
    if chord == UNKNOWN_CHORD:
        return
    harmony = Harmony("C", "none") if chord == NO_CHORD else from_harte(parse_harte(chord))
    element = SubElement(measure, "harmony")
    _write_note(SubElement(element, "root"), "root", harmony.root)
    kind = SubElement(element, "kind")
    kind.text = harmony.kind
    if chord == NO_CHORD:
        kind.set("text", "N.C.")
    if harmony.bass:
        _write_note(SubElement(element, "bass"), "bass", harmony.bass)
    for degree in harmony.degrees:
        written = SubElement(element, "degree")
        SubElement(written, "degree-value").text = str(degree.number)
        SubElement(written, "degree-alter").text = str(degree.alteration)
        SubElement(written, "degree-type").text = degree.type
    if offset:
        SubElement(element, "offset").text = str(offset)


def block_chord(chord: str) -> list[int]:
    """Return the MIDI note numbers of a chord in close position over its bass; none for N and X."""
    if chord in (NO_CHORD, UNKNOWN_CHORD):
        return []
    parsed = parse_harte(chord)
    bass = LOWEST_BASS + parsed.bass_pitch_class
    return [bass, *sorted(LOWEST_CHORD + pitch_class for pitch_class in parsed.pitch_classes)]


def _write_note(element: Element, kind: str, name: str) -> None:
    SubElement(element, f"{kind}-step").text = name[0]
    alteration = name.count("#") - name.count("b")
    if alteration:
        SubElement(element, f"{kind}-alter").text = str(alteration)
