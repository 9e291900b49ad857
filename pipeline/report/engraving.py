"""MusicXML to a drawing for the page, and the notes in it with their times, by Verovio.

Verovio gives every element a random id, and every drawing its own copy of the
font. Here, only notes keep an id, a running number, and all drawings share one copy
of each glyph: the same scores give the same bytes, and a page with many scores stays small.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.etree import ElementTree

import verovio

from pipeline.errors import PipelineError

OPTIONS: dict[str, Any] = {
    "adjustPageHeight": True,
    "breaks": "auto",
    "footer": "none",
    "header": "none",
    "pageHeight": 60000,
    "pageWidth": 2400,
    "scale": 40,
    "svgRemoveXlink": True,
    "svgViewBox": True,
}
WIDEST_PAGE = 16 * 2400
SVG = "http://www.w3.org/2000/svg"
MILLISECONDS_A_QUARTER = 500  # Verovio's default if a score has no tempo
PRECISION = 1 / MILLISECONDS_A_QUARTER  # quarter notes: Verovio rounds times down to milliseconds
KEPT_CLASSES = ("dir", "label", "mNum", "note", "placeholder")
# signs of Verovio's font in chord symbols, which no font of the page has, as Unicode text
CHORD_SIGNS = {
    0xEA63: "\u266d\u266d", 0xEA64: "\u266d", 0xEA65: "\u266e", 0xEA66: "\u266f", 0xEA67: "\u266f\u266f",
    0xE870: "\u00b0", 0xE871: "\u00f8", 0xE872: "+", 0xE873: "\u0394", 0xE874: "\u2212",
}  # fmt: skip
SIGN_SIZE = 0.5625  # of a sign as text, to its size in Verovio's font
_REFERENCE = re.compile(r"#(E[0-9A-F]+)-\w+")


@dataclass(frozen=True)
class Note:
    """A note to play, ties merged.

    Attributes:
        names: the ``id`` of its drawing in the page, several where it is tied.
        voice: its staff, 0 = top.
        pitch: MIDI note number.
        begin, end: in quarter notes, up to PRECISION too early.
    """

    names: tuple[str, ...]
    voice: int
    pitch: int
    begin: float
    end: float


@dataclass(frozen=True)
class Engraving:
    """A score as the page shows it.

    Attributes:
        svg: the drawing; it uses ``glyphs``.
        notes: in the order in which they begin.
        glyphs: name to SVG, each once in the page: see :func:`glyph_definitions`.
    """

    svg: str
    notes: tuple[Note, ...]
    glyphs: Mapping[str, str]


class EngravingError(PipelineError):
    """A score cannot be engraved: it is damaged, or too long for one page."""


class Engraver:
    """Engraves scores with Verovio.

    Args:
        page_height: in Verovio's units, 100 to 60000; a longer score has wider lines.
    """

    def __init__(self, page_height: int = OPTIONS["pageHeight"]) -> None:
        verovio.enableLog(verovio.LOG_OFF)
        self._toolkit = verovio.toolkit()
        self._toolkit.setOptions({**OPTIONS, "pageHeight": page_height})
        self._width = OPTIONS["pageWidth"]

    def engrave(self, musicxml: str, name: str, label: str) -> Engraving:
        """Draw one score.

        Args:
            musicxml: partwise MusicXML.
            name: of this score in the page; those of its notes begin with it.
            label: alternative text for screen readers.

        Raises:
            EngravingError: Verovio cannot read it, or it is too long for the widest page.
        """
        toolkit = self._toolkit
        if not toolkit.loadData(musicxml):
            raise EngravingError(
                f"{name}: Verovio cannot read this score; if it is a damaged file of data/evaluations, "
                "delete that folder and run `dvc repro`"
            )
        self._fit(name)
        root = ElementTree.fromstring(toolkit.renderToSVG(1))
        glyphs = _glyphs(root)
        toolkit.renderToTimemap()  # the times of elements are known only after this call
        ties = _ties(toolkit, root)
        voices = _voices(root)
        names = _rename(root, name)
        _write_chord_signs(root)
        root.attrib = {
            "viewBox": root.attrib["viewBox"],
            "role": "img",
            "aria-label": label,
            "class": "score",
        }
        notes = _merged({old: _note(toolkit, old, new, voices[old]) for old, new in names.items()}, ties)
        svg = re.sub(r">\s+<", "><", ElementTree.tostring(root, encoding="unicode"))
        return Engraving(svg, notes, glyphs)

    def _fit(self, name: str) -> None:
        """Lay the score out on one page, wider for a long score: other pages are not drawn."""
        width = OPTIONS["pageWidth"]
        self._lay_out(width)
        while self._toolkit.getPageCount() > 1:
            width *= 2
            if width > WIDEST_PAGE:
                raise EngravingError(f"{name}: this score is too long to be engraved on one page")
            self._lay_out(width)

    def _lay_out(self, width: int) -> None:
        if width != self._width:
            self._toolkit.setOptions({"pageWidth": width})
            self._toolkit.redoLayout()
            self._width = width


def glyph_definitions(glyphs: Mapping[str, str]) -> str:
    """An invisible drawing that contains every glyph once."""
    inside = "".join(glyphs[name] for name in sorted(glyphs))
    head = f'<svg xmlns="{SVG}" class="glyphs" aria-hidden="true" width="0" height="0">'
    return f"{head}<defs>{inside}</defs></svg>"


def _glyphs(root: ElementTree.Element) -> dict[str, str]:
    """Remove the font from a drawing and return its glyphs."""
    ElementTree.register_namespace("", SVG)
    found = {}
    for child in list(root):
        if child.tag == f"{{{SVG}}}defs":
            for glyph in child:
                name = glyph.attrib["id"].partition("-")[0]
                glyph.attrib["id"] = name
                found[name] = ElementTree.tostring(glyph, encoding="unicode").strip()
        if child.tag != f"{{{SVG}}}svg":
            root.remove(child)
    return found


def _rename(root: ElementTree.Element, name: str) -> dict[str, str]:
    """Number the notes and remove all other names; old names to new ones."""
    names: dict[str, str] = {}
    labels = [each for each in root.iter() if "label" in each.attrib.get("class", "").split()]
    shown = {"label"} if len(labels) > 1 else set()  # a melody alone needs no name: the page hides it
    for element in root.iter():
        old = element.attrib.pop("id", None)
        kind = element.attrib.get("class", "").split()
        if old is not None and "note" in kind:
            names[old] = element.attrib["id"] = f"{name}-{len(names)}"
        kept = [each for each in kind if each in KEPT_CLASSES and each not in shown]
        element.attrib.pop("class", None)
        if kept:
            element.attrib["class"] = " ".join(kept)
        element.attrib.pop("color", None)
        href = element.attrib.get("href")
        if href is not None:
            element.attrib["href"] = _REFERENCE.sub(r"#\1", href)
    return names


def _write_chord_signs(root: ElementTree.Element) -> None:
    """Write the accidentals of chord symbols as text of the page's font."""
    for element in root.iter(f"{{{SVG}}}tspan"):
        signs = element.text or ""
        if "font-family" in element.attrib and signs and all(ord(sign) in CHORD_SIGNS for sign in signs):
            del element.attrib["font-family"]
            size = float(element.attrib.get("font-size", "720px").removesuffix("px"))
            element.attrib["font-size"] = f"{size * SIGN_SIZE:g}px"
            element.text = signs.translate(CHORD_SIGNS)


