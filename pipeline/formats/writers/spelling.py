"""How notes are spelled in a key, and which of them need an accidental.

A place on the line of fifths is a spelled pitch class: F is -1, C 0, G 1, F sharp 6,
B flat -2. A key signature of n sharps has the places n - 1 … n + 5 as its scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

LETTERS = "FCGDAEB"  # by the line of fifths, from place -1
MOST_SIGNS = 7  # of a key signature
OCTAVE = 12
NATURALS = range(-1, 6)  # places of letters without an accidental

# places on the line of fifths from the tonic of the major key with the same signature
# to the final of a mode
MODES: Mapping[str, int] = {
    "lydian": -1,
    "major": 0,
    "ionian": 0,
    "mixolydian": 1,
    "dorian": 2,
    "minor": 3,
    "aeolian": 3,
    "phrygian": 4,
    "locrian": 5,
}
MINOR_THIRD = 2  # modes from this place on have one


class Key(NamedTuple):
    """A key signature and its mode.

    Attributes:
        fifths: sharps (+) or flats (-), -7 … 7; None unknown.
        mode: a name of MODES; "" unknown.
    """

    fifths: int | None = None
    mode: str = ""


class Spelled(NamedTuple):
    """A note as written: its letter, its alteration in semitones, its octave (C4 is middle C)."""

    letter: str
    alteration: int
    octave: int


def key_used(row: Mapping[str, Any]) -> Key:
    """The key by which a row was transposed; where it names none, the key as written.

    Essen songs in minor are written under the signature of the major key; the key used
    has the signature of the minor key. Of two signatures of the same key on a keyboard
    the one nearer to the written signature is taken.

    Args:
        row: of ``schemas.TOKENS`` or ``schemas.GRIDS``.
    """
    written, mode = row.get("key_fifths"), row.get("key_mode") or ""
    tonic, used = row.get("tonic_pc"), row.get("mode_used") or ""
    if tonic is not None and used in MODES:
        return Key(_signature(7 * tonic - MODES[used], written or 0), used)
    known = mode if mode in MODES else ""
    return Key() if written is None else Key(_signature(written, written), known)


def _signature(place: int, near: int) -> int:
    """The signature of a key on a keyboard, -7 … 7, nearest to another."""
    same = [fifths for fifths in range(-MOST_SIGNS, MOST_SIGNS + 1) if (fifths - place) % 12 == 0]
    return min(same, key=lambda fifths: (abs(fifths - near), abs(fifths)))


def spell(pitch: int, fifths: int, mode: str = "") -> Spelled:
    """A note spelled in a key.

    Notes outside the scale take the place nearest to it on the line of fifths: in C major
    B flat, E flat and F, C, G sharp, in A minor D sharp instead of E flat. A note that is a
    white key is altered only where the key calls for it: its scale, and in modes with a
    minor third the raised sixth and seventh. So B sharp is a note of C sharp minor, and
    F natural is no E sharp in A major.

    >>> [spell(61, 2)[:2], spell(61, -4)[:2], spell(65, 3)[:2], spell(65, 3, "minor")[:2]]
    [('C', 1), ('D', -1), ('F', 0), ('E', 1)]
    """
    final = MODES.get(mode, 0)
    flattest = fifths - (2 if mode in ("minor", "aeolian", "phrygian") else 3)
    place = flattest + (7 * pitch - flattest) % 12
    called_for = {*range(fifths - 1, fifths + 6)}
    if final >= MINOR_THIRD:
        called_for |= {fifths + final + 3, fifths + final + 5}
    natural = (7 * pitch + 1) % 12 - 1
    if natural in NATURALS and place not in called_for:
        place = natural
    alteration = (place + 1) // 7
    return Spelled(LETTERS[(place + 1) % 7], alteration, (pitch - alteration) // OCTAVE - 1)


class Accidentals:
    """Which accidental a note needs, in one staff, from bar to bar.

    An accidental holds for its letter and octave to the end of the bar; a tie carries
    the pitch over the bar line, not the accidental. Where the letter was altered
    otherwise in another octave or by such a tie, a courtesy accidental is written.
    """

    def __init__(self, fifths: int) -> None:
        self._key = {
            letter: (1 if fifths > place else 0) - (1 if fifths < place - 6 else 0)
            for place, letter in enumerate(LETTERS)
        }
        self._in_force: dict[tuple[str, int], int] = {}
        self._last: dict[str, int] = {}

    def next_bar(self) -> None:
        """Only the key signature is in force again."""
        self._in_force.clear()
        self._last.clear()

    def needed(self, note: Spelled, tied: bool) -> int | None:
        """The alteration to write before the next note of the staff, None for none.

        Args:
            tied: a tie leads to the note: it needs none.
        """
        line, plain = (note.letter, note.octave), self._key[note.letter]
        in_force = self._in_force.get(line, plain)
        last = self._last.get(note.letter, plain)
        self._last[note.letter] = note.alteration
        if tied or in_force == last == note.alteration:
            return None
        self._in_force[line] = note.alteration
        return note.alteration
