"""Rewritings of endings and jumps of a MusicXML score; each takes the measures of one part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

JUMPS = {  # words without signs → attribute of <sound>
    r"(dc|dacapo)(al(la)?(fine|coda))?": ("dacapo", "yes"),
    r"(ds|(dal|del)segno)(al(la)?(fine|coda))?": ("dalsegno", "segno"),
    r"fine": ("fine", "yes"),
    r"(to|al(la)?)coda": ("tocoda", "coda"),
}


def barline(measure: Element, side: str) -> Element:
    """The bar line at a side of a measure, a new one if it has none."""
    for found in measure.iterfind("barline"):
        if found.get("location", "right") == side:
            return found
    new = Element("barline", location=side)
    measure.insert(0 if side == "left" else len(measure), new)
    return new


def closes(measure: Element) -> bool:
    """Whether it has a backward repeat."""
    return any(sign.get("direction") == "backward" for sign in measure.iterfind("barline/repeat"))


def endings(measure: Element, *kinds: str) -> Iterator[tuple[Element, Element]]:
    """The endings of these types, each with its bar line."""
    for line in measure.iterfind("barline"):
        for ending in line.iterfind("ending"):
            if ending.get("type") in kinds:
                yield line, ending


def _groups(measures: list[Element]) -> Iterator[list[tuple[int, int]]]:
    """The endings that follow each other, each from its first to its last measure."""
    group: list[tuple[int, int]] = []
    begin: int | None = None
    for place, measure in enumerate(measures):
        if any(endings(measure, "start")):
            if group and group[-1][1] + 1 != place:
                yield group
                group = []
            begin = place
        if begin is not None and any(endings(measure, "stop", "discontinue")):
            group.append((begin, place))
            begin = None
    if group:
        yield group


def numbered_endings(measures: list[Element]) -> None:
    """Endings that follow each other are numbered from 1, where each bears one number."""
    for group in _groups(measures):
        numbers = [next(endings(measures[begin], "start"))[1].get("number", "") for begin, _ in group]
        if len(group) > 1 and all(number.strip().isdigit() for number in numbers):
            for number, (begin, end) in enumerate(group, start=1):
                for measure in measures[begin : end + 1]:
                    for _, ending in endings(measure, "start", "stop", "discontinue"):
                        ending.set("number", str(number))


def closed_endings(measures: list[Element]) -> None:
    """Each ending that another follows ends with a backward repeat."""
    for group in _groups(measures):
        for begin, end in group[:-1]:
            if not any(closes(measure) for measure in measures[begin : end + 1]):
                ElementTree.SubElement(barline(measures[end], "right"), "repeat", direction="backward")


def endings_of_one_pass(measures: list[Element]) -> None:
    """Each ending is for the first of its passes alone."""
    for measure in measures:
        for _, ending in endings(measure, "start", "stop", "discontinue"):
            ending.set("number", re.split(r"[,\s]+", ending.get("number", "").strip())[0])


def sounding_jumps(measures: list[Element]) -> None:
    """A ``<sound>`` for each jump that words or symbols alone print; of two codas the first is left."""
    codas: list[tuple[Element, str]] = []
    for measure in measures:
        for direction in measure.findall("direction"):
            if direction.find("sound") is not None:
                continue
            words = "".join(text.text or "" for text in direction.iter("words"))
            letters = re.sub(r"[\W_]", "", words).lower()
            found = next((sound for pattern, sound in JUMPS.items() if re.fullmatch(pattern, letters)), None)
            if found is not None:
                ElementTree.SubElement(direction, "sound", {found[0]: found[1]})
            elif direction.find("direction-type/segno") is not None and not letters:
                ElementTree.SubElement(direction, "sound", segno="segno")
            elif letters == "coda" or (direction.find("direction-type/coda") is not None and not letters):
                codas.append((direction, letters))
    for (direction, _), name in zip(codas, ("tocoda", "coda") if len(codas) > 1 else ("coda",), strict=False):
        ElementTree.SubElement(direction, "sound", {name: "coda"})
        if name == "tocoda":
            kind = direction.find("direction-type")
            for child in list(kind if kind is not None else ()):
                kind.remove(child)  # type: ignore[union-attr]
            ElementTree.SubElement(kind, "words").text = "To Coda"  # type: ignore[arg-type]


def _opens(measure: Element) -> bool:
    return any(sign.get("direction") == "forward" for sign in measure.iterfind("barline/repeat"))


def brackets_to_the_repeat(measures: list[Element]) -> None:
    """A first ending whose bracket stops early reaches to the bar with its backward repeat."""
    for place, measure in enumerate(measures):
        for line, ending in list(endings(measure, "stop", "discontinue")):
            if closes(measure):
                continue
            for later in measures[place + 1 :]:
                if any(endings(later, "start")) or _opens(later):
                    break
                if closes(later):
                    line.remove(ending)
                    barline(later, "right").append(ending)
                    break


def explicit_starts(measures: list[Element]) -> None:
    """A forward repeat after each backward repeat whose section has none."""
    begins, opened = 0, False
    for place, measure in enumerate(measures):
        opened = opened or _opens(measure)
        if closes(measure):
            if not opened and begins:
                barline(measures[begins], "left").append(Element("repeat", direction="forward"))
            begins, opened = place + 1, False
        elif any(endings(measure, "stop", "discontinue")):
            begins, opened = place + 1, False


def without_open_endings(measures: list[Element]) -> None:
    """No ending that no backward repeat closes, and no backward repeat that closes the last ending."""
    for place, measure in enumerate(measures):
        for line, ending in list(endings(measure, "start")):
            if not any(closes(other) for other in _group(measures, place)):
                line.remove(ending)
                _remove_stops(_group(measures, place))
        following = measures[place + 1 : place + 2]
        if any(endings(measure, "stop", "discontinue")) and not any(
            any(endings(other, "start")) for other in following
        ):
            _reopen(measure)


def _group(measures: list[Element], place: int) -> list[Element]:
    """The bars from where an ending begins to where brackets follow it no longer."""
    group = []
    for measure in measures[place:]:
        group.append(measure)
        if any(endings(measure, "stop", "discontinue")):
            break
    return group


def _remove_stops(group: list[Element]) -> None:
    for measure in group:
        for line, ending in list(endings(measure, "stop", "discontinue")):
            line.remove(ending)


def _reopen(measure: Element) -> None:
    for line in measure.iterfind("barline"):
        for sign in line.findall("repeat"):
            if sign.get("direction") == "backward":
                line.remove(sign)


def without_jumps_in_words(measures: list[Element]) -> None:
    """No D.C., D.S., Fine, segno or coda that words or symbols alone print."""
    for measure in measures:
        for direction in measure.findall("direction"):
            words = "".join(text.text or "" for text in direction.iter("words")).lower()
            has_symbol = any(
                direction.find(f"direction-type/{name}") is not None for name in ("segno", "coda")
            )
            if has_symbol or any(word in words for word in ("d.c", "d.s", "fine", "coda", "segno")):
                measure.remove(direction)
