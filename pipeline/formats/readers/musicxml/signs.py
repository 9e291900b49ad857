"""Repeats, endings and jumps of a MusicXML score.

Source: MusicXML 4.0, ``<repeat>``, ``<ending>`` and the attributes of ``<sound>``. Where a
jump is printed without a ``<sound>``, its words or symbols count if they leave no doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from xml.etree.ElementTree import Element

from pipeline.formats.readers.base.repeat_signs import OPEN_END, Kind, Sign, read_passes
from pipeline.formats.readers.base.staff import Ticks
from pipeline.formats.readers.musicxml.measure import Measure, PrintedMark

# attributes of <sound>
LANDINGS: dict[str, Kind] = {"segno": "segno", "coda": "coda"}
DEPARTURES: dict[str, Kind] = {
    "dacapo": "da_capo", "fine": "fine", "dalsegno": "dal_segno", "tocoda": "to_coda",
}  # fmt: skip
UNNAMED = ("dacapo", "fine")  # they name no place

WORDS: dict[str, Kind] = {
    r"(dc|dacapo)(al(la)?(fine|coda))?": "da_capo",
    r"(ds|(dal|del)segno)(al(la)?(fine|coda))?": "dal_segno",
    r"fine": "fine",
    r"(to|al(la)?)coda": "to_coda",
    r"coda": "coda",
    r"segno": "segno",
}  # fmt: skip
LONGEST_WORDS = 40  # letters; those of WORDS are shorter
_TELLING = frozenset(("words", "segno", "coda", "metronome"))
_LOUDNESS = ["dynamics"]  # the attributes of a <sound> that changes the loudness alone
JUMPS: tuple[Kind, ...] = ("da_capo", "dal_segno")


def barline_signs(barline: Element, onset: Ticks) -> Iterator[Sign]:
    """The repeat sign of a bar line, and the endings that begin or end there."""
    for repeat in barline.iterfind("repeat"):
        if repeat.get("direction") == "forward":
            yield Sign(onset, "open")
        elif repeat.get("direction") == "backward":
            times = repeat.get("times", "").strip() or "2"
            number = int(times) if re.fullmatch(r"[0-9]{1,6}", times) else -1
            yield Sign(onset, "close", times=number, after_jump=repeat.get("after-jump") == "yes")
    for ending in barline.iterfind("ending"):
        passes = read_passes(ending.get("number", ""))
        if ending.get("type") != "start":
            yield Sign(onset, "end", label=OPEN_END if ending.get("type") == "discontinue" else "")
        elif passes:
            yield Sign(onset, "ending", passes)


def is_expression(direction: Element) -> bool:
    """Whether a ``<direction>`` or ``<sound>`` holds dynamics and the like: no words, no jump, no tempo."""
    return not any(
        inner.tag in _TELLING or (inner.tag == "sound" and inner.keys() != _LOUDNESS)
        for inner in direction.iter()
    )


def read_direction(direction: Element, onset: Ticks, measure: Measure) -> None:
    """The jumps of a ``<direction>`` or ``<sound>`` at an onset in its measure.

    D.C., D.S. and Fine take effect at the end of their measure, wherever they are written in it.
    """
    found = len(measure.signs) + len(measure.closing)
    for sound in direction.iter("sound"):
        for name, kind in LANDINGS.items():
            if sound.get(name):
                measure.signs.append(Sign(0, kind, label=sound.get(name, "")))
        if sound.get("forward-repeat") == "yes":
            measure.signs.append(Sign(onset, "open"))
        for name, kind in DEPARTURES.items():
            if sound.get(name, "no") != "no":
                label = sound.get(name, "") if name not in UNNAMED else ""
                measure.closing.append(Sign(0, kind, label=label))
    if len(measure.signs) + len(measure.closing) == found and direction.tag == "direction":
        measure.marks += _marks(direction)


def _marks(direction: Element) -> Iterator[PrintedMark]:
    """The jump printed by a direction without a ``<sound>``; no other words are allowed."""
    types = direction.findall("direction-type")
    words = " ".join(text.text or "" for each in types for text in each.findall("words"))
    letters = re.sub(r"[\W_]", "", words).lower()
    kind = _kind_of(letters) if len(letters) <= LONGEST_WORDS else None
    if kind is not None:
        yield PrintedMark(kind, letters)
    if not letters:
        for symbol in ("segno", "coda"):
            if any(each.find(symbol) is not None for each in types):
                yield PrintedMark(LANDINGS[symbol], symbol)


@lru_cache(maxsize=1024)
def _kind_of(letters: str) -> Kind | None:
    return next((kind for pattern, kind in WORDS.items() if re.fullmatch(pattern, letters)), None)


@dataclass
class Places:
    """Numbers of the measures with each kind of jump, by ``<sound>`` and by words or symbols alone."""

    sounded: dict[str, set[int]] = field(default_factory=dict)
    marked: dict[str, set[int]] = field(default_factory=dict)
    to: dict[int, str] = field(default_factory=dict)  # where a marked jump leads: "fine", "coda" or ""

    @classmethod
    def of(cls, parts: Sequence[Sequence[Measure]]) -> Places:
        """Those of all parts together."""
        places = cls()
        for measures in parts:
            for number, measure in enumerate(measures):
                for sign in (*measure.signs, *measure.closing):
                    places.sounded.setdefault(sign.kind, set()).add(number)
                for mark in measure.marks:
                    places.marked.setdefault(mark.kind, set()).add(number)
                    if mark.kind in JUMPS:
                        places.to[number] = next(
                            (to for to in ("fine", "coda") if mark.text.endswith(to)), ""
                        )
        for kind, marked in places.marked.items():
            marked -= places.sounded.get(kind, set())
        return places

    def all(self, kind: str) -> list[int]:
        """In order, however they are written."""
        return sorted(self.sounded.get(kind, set()) | self.marked.get(kind, set()))


def marked_signs(parts: Sequence[Sequence[Measure]], begins: Sequence[Ticks]) -> tuple[list[Sign], int]:
    """Unambiguous jumps that are only printed as words or symbols; and the number of ignored marks.

    D.S. needs one segno before it, "al Fine" a Fine, "al Coda" one place to leave before it
    and one to arrive at behind it. Of two coda symbols without words, one on each side of the
    jump, the first is where the player leaves. A jump "al Coda" is made where the coda begins, because
    music between them would never be played. Other marks are engraving, and are left out.
    """
    places = Places.of(parts)
    signs: list[Sign] = []
    used: dict[str, set[int]] = {kind: set() for kind in places.marked}
    jumps = {number for kind in JUMPS for number in places.sounded.get(kind, ())}
    for kind in JUMPS:
        used[kind] = {number for number in places.marked.get(kind, ()) if _is_clear(places, kind, number)}
        jumps |= used[kind]
        for number in used[kind]:
            to_coda = places.to[number] == "coda"
            signs.append(Sign(begins[_way_to_coda(places, number)[1][0] if to_coda else number + 1], kind))
    leaving: set[int] = set()
    landing: set[int] = set()
    for number in jumps:
        leave, arrive = _way_to_coda(places, number)
        if len(leave) == len(arrive) == 1:
            leaving |= set(leave)
            landing |= set(arrive)
    used["to_coda"], used["coda"] = leaving, leaving | landing
    if jumps:
        used["segno"] = places.marked.get("segno", set())
        used["fine"] = places.marked.get("fine", set())
    leaving = leaving - places.sounded.get("to_coda", set())
    landing = landing - places.sounded.get("coda", set())
    signs += [Sign(begins[place + 1], "to_coda") for place in leaving]
    signs += [Sign(begins[place], "coda") for place in landing]
    if jumps:
        signs += [Sign(begins[place], "segno") for place in used["segno"]]
        signs += [Sign(begins[place + 1], "fine") for place in used["fine"]]
    return signs, sum(len(marked - used.get(kind, set())) for kind, marked in places.marked.items())


def _is_clear(places: Places, kind: Kind, number: int) -> bool:
    if kind == "dal_segno" and len(places.all("segno")) != 1:
        return False
    if kind == "dal_segno" and places.all("segno")[0] > number:
        return False
    if places.to[number] == "fine":
        return any(place <= number for place in places.all("fine"))
    if places.to[number] == "coda":
        return all(len(found) == 1 for found in _way_to_coda(places, number))
    return True


def _way_to_coda(places: Places, jump: int) -> tuple[list[int], list[int]]:
    """Possible origins before a jump to the coda, and targets after it."""
    leave = [place for place in places.all("to_coda") if place <= jump]
    codas = places.all("coda")
    return leave or [place for place in codas if place <= jump], [place for place in codas if place > jump]
