"""One part of a MusicXML score, measure by measure.

Onsets are counted from the beginning of the measure, because the length of a measure
depends on all parts together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import MAX_TICKS, ChordSign, times
from pipeline.formats.readers.musicxml.harmony import chords_of, offset_of
from pipeline.formats.readers.musicxml.measure import (
    Measure,
    WrittenMeter,
    is_continued,
    is_own,
    joined,
    lone_rests,
)
from pipeline.formats.readers.musicxml.note import MAX_STAVES, NoteContent, content_of
from pipeline.formats.readers.musicxml.placing import NotePlacer
from pipeline.formats.readers.musicxml.signs import barline_signs, is_expression, read_direction
from pipeline.formats.readers.musicxml.values import (
    AS_WRITTEN,
    at_sounding_pitch,
    divisions_of,
    duration_of,
    integer,
    key_of,
    meter_of,
    transposition_of,
)
from pipeline.formats.readers.musicxml.words import tempo_of


class PartReader(NotePlacer):
    """Reads the measures of a part in order; keeps the state from one to the next.

    Args:
        percussion: the instruments whose notes have no pitch; see :func:`percussion_of`.
        runs: runs of notes, by the tag of the element in their place; see :mod:`shared_notes`.

    Attributes:
        clefs: the signs of the clefs of each staff.
    """

    def __init__(self, percussion: frozenset[str], runs: Mapping[str, Sequence[NoteContent]]) -> None:
        super().__init__(percussion, 4 * TICKS_PER_QUARTER)
        self.clefs: dict[int, set[str]] = {}
        self._runs = runs
        self._closed_plainly = True

    def measures(self, elements: Sequence[Element]) -> list[Measure]:
        """Read all measures; one that begins in no other part belongs to the one before.

        Raises:
            ReadError: an invalid time or number, so that the times in the part are unknown.
        """
        measures: list[Measure] = []
        continued = [*map(is_continued, elements), False]
        for place, element in enumerate(elements):
            incomplete = continued[place] or continued[place + 1] or element.get("number") == "0"
            measure = Measure(at_sign=place == 0, incomplete=incomplete)
            measure.plain = self._closed_plainly and not continued[place]
            try:
                self._measure(element, measure)
            except ReadError as error:
                raise error.at(f"measure {element.get('number', place + 1)}") from None
            if is_own(element) and measures:
                measures[-1] = joined(measures[-1], measure)
            else:
                measures.append(measure)
        return measures

    def _measure(self, element: Element, measure: Measure) -> None:
        self.begin_measure()
        self._closed_plainly = True
        runs = self._runs
        children = [
            (child, (content_of(child),) if child.tag == "note" else runs.get(child.tag, ()))
            for child in element
        ]
        alone = lone_rests(children)
        for place, (child, run) in enumerate(children):
            if run:
                self.place(run, place in alone, measure)
            elif child.tag == "attributes":
                self._attributes(child, measure)
            elif child.tag == "backup":
                self.position.move(-duration_of(child, self.divisions), self.divisions)
            elif child.tag == "forward":
                self._forward(child, measure)
            elif child.tag == "barline":
                self._barline(child, measure)
            elif child.tag == "harmony":
                self._harmony(child, measure)
            elif child.tag in ("direction", "sound") and not is_expression(child):
                read_direction(child, self.position.exact, measure)
                tempo = tempo_of(child)
                if tempo is not None:
                    measure.tempi.append((self.position.exact, tempo))
        measure.bar_length = self.bar_length
        measure.at_sign |= not (measure.plain and self._closed_plainly) or bool(
            measure.keys or measure.meters
        )
        if max(measure.filled, measure.resting) > MAX_TICKS:
            raise ReadError("too_long", f"a measure of more than {MAX_TICKS} ticks (213,000 quarter notes)")

    def _forward(self, forward: Element, measure: Measure) -> None:
        """A hidden rest; alone it fills no more than a bar."""
        self.position.move(duration_of(forward, self.divisions), self.divisions)
        reached = self.position.exact
        if self.bar_length is not None:
            reached = min(reached, self.bar_length)
        measure.filled = max(measure.filled, reached)

    def _attributes(self, attributes: Element, measure: Measure) -> None:
        self.divisions = divisions_of(attributes, self.divisions)
        self.n_staves = max(self.n_staves, min(integer(attributes, "staves", 1), MAX_STAVES))
        for clef in attributes.findall("clef"):
            number = clef.get("number", "1")
            staff = int(number) if re.fullmatch(r"[0-9]{1,3}", number) else 1
            self.clefs.setdefault(staff, set()).add(clef.findtext("sign", "").strip())
        for transpose in attributes.findall("transpose"):
            for staff in _staves_of(transpose):
                self.transposition[staff] = transposition_of(transpose)
        for key in attributes.findall("key"):
            self._key(key, measure)
        for time in attributes.findall("time"):
            self._meter(time, measure)

    def _key(self, key: Element, measure: Measure) -> None:
        written, possible = key_of(key, self.position.exact)
        for staff in _staves_of(key):
            sounding = written
            if staff in self.transposition:
                sounding = at_sounding_pitch(written, self.transposition[staff].fifths)
            measure.keys.setdefault(staff, []).append(sounding)
            measure.count("n_bad_keys", staff, not possible)

    def _meter(self, time: Element, measure: Measure) -> None:
        try:
            meter = meter_of(time)
        except ReadError:
            for staff in _staves_of(time):
                measure.count("n_bad_meters", staff)
            meter = None
        self.bar_length = None if meter is None else times(4 * TICKS_PER_QUARTER, *meter)
        if meter is not None:
            written = WrittenMeter(self.position.exact, *meter)
            for staff in _staves_of(time):
                measure.meters.setdefault(staff, []).append(written)

    def _harmony(self, harmony: Element, measure: Measure) -> None:
        staff = min(max(integer(harmony, "staff", 1), 1), MAX_STAVES)
        onset = self.position.exact + offset_of(harmony, self.divisions)
        semitones = self.transposition.get(staff, AS_WRITTEN).semitones
        measure.chords.setdefault(staff, []).extend(
            ChordSign(max(onset, 0), text, harte) for text, harte in chords_of(harmony, semitones)
        )

    def _barline(self, barline: Element, measure: Measure) -> None:
        style = (barline.findtext("bar-style") or "regular").strip()
        plain = style == "regular" and barline.find("repeat") is None
        side = barline.get("location", "right")
        if side == "left":
            measure.plain = measure.plain and plain
        elif side == "right":
            self._closed_plainly = plain
        signs = measure.closing if side == "right" else measure.signs
        signs += barline_signs(barline, self.position.exact if side == "middle" else 0)


def _staves_of(element: Element) -> range:
    """The staves that an attribute is for: the one it names, or all."""
    number = element.get("number")
    if number is not None and re.fullmatch(r"[0-9]{1,3}", number):
        return range(int(number), int(number) + 1)
    return range(1, MAX_STAVES + 1)
