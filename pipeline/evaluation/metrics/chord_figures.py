"""Chord symbols and figured bass of a piece: root, quality and inversion of each chord.

A chord is named where its pitch classes belong to a triad or a seventh chord; of several
that fit, the one with fewest tones, then the one whose root is in the bass. Figures are those
of figured bass: none, 6 and 64 of triads, 7, 65, 43 and 42 of seventh chords.

Source: Kostka & Payne, Tonal Harmony, chapter 3. Only the definitions are used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.core.music import SILENCE, Grid
from pipeline.decoding.voice_leading.rules import OCTAVE

QUALITIES = {  # semitones above the root, triads first
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "dominant seventh": (0, 4, 7, 10),
    "major seventh": (0, 4, 7, 11),
    "minor seventh": (0, 3, 7, 10),
    "half-diminished seventh": (0, 3, 6, 10),
    "diminished seventh": (0, 3, 6, 9),
}
FIGURES = {3: ("", "6", "64"), 4: ("7", "65", "43", "42")}  # by tone in the bass


class ChordFigure(NamedTuple):
    """One chord.

    Attributes:
        step: where it begins.
        root: pitch class.
        quality: a key of QUALITIES.
        figure: of figured bass.
    """

    step: int
    root: int
    quality: str
    figure: str


def chord_figures(grid: Grid, steps_per_beat: int = 1, first_beat: int = 0) -> list[ChordFigure]:
    """The chords of a piece, on beats, each where it differs from the one before.

    Args:
        grid: (T, V) at least two voices, the highest first.
        steps_per_beat: chords between beats are passed over.
        first_beat: step of the first beat.
    """
    found: list[ChordFigure] = []
    pitch = grid.pitch.astype(np.int64)
    for step in range(first_beat, grid.n_steps, steps_per_beat):
        if (pitch[step] == SILENCE).any():
            continue
        chord = _name(step, pitch[step])
        if chord and (not found or found[-1][1:] != chord[1:]):
            found.append(chord)
    return found


def _name(step: int, pitches: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> ChordFigure | None:
    held = {int(pitch) % OCTAVE for pitch in pitches}
    bass = int(pitches.min()) % OCTAVE
    best: tuple[tuple[int, int, int], ChordFigure] | None = None
    for rank, (quality, tones) in enumerate(QUALITIES.items()):
        for root in held:
            chord = [(root + tone) % OCTAVE for tone in tones]
            if held <= set(chord) and chord[1] in held:
                order = (len(tones), int(root != bass), rank)
                figure = FIGURES[len(tones)][chord.index(bass)]
                if best is None or order < best[0]:
                    best = (order, ChordFigure(step, root, quality, figure))
    return best[1] if best else None
