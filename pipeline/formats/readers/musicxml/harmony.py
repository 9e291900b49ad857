"""Chord symbols of MusicXML: ``<harmony>`` over a staff.

Source: MusicXML 4.0, elements harmony, root, kind, inversion, bass, degree and offset. An
inversion without a bass counts the notes of the chord in thirds. Chords by
``<function>`` or ``<numeral>`` have no root of their own and are not understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from xml.etree.ElementTree import Element

from pipeline.core.chord_kinds import MOST_SIGNS, Degree, Harmony, signs, to_harte
from pipeline.core.chords import NO_CHORD, UNKNOWN_CHORD, ChordError, parse_harte, transpose
from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import STEPS, Ticks
from pipeline.formats.readers.musicxml.values import as_ticks, decimal


def offset_of(harmony: Element, divisions: Ticks) -> Ticks:
    """Return how much later than its place in the measure a symbol is; 0 where that is no number."""
    try:
        offset = decimal(harmony.findtext("offset", "0").strip(), "unreadable")
    except ReadError:
        return 0
    return as_ticks(Fraction(offset * TICKS_PER_QUARTER) / divisions)


def chords_of(harmony: Element, semitones: int) -> Iterator[tuple[str, str]]:
    """Yield text and Harte's syntax at sounding pitch of each chord of a ``<harmony>``.

    A chord that is not understood is ``X``.

    Args:
        harmony: the element; it may hold several chords.
        semitones: by how much the staff sounds above its written pitch.
    """
    root: Element | None = None
    groups: list[tuple[Element | None, list[Element]]] = []
    for child in harmony:
        if child.tag in ("root", "function", "numeral"):
            root = child
        elif child.tag == "kind":
            groups.append((root, [child]))
        elif child.tag in ("bass", "degree", "inversion") and groups:
            groups[-1][1].append(child)
    if not groups and root is not None:
        groups.append((root, []))
    for root, details in groups:
        yield _chord(root, details, semitones)


def _chord(root: Element | None, details: list[Element], semitones: int) -> tuple[str, str]:
    kind = next((child for child in details if child.tag == "kind"), None)
    name = "" if kind is None else (kind.text or "").strip()
    shown = "" if kind is None else kind.get("text", "" if name == "major" else name)
    words = "" if root is None else " ".join("".join(root.itertext()).split())
    if root is None or root.tag != "root":
        return words + shown, NO_CHORD if name == "none" else UNKNOWN_CHORD
    try:
        note = _note(root, "root")
        bass = next((_note(child, "bass") for child in details if child.tag == "bass"), "")
        degrees = tuple(_degree(child) for child in details if child.tag == "degree")
        inversion = next((_small(child.text or "") for child in details if child.tag == "inversion"), 0)
        harte = to_harte(Harmony(note, name, degrees, bass))
        if harte not in (None, NO_CHORD) and inversion and not bass:
            harte = str(parse_harte(str(harte)).inverted(inversion))
    except (ReadError, ChordError):
        return words + shown, UNKNOWN_CHORD
    text = note + shown + (f"/{bass}" if bass else "")
    return text, UNKNOWN_CHORD if harte is None else transpose(harte, semitones)


def _note(element: Element, name: str) -> str:
    step = element.findtext(f"{name}-step", "").strip()
    if step not in tuple(STEPS):
        raise ReadError("bad_pitch", f"the step '{step}'; allowed are A to G")
    alteration = _small(element.findtext(f"{name}-alter") or "0")
    if abs(alteration) > MOST_SIGNS:
        raise ReadError("bad_pitch", f"an alteration of {alteration} semitones")
    return step + signs(alteration)


def _degree(element: Element) -> Degree:
    return Degree(
        element.findtext("degree-type", "add").strip(),
        _small(element.findtext("degree-value", "")),
        _small(element.findtext("degree-alter") or "0"),
    )


def _small(text: str) -> int:
    number = decimal(text.strip(), "unreadable")
    if not isinstance(number, int) or not -99 <= number <= 99:
        raise ReadError("unreadable", f"{number}; allowed are whole numbers")
    return number
