"""Kinds and degrees of MusicXML's ``<harmony>`` and of Harte's syntax, in both directions.

Source: MusicXML 4.0, kind-value and degree. A degree that is added counts from a dominant
chord, so that an added seventh is minor unless it is raised; one that is altered or left
out counts from the degree that the kind has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.core.chords import KINDS, NO_CHORD, Chord, ChordError, chord_of, parts_of

MOST_SIGNS = 2  # of a note or a degree
EXPORTED = "maj69"  # written by some exporters, but not in the schema

# kind-value → kind, degrees added to it; the first that fits is the one that is written
KIND_VALUES: dict[str, tuple[str, tuple[str, ...]]] = {
    "major": ("maj", ()),
    "minor": ("min", ()),
    "augmented": ("aug", ()),
    "diminished": ("dim", ()),
    "dominant": ("7", ()),
    "major-seventh": ("maj7", ()),
    "minor-seventh": ("min7", ()),
    "diminished-seventh": ("dim7", ()),
    "half-diminished": ("hdim7", ()),
    "major-minor": ("minmaj7", ()),
    "minor-major": ("minmaj7", ()),
    "major-sixth": ("maj6", ()),
    "minor-sixth": ("min6", ()),
    "dominant-ninth": ("9", ()),
    "augmented-ninth": ("aug", ("b7", "9")),
    "augmented-seventh": ("aug", ("b7",)),
    "major-ninth": ("maj9", ()),
    "minor-ninth": ("min9", ()),
    "dominant-11th": ("11", ()),
    "major-11th": ("maj11", ()),
    "minor-11th": ("min11", ()),
    "dominant-13th": ("13", ()),
    "major-13th": ("maj13", ()),
    "minor-13th": ("min13", ()),
    "suspended-second": ("sus2", ()),
    "suspended-fourth": ("sus4", ()),
    "power": ("5", ()),
    "maj69": ("maj6", ("9",)),
}


class Degree(NamedTuple):
    """A ``<degree>``: its type (add, alter or subtract), number and alteration in semitones."""

    type: str
    number: int
    alteration: int


class Harmony(NamedTuple):
    """A ``<harmony>``: note names of root and bass ("" for the root), kind-value and degrees."""

    root: str
    kind: str
    degrees: tuple[Degree, ...] = ()
    bass: str = ""


def to_harte(harmony: Harmony) -> str | None:
    """Return a chord of MusicXML in Harte's syntax.

    Returns:
        ``N`` for the kind "none"; None for kinds that are no chord over their root (Neapolitan,
        Italian, French, German, Tristan, pedal, other) and degrees that do not exist.
    """
    if harmony.kind == "none":
        return NO_CHORD
    described = KIND_VALUES.get(harmony.kind)
    if described is None:
        return None
    kind, added = described
    changes = list(added)
    for degree in harmony.degrees:
        changes += _changes(degree, (*KINDS[kind], *added))
    try:
        return str(chord_of(harmony.root, kind, changes, harmony.bass))
    except ChordError:
        return None


def from_harte(chord: Chord) -> Harmony:
    """Return a chord as MusicXML writes it; `to_harte` gives the same chord back."""
    degrees = list(chord.degrees)
    kind = next(name for name, described in KIND_VALUES.items() if described == (chord.kind, ()))
    for name, (base, added) in KIND_VALUES.items():
        if base == chord.kind and added and degrees[: len(added)] == list(added) and name != EXPORTED:
            kind, degrees = name, list(chord.degrees[len(added) :])
            break
    held = {number: alteration for _, alteration, number in map(parts_of, KINDS[chord.kind])}
    written: list[Degree] = []
    while degrees:
        left_out, alteration, number = parts_of(degrees.pop(0))
        if not left_out:
            written.append(Degree("add", number, alteration + (number == 7)))
            continue
        instead = next((parts_of(d) for d in degrees[:1] if parts_of(d)[2] == number), None)
        if instead is None or instead[0]:
            written.append(Degree("subtract", number, 0))
        else:
            degrees.pop(0)
            written.append(Degree("alter", number, instead[1] - held.get(number, 0)))
    return Harmony(chord.root, kind, tuple(written), chord.bass_name if chord.bass else "")


def signs(alteration: int) -> str:
    """Return an alteration in semitones as ``#`` or ``b``."""
    return "#" * alteration if alteration > 0 else "b" * -alteration


def _changes(degree: Degree, held: Sequence[str]) -> list[str]:
    """Return the degrees that a ``<degree>`` adds and leaves out."""
    own = next((name for name in held if parts_of(name)[2] == degree.number), None)
    if degree.type == "subtract":
        return [f"*{own or degree.number}"]
    if degree.type == "alter" and own is not None:
        return [f"*{own}", signs(parts_of(own)[1] + degree.alteration) + str(degree.number)]
    return [signs(degree.alteration - (degree.number == 7)) + str(degree.number)]
