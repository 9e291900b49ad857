"""Roman numerals of the Humdrum spine ``**harm`` as chords in Harte's syntax.

A token is a numeral with its intervals and a letter for its inversion (``V7b``, ``-IIb``,
``viioD7``), in another key after a slash (``V7/ii``, ``V/V/III``). Choices:

- The third is major for upper case and minor for lower case, the fifth is perfect unless
  ``o`` or ``+`` follows. A seventh, ninth, eleventh or thirteenth without a quality is the one
  of the key signature; after a slash, of the signature of that key.
- Degrees of a minor key are those of the harmonic scale; ``VII`` without a sign is the major
  triad below the tonic (F in G minor), as analysts write it, ``viio`` is on the leading tone.
- ``Lt``, ``Fr`` and ``Gn`` are spelled over the lowered sixth degree, their bass: ``Ab:maj(#6)``.
  With a letter they are inversions of the chord in thirds, on the raised fourth degree, of ``Fr``
  on the second: ``Gnb`` has the bass of ``Gn``.
- Implied ``(V)`` is read like ``V``; of alternatives, ``V[I/V]``, the first; ``~Nb`` like ``Nb``.
- Not understood, because they have no root: the Tristan chord, intervals over a bass
  (``?-IIIM3A4``), figured bass, and any numeral where no key is known (``*?:``).

Source: D. Huron, *The Humdrum Toolkit*, representation ``**harm``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.core.chords import KINDS, NO_CHORD, ChordError, chord_of, degree_of, name_of
from pipeline.formats.readers.kern.tokens import KernKey

_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_ABOVE_TONIC = (0, 2, 4, -1, 1, 3, 5)  # degrees of a major scale on the line of fifths
_SHARP = 7  # a semitone up on the line of fifths, the letter kept
_INTERVAL = r"(?:AA|DD|[mMPAD])?(?:13|11|[2-79])"
_CHORD = re.compile(
    rf"(?P<signs>-*|#*)(?P<numeral>[IV]+|[iv]+)(?P<fifth>[o+]?)(?P<more>(?:{_INTERVAL})*)(?P<letter>[a-g]?)"
)
_SPECIAL = re.compile(rf"(?P<name>N|Lt|Fr|Gn)(?P<more>(?:{_INTERVAL})*)(?P<letter>[a-g]?)")
_STACKED = (7, 9, 11, 13)
_PERFECT = (4, 5, 11)
_QUALITIES = {"P": 0, "M": 0, "m": -1, "A": 1, "AA": 2}

# Changes of a major triad on the lowered sixth degree; the notes in thirds, for the letters a, b, c, d.
_SIXTHS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Lt": (("*5", "#6"), ("#6", "1", "3")),
    "Fr": (("*5", "#4", "#6"), ("#4", "#6", "1", "3")),
    "Gn": (("#6",), ("#6", "1", "3", "5")),
}


def read_roman(token: str, key: KernKey | None) -> str | None:
    """Return a token of ``**harm`` in Harte's syntax.

    >>> from pipeline.formats.readers.kern.tokens import read_key
    >>> read_roman("V7b", read_key("*G:")), read_roman("viio7/ii", read_key("*C:"))
    ('D:7/3', 'C#:dim7')

    Args:
        token: as the spine has it.
        key: the key in force; None for none.

    Returns:
        ``N`` for a rest (``r``); None for what is not understood.
    """
    first = re.sub(r"(?<=.)\[[^\[\]]*\]", "", token.strip()).translate(str.maketrans("", "", "()[]~"))
    if first == "r":
        return NO_CHORD
    if key is None or not first:
        return None
    chord, *keys = first.split("/")
    try:
        for numeral in reversed(keys):
            key = _key_of(numeral, key)
        return _special(chord, key) or _numeral(chord, key)
    except ChordError:
        return None


def _key_of(numeral: str, key: KernKey) -> KernKey:
    """The key of a numeral: minor for lower case."""
    found = _CHORD.fullmatch(numeral)
    if found is None or found["more"] or found["letter"]:
        raise ChordError(f'"{numeral}" is no key after a slash')
    tonic = _root(found, key)
    return KernKey(tonic, "major", tonic) if numeral.isupper() else KernKey(tonic, "minor", tonic - 3)


def _root(found: re.Match[str], key: KernKey) -> int:
    """The root of a numeral on the line of fifths."""
    numeral, signs = found["numeral"], found["signs"]
    if numeral.upper() not in _NUMERALS:
        raise ChordError(f'"{numeral}" is no degree of a scale')
    degree = _NUMERALS.index(numeral.upper())
    root = _in_signature(key.tonic + _ABOVE_TONIC[degree], key)
    subtonic = numeral == "VII" and not signs
    if degree == 6 and key.mode == "minor" and not subtonic:
        root += _SHARP
    return root + _SHARP * (signs.count("#") - signs.count("-"))


def _in_signature(fifths: int, key: KernKey) -> int:
    """The note of the same letter in the key signature."""
    return (fifths - key.fifths + 1) % 7 + key.fifths - 1


def _numeral(text: str, key: KernKey) -> str | None:
    found = _CHORD.fullmatch(text)
    if found is None or (found["fifth"] == "o" and found["numeral"].isupper()):
        return None
    root = _root(found, key)
    fifth = {"o": "b5", "+": "#5", "": "5"}[found["fifth"]]
    notes = {3: "3" if found["numeral"].isupper() else "b3", 5: fifth}
    return _chord(root, notes | _more(found["more"], root, key), found["letter"])


def _special(text: str, key: KernKey) -> str | None:
    """The Neapolitan chord and the augmented sixths."""
    found = _SPECIAL.fullmatch(text)
    if found is None:
        return None
    if found["name"] == "N":
        root = key.tonic + _ABOVE_TONIC[1] - _SHARP
        return _chord(root, {3: "3", 5: "5"} | _more(found["more"], root, key), found["letter"])
    changes, thirds = _SIXTHS[found["name"]]
    place = "abcdefg".index(found["letter"]) if found["letter"] else thirds.index("1")
    if found["more"] or place >= len(thirds):
        return None
    written = str(chord_of(name_of(key.tonic - 4), "maj", changes))
    return written if thirds[place] == "1" else f"{written}/{thirds[place]}"


def _more(text: str, root: int, key: KernKey) -> dict[int, str]:
    """The degrees over a root that are written as intervals, and those that these include."""
    written: dict[int, str] = {}
    for quality, number in re.findall(r"(AA|DD|[mMPAD]?)(13|11|[2-79])", text):
        if quality:
            written[int(number)] = _interval(quality, int(number))
        elif int(number) in _STACKED:
            written[int(number)] = _of_signature(int(number), root, key)
        else:
            raise ChordError(f'"{text}" is figured bass, which **harm does not use')
    highest = max((number for number in written if number in _STACKED), default=0)
    for number in _STACKED:
        if number < highest:
            written.setdefault(number, _of_signature(number, root, key))
    return written


def _of_signature(number: int, root: int, key: KernKey) -> str:
    """The degree of a number over a root, with the key signature."""
    note = _in_signature(root + _ABOVE_TONIC[(number - 1) % 7], key)
    return degree_of(name_of(root), name_of(note))[:-1] + str(number)


def _interval(quality: str, number: int) -> str:
    perfect = number in _PERFECT
    if quality == "P" if not perfect else quality in ("M", "m"):
        raise ChordError(f'"{quality}{number}" is no interval')
    lowered = len(quality) + (not perfect) if quality[0] == "D" else 0
    alteration = -lowered if lowered else _QUALITIES[quality]
    return ("#" * alteration if alteration > 0 else "b" * -alteration) + str(number)


def _chord(root: int, notes: dict[int, str], letter: str) -> str:
    """A chord in Harte's syntax: the largest kind that its degrees hold, and the others."""
    held = [notes[number] for number in sorted(notes)]
    bass = ""
    if letter not in ("", "a"):
        number = (3, 5, *_STACKED)["bcdefg".index(letter)]
        if number not in notes:
            raise ChordError(f"no note of the chord is its inversion {letter}")
        bass = _simple(notes[number])
    kind, changes = _kind(held, notes[5])
    written = str(chord_of(name_of(root), kind, changes))
    return f"{written}/{bass}" if bass else written


def _kind(held: Sequence[str], fifth: str) -> tuple[str, tuple[str, ...]]:
    for instead in (fifth, "5"):  # a kind with this fifth, else one whose fifth is replaced
        degrees = [instead if degree == fifth else degree for degree in held]
        fitting = [kind for kind, own in KINDS.items() if set(own) <= set(degrees) and len(own) > 1]
        if fitting:
            kind = max(fitting, key=lambda name: len(KINDS[name]))
            replaced = () if instead == fifth else ("*5", fifth)
            return kind, (*replaced, *(degree for degree in degrees if degree not in KINDS[kind]))
    raise ChordError(f"no kind has the degrees {', '.join(held)}")


def _simple(degree: str) -> str:
    """A degree of the bass, within the octave: ``b9`` is ``b2``."""
    signs, number = re.findall(r"([b#]*)(\d+)", degree)[0]
    return f"{signs}{(int(number) - 1) % 7 + 1}"
