"""The chords that close phrases.

A **closing chord** is the chord of the last step of a phrase (a fermata), if all voices
sound. It is a triad in root position where its lowest note is the root of a major or
minor triad, its third sounds and no other pitch class than the triad's does; the fifth may
be missing, as it often is in four voices.

Source: Kostka & Payne, Tonal Harmony, chapter 10. Only the definitions are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import SILENCE, Grid
from pipeline.decoding.voice_leading.rules import FIFTH, OCTAVE

THIRDS = (3, 4)


@dataclass(frozen=True)
class Cadences:
    """Counts of one piece, or of many.

    Attributes:
        closing: closing chords.
        root_position: those that are triads in root position.
    """

    closing: int
    root_position: int

    @property
    def share(self) -> float | None:
        """The share of closing chords that are triads in root position; None without any."""
        return self.root_position / self.closing if self.closing else None


def cadences(grid: Grid, phrase_ends: NDArray[np.bool_]) -> Cadences:
    """Count one piece.

    Args:
        grid: (T, V), the highest voice first.
        phrase_ends: (T,) True at the last step of each phrase.
    """
    chords = grid.pitch[phrase_ends].astype(np.int64)
    chords = chords[(chords != SILENCE).all(axis=1)]
    above = (chords - chords.min(axis=1, keepdims=True)) % OCTAVE if len(chords) else chords
    triads = [
        (np.isin(above, (0, third, FIFTH)).all(axis=1) & (above == third).any(axis=1)) for third in THIRDS
    ]
    return Cadences(len(chords), int(np.logical_or(*triads).sum()))


def add(pieces: Iterable[Cadences]) -> Cadences:
    """Add pieces."""
    counted = list(pieces)
    return Cadences(sum(each.closing for each in counted), sum(each.root_position for each in counted))
