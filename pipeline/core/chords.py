"""Chord symbols as values: root, kind, degrees and bass, written in Harte's syntax.

``Chord("A", "min7")`` is written ``A:min7``; degrees count from the major scale of
the root (``b9``), a degree that the kind contains and the chord lacks begins with
``*``, and the bass is a degree after a slash: ``D:maj/3`` is D over F sharp. ``N``
is no chord, ``X`` a chord symbol that could not be understood.

Source: Harte, Sandler, Abdallah and Gómez, "Symbolic representation of musical
chords", ISMIR 2005; the shorthands beyond that paper (11, min11, maj11, 13, min13,
maj13) follow its extension in mir_eval. The reductions `Chord.majmin` and
`Chord.sevenths` are those of the MIREX audio chord estimation task.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pipeline.errors import PipelineError

NO_CHORD = "N"
UNKNOWN_CHORD = "X"

# the degrees of each kind, the root left out
KINDS: dict[str, tuple[str, ...]] = {
    "maj": ("3", "5"),
    "min": ("b3", "5"),
    "dim": ("b3", "b5"),
    "aug": ("3", "#5"),
    "sus2": ("2", "5"),
    "sus4": ("4", "5"),
    "5": ("5",),
    "maj6": ("3", "5", "6"),
    "min6": ("b3", "5", "6"),
    "7": ("3", "5", "b7"),
    "maj7": ("3", "5", "7"),
    "min7": ("b3", "5", "b7"),
    "minmaj7": ("b3", "5", "7"),
    "dim7": ("b3", "b5", "bb7"),
    "hdim7": ("b3", "b5", "b7"),
    "9": ("3", "5", "b7", "9"),
    "maj9": ("3", "5", "7", "9"),
    "min9": ("b3", "5", "b7", "9"),
    "11": ("3", "5", "b7", "9", "11"),
    "maj11": ("3", "5", "7", "9", "11"),
    "min11": ("b3", "5", "b7", "9", "11"),
    "13": ("3", "5", "b7", "9", "11", "13"),
    "maj13": ("3", "5", "7", "9", "11", "13"),
    "min13": ("b3", "5", "b7", "9", "11", "13"),
}

_LETTERS = "FCGDAEB"  # in fifths, F at -1
_STEPS = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 11}  # semitones of the degrees of a major scale
_DEGREE_FIFTHS = {1: 0, 2: 2, 3: 4, 4: -1, 5: 1, 6: 3, 7: 5}
_DEGREE = re.compile(r"(\*?)([b#]*)([1-9]\d?)")

# Kinds as sets of semitones over the root: what MIREX compares.
_TRIADS = {frozenset({0, 4, 7}): "maj", frozenset({0, 3, 7}): "min"}
_SEVENTHS = {
    **_TRIADS,
    frozenset({0, 4, 7, 11}): "maj7",
    frozenset({0, 4, 7, 10}): "7",
    frozenset({0, 3, 7, 10}): "min7",
}


class ChordError(PipelineError):
    """Text that is not a chord in Harte's syntax."""


def fifths_of(name: str) -> int:
    """Return the position of a note name on the line of fifths: F -1, C 0, G 1, Bb -2, F# 6."""
    return _LETTERS.index(name[0]) - 1 + 7 * (name.count("#") - name.count("b"))


def name_of(fifths: int) -> str:
    """Return the note name at a position on the line of fifths; the inverse of `fifths_of`."""
    alteration, letter = divmod(fifths + 1, 7)
    return _LETTERS[letter] + ("#" * alteration if alteration > 0 else "b" * -alteration)


def parts_of(degree: str) -> tuple[bool, int, int]:
    """Return whether a degree is left out, its alteration in semitones and its number.

    ``*b3`` is (True, -1, 3).

    Raises:
        ChordError: no degree from 1 to 13.
    """
    match = _DEGREE.fullmatch(degree)
    if match is None or not 1 <= int(match[3]) <= 13:
        raise ChordError(f'"{degree}" is no degree of a chord; allowed are 1 to 13 with b or #, and *')
    return bool(match[1]), match[2].count("#") - match[2].count("b"), int(match[3])


