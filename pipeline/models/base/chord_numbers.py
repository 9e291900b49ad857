"""The chords that models distinguish, as numbers; no torch.

The numbering is the same for all data sets, so that weights can be used with any of them: 0 is an
unknown chord (before the first symbol), 1 no chord (``N``), 2 a symbol that is not understood (``X``);
the others are numbered by quality and root. Bass notes and added degrees are left out: ``D:7(b9)/3``
is D:7.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.chords import NO_CHORD, UNKNOWN_CHORD, Chord, name_of, parse_harte

TONES: dict[str, frozenset[int]] = {  # quality → its notes in semitones over the root
    "maj": frozenset({0, 4, 7}),
    "min": frozenset({0, 3, 7}),
    "7": frozenset({0, 4, 7, 10}),
    "maj7": frozenset({0, 4, 7, 11}),
    "min7": frozenset({0, 3, 7, 10}),
    "dim": frozenset({0, 3, 6}),
    "aug": frozenset({0, 4, 8}),
    "sus4": frozenset({0, 5, 7}),
    "5": frozenset({0, 7}),
}
QUALITIES = tuple(TONES)
UNKNOWN, NONE, NOT_UNDERSTOOD = 0, 1, 2
FIRST = 3  # C:maj, C#:maj, …, B:maj, C:min, …
N_CHORDS = FIRST + 12 * len(QUALITIES)
N_QUALITIES = FIRST + len(QUALITIES)

# steps until the next chord, where a new embedding begins
DISTANCES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
N_DISTANCES = len(DISTANCES) + 1  # 0: the chord does not change again


def numbers_of(chords: Sequence[str | None]) -> NDArray[np.int64]:
    """The numbers of chords in Harte's syntax.

    >>> numbers_of([None, "N", "X", "C:maj", "D:7(b9)/3", "A:hdim7"]).tolist()
    [0, 1, 2, 3, 29, 72]

    Raises:
        ChordError: text that is no chord in Harte's syntax.
    """
    return np.array([_number(chord) for chord in chords], np.int64)


def harte_of(number: int) -> str | None:
    """The chord of a number, in Harte's syntax; None for an unknown chord.

    >>> harte_of(0), harte_of(1), harte_of(29)
    (None, 'N', 'D:7')
    """
    if number < FIRST:
        return (None, NO_CHORD, UNKNOWN_CHORD)[number]
    quality, root = divmod(number - FIRST, 12)
    return f"{name_of((7 * root + 4) % 12 - 4)}:{QUALITIES[quality]}"


def transposed(numbers: ArrayLike, semitones: int) -> NDArray[np.int64]:
    """The same chords higher; those without a root stay."""
    given = np.asarray(numbers, np.int64)
    quality, root = np.divmod(given - FIRST, 12)
    return np.where(given < FIRST, given, FIRST + quality * 12 + (root + semitones) % 12)


def with_next(numbers: ArrayLike) -> NDArray[np.int64]:
    """(N, 3) of every step: its chord, the next chord, and the class of the distance to that.

    Args:
        numbers: (N,) the chord of each step.

    >>> with_next([3, 3, 3, 8]).tolist()
    [[3, 8, 3], [3, 8, 2], [3, 8, 1], [8, 0, 0]]
    """
    chords = np.asarray(numbers, np.int64)
    begins = np.flatnonzero(chords[1:] != chords[:-1]) + 1
    following = np.searchsorted(begins, np.arange(len(chords)), side="right")
    changes = following < len(begins)
    next_begin = np.append(begins, 0)[following]
    distance = np.where(changes, next_begin - np.arange(len(chords)), 0)
    classes = np.searchsorted(DISTANCES, distance, side="right")
    return np.stack([chords, np.where(changes, chords[next_begin], UNKNOWN), classes], axis=1)


def quality_of(chord: Chord) -> str:
    """The quality that a chord is numbered by: its seventh chord, else its third and fifth."""
    for reduced in (chord.sevenths, chord.majmin):
        if reduced != UNKNOWN_CHORD:
            return reduced.partition(":")[2]
    held = chord.semitones
    if 3 in held and 6 in held:
        return "dim"
    if 4 in held:
        return "aug" if 8 in held and 7 not in held else "7" if 10 in held else "maj"
    if 3 in held:
        return "min7" if 10 in held else "min"
    return "sus4" if held & {2, 5} else "5"


@lru_cache(maxsize=4096)
def _number(chord: str | None) -> int:
    if chord is None:
        return UNKNOWN
    if chord in (NO_CHORD, UNKNOWN_CHORD):
        return NONE if chord == NO_CHORD else NOT_UNDERSTOOD
    parsed = parse_harte(chord)
    return FIRST + 12 * QUALITIES.index(quality_of(parsed)) + parsed.root_pitch_class
