"""Chords as text: one step a column, from the top voice down."""

import numpy as np

from pipeline.core.music import Grid

NAMES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


def note(name: str) -> int:
    """C4 is 60; `-` is silence."""
    return 0 if name == "-" else 12 * (int(name[-1]) + 1) + NAMES[name[0]] + name.count("#")


def chords(*columns: str) -> Grid:
    """One column per step, top voice first; a repeated pitch is held unless it is marked with `!`."""
    names = [column.split() for column in columns]
    pitch = np.array([[note(name.rstrip("!")) for name in column] for column in names], np.uint8)
    again = np.array([[name.endswith("!") for name in column] for column in names])
    tied = np.zeros(pitch.shape, bool)
    tied[1:] = (pitch[1:] == pitch[:-1]) & ~again[1:]
    return Grid(pitch, tied)
