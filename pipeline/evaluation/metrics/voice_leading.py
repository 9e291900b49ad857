"""Rules of four-part writing, counted; :mod:`pipeline.decoding.voice_leading.rules` lists them.

**A chord** is a step at which all voices sound and one at least begins a note. All
counts are given per 100 chords: sum, then divide. Two chords are compared where one
follows the other with no silence between, from the step before the later one.

Bach breaks every one of these rules occasionally; a figure is meaningful only compared with
that of his own pieces.

Sources: Kostka & Payne, Tonal Harmony, chapters 5 and 6 (parallels, direct fifths and
octaves, spacing, crossing, overlap, ranges, doubled leading notes); Huron 2001, Tone and
Voice, Music Perception 19, for their perceptual effects. Only the definitions are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import SILENCE, Grid
from pipeline.decoding.voice_leading.keys import UNKNOWN_KEY, WrittenKey
from pipeline.decoding.voice_leading.rules import FIFTH, OCTAVE, RANGES

CHORDS = (  # pitch classes above a root: triads and seventh chords
    (0, 4, 7),
    (0, 3, 7),
    (0, 3, 6),
    (0, 4, 7, 10),
    (0, 4, 7, 11),
    (0, 3, 7, 10),
    (0, 3, 6, 10),
    (0, 3, 6, 9),
)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class VoiceLeading:
    """Counts of one piece, or of many.

    Attributes:
        chords: steps at which all voices sound and one begins a note.
        parallel_fifths, parallel_octaves: pairs of voices that move in the same direction
            from a fifth (an octave or unison) to another, octaves between them not counted.
        direct: outer voices that move in the same direction from another interval to a fifth or
            an octave, the soprano by leap.
        crossings: chords in which a voice lies below the next lower one.
        overlaps: voices that move beyond where a neighbour was in the chord before; crossed
            ones count, too.
        wide: chords with more than an octave between neighbours above the bass.
        out_of_range: notes that begin outside of their voice's range.
        leaps: notes more than an octave away from the previous note of their voice, also after
            silence.
        doubled_leading: chords in which several voices have the leading note of the key.
        dissonant: chords that are neither a triad nor a seventh chord, nor a part of one.
    """

    chords: int
    parallel_fifths: int
    parallel_octaves: int
    direct: int
    crossings: int
    overlaps: int
    wide: int
    out_of_range: int
    leaps: int
    doubled_leading: int
    dissonant: int

    def per_hundred(self) -> dict[str, float | None]:
        """Every count but that of chords, per 100 of these; None without any."""
        counts = asdict(self)
        n = counts.pop("chords")
        return {name: 100 * count / n if n else None for name, count in counts.items()}


def voice_leading(grid: Grid, key: WrittenKey = UNKNOWN_KEY) -> VoiceLeading:
    """Count one piece.

    Args:
        grid: of at least two voices, the highest first.
        key: of the piece; ranges are of the piece as written, and without a leading note
            no doubled one is counted.
    """
    pitch, begins = grid.pitch.astype(np.int64), ~grid.tied & (grid.pitch != SILENCE)
    whole = (pitch != SILENCE).all(axis=1)
    chords = whole & begins.any(axis=1)
    later = np.flatnonzero(chords[1:] & whole[:-1]) + 1  # chords that follow another
    before, after, moved = pitch[later - 1], pitch[later], begins[later]
    leading = -1 if key.leading_note is None else key.leading_note
    return VoiceLeading(
        chords=int(chords.sum()),
        parallel_fifths=_parallels(before, after, FIFTH),
        parallel_octaves=_parallels(before, after, 0),
        direct=int(direct_intervals(before, after).sum()),
        crossings=int((np.diff(pitch[chords], axis=1) > 0).any(axis=1).sum()),
        overlaps=_overlaps(before, after, moved),
        wide=int((-np.diff(pitch[chords][:, :-1], axis=1) > OCTAVE).any(axis=1).sum()),
        out_of_range=int(out_of_range(pitch - key.transposition, begins).sum()),
        leaps=_leaps(pitch, begins),
        doubled_leading=int(((pitch[chords] % OCTAVE == leading).sum(axis=1) > 1).sum()),
        dissonant=_dissonant(pitch[chords]),
    )


def total(pieces: Iterable[VoiceLeading]) -> VoiceLeading:
    """Add pieces."""
    counted = list(pieces)
    return VoiceLeading(
        **{field.name: sum(getattr(each, field.name) for each in counted) for field in fields(VoiceLeading)}
    )


def _parallels(before: Ints, after: Ints, interval: int) -> int:
    """Pairs that keep a perfect interval while both move in the same direction."""
    pairs = combinations(range(before.shape[1]), 2)
    return sum(int(parallel_intervals(before, after, high, low, interval).sum()) for high, low in pairs)


def parallel_intervals(before: Ints, after: Ints, high: int, low: int, interval: int) -> Bools:
    """(n,) where two voices keep a perfect interval while both move in the same direction.

    Args:
        before, after: (n, V) pitches of chords that follow each other.
        high, low: the two voices.
        interval: 7 for fifths, 0 for octaves and unisons.
    """
    kept = [np.abs(side[:, high] - side[:, low]) % OCTAVE == interval for side in (before, after)]
    return np.asarray(kept[0] & kept[1] & _alike(before, after, high, low))


def direct_intervals(before: Ints, after: Ints) -> Bools:
    """(n,) where the outer voices move in the same direction into a perfect interval, the upper by leap."""
    low = before.shape[1] - 1
    was, now = (np.abs(side[:, 0] - side[:, low]) % OCTAVE for side in (before, after))
    perfect = np.isin(now, (0, FIFTH)) & (now != was)
    leapt = np.abs(after[:, 0] - before[:, 0]) > 2
    return np.asarray(perfect & leapt & _alike(before, after, 0, low))


def _alike(before: Ints, after: Ints, high: int, low: int) -> Bools:
    """Where two voices move, and in the same direction."""
    motion = np.sign(after - before)
    return np.asarray((motion[:, high] != 0) & (motion[:, high] == motion[:, low]))


def _overlaps(before: Ints, after: Ints, moved: Bools) -> int:
    above, below = slice(None, -1), slice(1, None)
    falls = moved[:, above] & (after[:, above] < before[:, below])
    rises = moved[:, below] & (after[:, below] > before[:, above])
    return int(falls.sum() + rises.sum())


def out_of_range(pitch: Ints, begins: Bools) -> Bools:
    """(T, V) where a note begins outside of its voice's range; only pieces of four voices have ranges.

    Args:
        pitch: (T, V) of the piece as written.
        begins: (T, V) where a note begins.
    """
    if pitch.shape[1] != len(RANGES):
        return np.zeros_like(begins)
    low, high = np.array(RANGES).T
    return np.asarray(begins & ((pitch < low) | (pitch > high)))


def _leaps(pitch: Ints, begins: Bools) -> int:
    return sum(
        int((np.abs(np.diff(pitch[begins[:, voice], voice])) > OCTAVE).sum())
        for voice in range(pitch.shape[1])
    )


def _dissonant(chords: Ints) -> int:
    """Chords whose pitch classes fit into no triad and no seventh chord of any root."""
    held = np.bitwise_or.reduce(1 << (chords % OCTAVE), axis=1) if len(chords) else np.zeros(0, np.int64)
    known = [sum(1 << (root + tone) % OCTAVE for tone in chord) for root in range(OCTAVE) for chord in CHORDS]
    fits = (held[:, None] & ~np.array(known)) == 0
    return int((~fits.any(axis=1)).sum())
