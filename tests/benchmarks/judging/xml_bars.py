"""Rewritings of MusicXML that give all parts the same bars and the same signs.

MusicXML 4.0: the measures of one number are one bar in all parts. A part that leaves it short
waits for the next bar line, and repeat signs and endings that one part has hold for all. Readers
that follow each part by itself drift apart on such scores. The rewritten scores have rests where
a part waits, and the signs in all parts: it is the same music for a reader that keeps to that.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from fractions import Fraction
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tests.benchmarks.judging.xml_text import TYPES

BREVE_QUARTERS = 8


def fill_bars(root: Element) -> None:
    """Rests up to the end of the longest part, in each bar of each part."""
    _fill_all(root, each_staff=False)


def fill_staves(root: Element) -> None:
    """Rests up to the end of the longest part, in each bar of each staff."""
    _fill_all(root, each_staff=True)


def sign_lengths(root: Element) -> None:
    """A time signature in each bar: its length."""
    for part in root.iterfind("part"):
        for measure, divisions in divided(part):
            length = length_of(measure, divisions) / 4
            for attributes in measure.iterfind("attributes"):
                for time in attributes.findall("time"):
                    attributes.remove(time)
            if not length or length.denominator & (length.denominator - 1):
                continue
            below = max(4, length.denominator)
            attributes = measure.find("attributes")
            if attributes is None:
                attributes = Element("attributes")
                measure.insert(0, attributes)
            before = [child for child in attributes if child.tag in ("footnote", "level", "divisions", "key")]
            time = Element("time")
            ElementTree.SubElement(time, "beats").text = str(length * below)
            ElementTree.SubElement(time, "beat-type").text = str(below)
            attributes.insert(len(before), time)


def _fill_all(root: Element, each_staff: bool) -> None:
    common_divisions(root)
    for measure in root.iterfind("part/measure"):
        merge_gaps(measure)
    parts = [list(divided(part)) for part in root.iterfind("part")]
    lengths = [[length_of(measure, divisions) for measure, divisions in part] for part in parts]
    for part in parts:
        named = {staff.text for measure, _ in part for staff in measure.iterfind("note/staff")}
        staves = sorted(named, key=str) if each_staff and named else [None]
        for place, (measure, divisions) in enumerate(part):
            longest = max(other[place] for other in lengths if place < len(other))
            _fill(measure, divisions, longest, staves)


def merge_gaps(measure: Element) -> None:
    """One ``<forward>`` for several in a row, whose sum alone is exact."""
    before: Element | None = None
    for element in list(measure):
        duration = element.find("duration") if element.tag == "forward" else None
        if duration is not None and before is not None:
            duration.text = str(Fraction(duration.text or 0) + Fraction(before.findtext("duration") or 0))
            measure.remove(before)
        before = element if duration is not None else None


def common_divisions(root: Element) -> None:
    """Divisions that all parts have in common, in which a triplet of 128th notes is exact."""
    common = math.lcm(32 * 3, *(int(Fraction(found.text or "1")) for found in root.iter("divisions")))
    for part in root.iterfind("part"):
        for measure, divisions in list(divided(part)):
            for duration in measure.iterfind("*/duration"):
                duration.text = str(Fraction(duration.text or "0") * common / divisions)
        for found in part.iter("divisions"):
            found.text = str(common)


def divided(part: Element) -> Iterator[tuple[Element, Fraction]]:
    """Each measure with the divisions of a quarter at its beginning."""
    divisions = Fraction(1)
    for measure in part.iterfind("measure"):
        divisions = Fraction(measure.findtext("attributes/divisions") or divisions)
        yield measure, divisions


def length_of(measure: Element, divisions: Fraction) -> Fraction:
    """Up to where it is filled, in quarters."""
    return max(place for place, _ in _places(measure, divisions))


def _places(measure: Element, divisions: Fraction) -> Iterator[tuple[Fraction, Element | None]]:
    """Where each element ends, in quarters."""
    place = Fraction(0)
    yield place, None
    for element in measure:
        duration = Fraction(element.findtext("duration") or 0) / divisions
        if element.tag in ("note", "forward") and element.find("chord") is None:
            place += duration
        elif element.tag == "backup":
            place -= duration
        yield place, element


def _fill(measure: Element, divisions: Fraction, longest: Fraction, staves: list[str | None]) -> None:
    """Spell out rests that have no type or another one, and let rests follow up to the end of the bar."""
    after = next((index for index, child in enumerate(measure) if _ends_bar(child)), len(measure))
    place = list(_places(measure, divisions))[-1][0]
    for staff, end in _ends(measure, divisions, staves).items():
        if end < longest:
            added = [*_move(end - place, divisions), *rests(longest - end, divisions, {"staff": staff})]
            measure[after:after] = added
            after, place = after + len(added), longest
    if place < longest:
        measure[after:after] = _move(longest - place, divisions)
    for note in measure.findall("note"):
        duration = Fraction(note.findtext("duration") or 0) / divisions
        if note.find("rest") is not None and duration != length_of_type(note):
            index = list(measure).index(note)
            given = {name: note.findtext(name) for name in ("voice", "staff")}
            measure[index : index + 1] = rests(duration, divisions, given)


def _ends(measure: Element, divisions: Fraction, staves: list[str | None]) -> dict[str | None, Fraction]:
    """Where each staff, or the part, is filled up to."""
    ends = dict.fromkeys(staves, Fraction(0))
    for place, element in _places(measure, divisions):
        if element is not None and element.tag == "note":
            staff = element.findtext("staff") if len(staves) > 1 else staves[0]
            ends[staff] = max(place, ends.get(staff, Fraction(0)))
    return ends


def length_of_type(note: Element) -> Fraction | None:
    """The length that type, dots and tuplet of a note give, in quarters."""
    kind = (note.findtext("type") or "").strip()
    if kind not in TYPES:
        return None
    length = Fraction(BREVE_QUARTERS, 2 ** TYPES.index(kind))
    length *= 2 - Fraction(1, 2 ** len(note.findall("dot")))
    actual = note.findtext("time-modification/actual-notes") or 1
    return length * Fraction(note.findtext("time-modification/normal-notes") or 1) / Fraction(actual)


def _move(quarters: Fraction, divisions: Fraction) -> list[Element]:
    if not quarters:
        return []
    element = Element("forward" if quarters > 0 else "backup")
    ElementTree.SubElement(element, "duration").text = str(abs(quarters) * divisions)
    return [element]


def _ends_bar(child: Element) -> bool:
    return child.tag == "barline" and child.get("location", "right") == "right"


def rests(quarters: Fraction, divisions: Fraction, given: dict[str, str | None]) -> list[Element]:
    """Rests of plain lengths, or of one tuplet where no plain lengths add up to the time."""
    actual = quarters.denominator // (quarters.denominator & -quarters.denominator)
    normal = 2 ** (actual.bit_length() - 1)
    written, found, length = quarters * actual / normal, [], Fraction(BREVE_QUARTERS)
    for kind in TYPES:
        while written >= length:
            rest = Element("note")
            ElementTree.SubElement(rest, "rest")
            ElementTree.SubElement(rest, "duration").text = str(length * normal / actual * divisions)
            ElementTree.SubElement(rest, "voice").text = given.get("voice") or f"9{given['staff'] or ''}"
            ElementTree.SubElement(rest, "type").text = kind
            if actual > 1:
                change = ElementTree.SubElement(rest, "time-modification")
                ElementTree.SubElement(change, "actual-notes").text = str(actual)
                ElementTree.SubElement(change, "normal-notes").text = str(normal)
            if given["staff"]:
                ElementTree.SubElement(rest, "staff").text = given["staff"]
            found.append(rest)
            written -= length
        length /= 2
    if actual > 1 and found:
        for rest, kind in ((found[0], "start"), (found[-1], "stop")):
            notations = ElementTree.SubElement(rest, "notations")
            ElementTree.SubElement(notations, "tuplet", type=kind)
    return [*found, *_move(written * normal / actual, divisions)]


def empty_bar(measure: Element) -> None:
    """A rest of its whole length in place of all that is in a bar, but for its signs."""
    length = length_of(measure, Fraction(1))  # in divisions
    for child in list(measure):
        if child.tag in ("note", "backup", "forward", "harmony"):
            measure.remove(child)
    rest = Element("note")
    ElementTree.SubElement(rest, "rest", measure="yes")
    ElementTree.SubElement(rest, "duration").text = str(length)
    ElementTree.SubElement(rest, "voice").text = "1"
    place = next((index for index, child in enumerate(measure) if _ends_bar(child)), len(measure))
    measure.insert(place, rest)


def signs_in_all_parts(root: Element) -> None:
    """The repeat signs and endings of every part, in each of them."""
    parts = [part.findall("measure") for part in root.iterfind("part")]
    for bars in zip(*parts, strict=False):
        for side in ("left", "right"):
            given = [_signs(bar, side) for bar in bars]
            signs = max(given, key=len)
            for bar, own in zip(bars, given, strict=True):
                if len(own) < len(signs):
                    _put(bar, side, signs)


def _signs(measure: Element, side: str) -> list[Element]:
    return [
        sign
        for barline in measure.iterfind("barline")
        if barline.get("location", "right") == side
        for sign in barline
        if sign.tag in ("repeat", "ending")
    ]


def _put(measure: Element, side: str, signs: list[Element]) -> None:
    """Replace the signs at one side of a bar."""
    for barline in measure.findall("barline"):
        if barline.get("location", "right") == side:
            measure.remove(barline)
    barline = Element("barline", location=side)
    barline.extend(copy.deepcopy(sign) for sign in signs)
    measure.insert(0 if side == "left" else len(measure), barline)