def _ties(toolkit: Any, root: ElementTree.Element) -> dict[str, str]:
    """The note that a tie leads to → the note that it comes from."""
    found = {}
    for element in root.iter():
        if "tie" in element.attrib.get("class", "").split() and "id" in element.attrib:
            ends = toolkit.getElementAttr(element.attrib["id"])
            found[ends["endid"].lstrip("#")] = ends["startid"].lstrip("#")
    return found


def _voices(root: ElementTree.Element) -> dict[str, int]:
    """Names of notes to the staff that they are on, 0 = top."""
    found: dict[str, int] = {}
    for measure in _of_class(root, "measure"):
        for voice, staff in enumerate(each for each in measure if _has_class(each, "staff")):
            found |= {note.attrib["id"]: voice for note in _of_class(staff, "note")}
    return found


def _of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if _has_class(element, name)]


def _has_class(element: ElementTree.Element, name: str) -> bool:
    return name in element.attrib.get("class", "").split()


def _note(toolkit: Any, old: str, new: str, voice: int) -> Note:
    values = toolkit.getMIDIValuesForElement(old)
    begin = values["time"] / MILLISECONDS_A_QUARTER
    return Note((new,), voice, values["pitch"], begin, begin + values["duration"] / MILLISECONDS_A_QUARTER)


def _merged(notes: Mapping[str, Note], ties: Mapping[str, str]) -> tuple[Note, ...]:
    """Notes that are tied to one before become part of it."""
    merged: dict[str, Note] = {}
    first: dict[str, str] = {}
    for name, note in sorted(notes.items(), key=lambda item: item[1].begin):
        begins = first[name] = first.get(ties.get(name, ""), name)
        if begins == name:
            merged[name] = note
        else:
            whole = merged[begins]
            merged[begins] = replace(whole, names=(*whole.names, *note.names), end=max(whole.end, note.end))
    return tuple(merged.values())