def semitones_of(degree: str) -> int:
    """Return the distance of a degree from the root in semitones, 0 to 11: ``b3`` 3, ``9`` 2."""
    _, alteration, number = parts_of(degree)
    return (_STEPS[(number - 1) % 7 + 1] + alteration) % 12


def degree_of(root: str, bass: str) -> str:
    """Return a bass note as a degree of the root: C over E is ``3``, C over Bb is ``b7``."""
    distance = fifths_of(bass) - fifths_of(root)
    number = next(n for n, fifths in _DEGREE_FIFTHS.items() if (distance - fifths) % 7 == 0)
    alteration = (distance - _DEGREE_FIFTHS[number]) // 7
    return ("#" * alteration if alteration > 0 else "b" * -alteration) + str(number)


@dataclass(frozen=True)
class Chord:
    """A chord symbol.

    Attributes:
        root: note name, such as ``F#`` or ``Bb``.
        kind: a shorthand of `KINDS`.
        degrees: degrees added to the kind, or left out of it (``*5``), in the order written.
        bass: degree of the bass note; "" for the root.
    """

    root: str
    kind: str
    degrees: tuple[str, ...] = ()
    bass: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-G](b{0,3}|#{0,3})", self.root):
            raise ChordError(f'"{self.root}" is no root of a chord; allowed are A to G with b or #')
        if self.kind not in KINDS:
            raise ChordError(f'"{self.kind}" is no kind of a chord; allowed are {", ".join(KINDS)}')
        for degree in (*self.degrees, *([self.bass] if self.bass else [])):
            parts_of(degree)

    def __str__(self) -> str:
        degrees = f"({','.join(self.degrees)})" if self.degrees else ""
        return f"{self.root}:{self.kind}{degrees}" + (f"/{self.bass}" if self.bass else "")

    @cached_property
    def semitones(self) -> frozenset[int]:
        """The chord's notes in semitones over its root, without the bass."""
        held = {0, *map(semitones_of, KINDS[self.kind])}
        for degree in self.degrees:
            (held.discard if degree.startswith("*") else held.add)(semitones_of(degree))
        return frozenset(held)

    @property
    def root_pitch_class(self) -> int:
        """Pitch class of the root, C 0 to B 11."""
        return 7 * fifths_of(self.root) % 12

    @property
    def bass_pitch_class(self) -> int:
        """Pitch class of the lowest note, C 0 to B 11."""
        return (self.root_pitch_class + (semitones_of(self.bass) if self.bass else 0)) % 12

    @property
    def bass_name(self) -> str:
        """Name of the lowest note: ``F#`` for ``D:maj/3``."""
        if not self.bass:
            return self.root
        _, alteration, number = parts_of(self.bass)
        return name_of(fifths_of(self.root) + _DEGREE_FIFTHS[(number - 1) % 7 + 1] + 7 * alteration)

    @property
    def pitch_classes(self) -> frozenset[int]:
        """Pitch classes of all notes, bass included."""
        return frozenset((self.root_pitch_class + s) % 12 for s in self.semitones) | {self.bass_pitch_class}

    @property
    def majmin(self) -> str:
        """Reduction to major and minor triads, such as ``A:min``; ``X`` where it is neither."""
        return self._reduced(_TRIADS, frozenset(s for s in self._narrow() if s < 8))

    @property
    def sevenths(self) -> str:
        """Reduction to maj, min, 7, maj7 and min7; ``X`` where it is none of them."""
        return self._reduced(_SEVENTHS, self._narrow())

    def _narrow(self) -> frozenset[int]:
        """The semitones without the ninths, elevenths and thirteenths of the kind and its degrees."""
        held = {0, *(semitones_of(d) for d in KINDS[self.kind] if parts_of(d)[2] <= 7)}
        for degree in self.degrees:
            left_out, _, number = parts_of(degree)
            if left_out:
                held.discard(semitones_of(degree))
            elif number <= 7:
                held.add(semitones_of(degree))
        return frozenset(held)

    def _reduced(self, kinds: dict[frozenset[int], str], semitones: frozenset[int]) -> str:
        kind = kinds.get(semitones)
        return UNKNOWN_CHORD if kind is None else f"{self.root}:{kind}"

    def inverted(self, inversion: int) -> Chord:
        """Return the chord with another of its notes as bass, counted in thirds: 1 has the third.

        Raises:
            ChordError: the chord has too few notes.
        """
        left_out = {degree[1:] for degree in self.degrees if degree.startswith("*")}
        held = [*KINDS[self.kind], *(d for d in self.degrees if not d.startswith("*"))]
        notes = ["1", *sorted((d for d in held if d not in left_out), key=lambda degree: parts_of(degree)[2])]
        if not 0 <= inversion < len(notes):
            raise ChordError(f"inversion {inversion} of {self}, which has {len(notes)} notes")
        _, alteration, number = parts_of(notes[inversion])
        bass = ("#" * alteration if alteration > 0 else "b" * -alteration) + str((number - 1) % 7 + 1)
        return replace(self, bass=bass if inversion else "")

    def transposed(self, semitones: int) -> Chord:
        """Return the chord transposed up by a number of semitones.

        Whole octaves change nothing; any other root is spelled from Ab to C#.
        """
        if semitones % 12 == 0:
            return self
        fifths = fifths_of(self.root) + 7 * semitones
        return Chord(name_of((fifths + 4) % 12 - 4), self.kind, self.degrees, self.bass)


def parse_harte(text: str) -> Chord:
    """Return the chord that `str` of a `Chord` has written.

    Raises:
        ChordError: the text is no chord in Harte's syntax, ``N`` and ``X`` included.
    """
    match = re.fullmatch(r"([A-G][b#]*):([a-z]*\d*)(?:\(([^()]*)\))?(?:/([b#]*\d+))?", text)
    if match is None:
        raise ChordError(f'"{text}" is no chord in Harte\'s syntax, such as A:min7 or D:7(b9)/3')
    root, kind, degrees, bass = match.groups()
    return Chord(root, kind, tuple(degrees.split(",")) if degrees else (), bass or "")


def transpose(harte: str, semitones: int) -> str:
    """Return a chord in Harte's syntax transposed up by semitones; ``N`` and ``X`` stay.

    >>> transpose("G:7/3", 5), transpose("N", 5)
    ('C:7/3', 'N')
    """
    if harte in (NO_CHORD, UNKNOWN_CHORD) or semitones % 12 == 0:
        return harte
    return str(parse_harte(harte).transposed(semitones))


def chord_of(root: str, kind: str, changes: Sequence[str] = (), bass: str = "") -> Chord:
    """Return a chord with its simplest kind: a minor seventh with ``*5`` and ``b5`` is half-diminished.

    Args:
        root, bass: note names; "" for a bass that is the root.
        kind: a shorthand of `KINDS`.
        changes: degrees added, or left out (``*5``).
    """
    kind, degrees = _simplest(kind, tuple(dict.fromkeys(changes)))
    return Chord(root, kind, degrees, degree_of(root, bass) if bass and bass != root else "")


# A kind with an altered fifth that has a name of its own.
_ALTERED_FIFTHS = {
    ("min7", "b5"): ("hdim7", ()),
    ("min", "b5"): ("dim", ()),
    ("maj", "#5"): ("aug", ()),
    ("7", "#5"): ("aug", ("b7",)),
    ("9", "#5"): ("aug", ("b7", "9")),
    ("maj7", "#5"): ("aug", ("7",)),
    ("min9", "b5"): ("hdim7", ("9",)),
}


def _simplest(kind: str, changes: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    fifths = [change for change in changes if change in ("b5", "#5")]
    if len(fifths) == 1 and "*5" in changes and (kind, fifths[0]) in _ALTERED_FIFTHS:
        kind, added = _ALTERED_FIFTHS[kind, fifths[0]]
        changes = added + tuple(change for change in changes if change not in ("*5", fifths[0]))
    return kind, changes
