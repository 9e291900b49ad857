"""Causes of differences between our chord symbols and music21's, each proved by rewriting the piece.

``EQUIVALENT`` rewrites what only music21 is given, into a spelling of the same music that it
reads as the standard defines; ``SIMPLER`` leaves out of both sides what the two treat differently.
A cause holds for a piece when the two readings agree after its rewriting.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

Rewrite = Callable[[str], str]

SHARP_BASS = "'D/f+' is D over F sharp in the Nottingham collection; music21 reads an augmented chord over F"
REPEATED = "an incomplete bar at a repeat sign inside the tune: music21 moves the symbols after it"
DIMINISHED = (
    "'Gd' and 'Da' are diminished and augmented in the Nottingham collection; music21 leaves them out"
)
BLANK = "empty text in quotes: music21 fails on the whole piece"
SEVENTH = "MusicXML: an added seventh counts from a dominant chord (minor); music21 adds a major one"
KIND = "kinds of exporters (augmented-ninth, minor-major, maj69): music21 reads the root alone"
TRANSPOSING = "a transposing instrument: our chords sound, music21's are as written"
PEDAL = "the kind 'pedal' or an empty kind is no chord over its root: kept as text and counted"
OFFSET = "an offset behind the end of its measure: music21 makes the measure longer"

_KINDS = {"augmented-ninth": ("augmented-seventh", "9"), "maj69": ("major-sixth", "9")}


def _quoted(change: Callable[[str], str]) -> Rewrite:
    return lambda text: re.sub(r'"[^"\n]*"', lambda found: change(found[0]), text)


def _sharp_bass(symbol: str) -> str:
    return re.sub(r"/([a-gA-G])\+", lambda found: f"/{found[1].upper()}#", symbol)


def _diminished(symbol: str) -> str:
    return re.sub(
        r'([A-G][#b]?)([da])(?=7?")', lambda found: found[1] + {"d": "dim", "a": "+"}[found[2]], symbol
    )


def _without_repeats(text: str) -> str:
    """The music lines without repeat signs; fields stay."""
    lines = text.split("\n")
    return "\n".join(line if re.match(r"[A-Za-z]:", line) else _plain_bars(line) for line in lines)


def _plain_bars(line: str) -> str:
    return re.sub(r"\|?:+\|?:*|\|\|", "|", line)


def _on_harmonies(change: Callable[[Element], None]) -> Rewrite:
    """A rewriting of each ``<harmony>`` of a score."""

    def rewrite(text: str) -> str:
        root = ElementTree.fromstring(text.encode())
        before = ElementTree.tostring(root)
        for harmony in root.iter("harmony"):
            change(harmony)
        after = ElementTree.tostring(root)
        return after.decode() if after != before else text

    return rewrite


def _minor_seventh(harmony: Element) -> None:
    for degree in harmony.iterfind("degree"):
        if degree.findtext("degree-value") == "7" and degree.findtext("degree-type") == "add":
            alter = degree.find("degree-alter")
            if alter is None:
                alter = SubElement(degree, "degree-alter")
            alter.text = str(int(alter.text or "0") - 1)


def _known_kind(harmony: Element) -> None:
    kind = harmony.find("kind")
    name = (kind.text or "") if kind is not None else ""
    if kind is not None and name in ("minor-major", "major-minor"):
        kind.text = "minor-major-seventh"
    if kind is not None and name in _KINDS:
        kind.text, added = _KINDS[name]
        degree = SubElement(harmony, "degree")
        for tag, value in (("degree-value", added), ("degree-alter", "0"), ("degree-type", "add")):
            SubElement(degree, tag).text = value


def _without(tag: str, wanted: Callable[[Element], bool]) -> Rewrite:
    """A score without some elements."""

    def rewrite(text: str) -> str:
        root = ElementTree.fromstring(text.encode())
        found = [(parent, child) for parent in root.iter() for child in parent if child.tag == tag]
        left_out = [(parent, child) for parent, child in found if wanted(child)]
        for parent, child in left_out:
            parent.remove(child)
        return ElementTree.tostring(root).decode() if left_out else text

    return rewrite


def _no_chord(harmony: Element) -> bool:
    return harmony.findtext("kind", "").strip() in ("pedal", "")


ABC_EQUIVALENT: dict[str, Rewrite] = {
    SHARP_BASS: _quoted(_sharp_bass),
    DIMINISHED: _quoted(_diminished),
    BLANK: _quoted(lambda symbol: symbol if symbol.strip('" ') else ""),
    REPEATED: _without_repeats,
}
ABC_SIMPLER: dict[str, Rewrite] = {}
XML_EQUIVALENT: dict[str, Rewrite] = {
    SEVENTH: _on_harmonies(_minor_seventh),
    KIND: _on_harmonies(_known_kind),
}
XML_SIMPLER: dict[str, Rewrite] = {
    TRANSPOSING: _without("transpose", lambda _: True),
    PEDAL: _without("harmony", _no_chord),
    OFFSET: _without("harmony", lambda harmony: harmony.findtext("offset", "0").strip() != "0"),
}
