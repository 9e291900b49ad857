"""Fingerprints of grids: equal for the same notes in any key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import SILENCE
from pipeline.datasets.columns.ragged import Bools, Ints, owners, run_starts

SILENT = 1000  # silence: outside the range of intervals from the first note, held or not
HELD = 2000  # added where a note or a silence is held


def fingerprints(pitch: NDArray[np.uint8], begun: Bools, steps: Ints) -> Iterator[bytes]:
    """A sha256 per grid, of its pitches relative to its first sounding pitch.

    Args:
        pitch: (steps, V) pitches of all grids, concatenated.
        begun: (steps, V) True where a note or a silence begins.
        steps: (n + 1,) offsets of the grids.
    """
    sounds = pitch != SILENCE
    row = owners(steps)
    sounding = sounds.any(axis=1)
    begins = run_starts(row[sounding])
    first = np.zeros(len(steps) - 1, np.int64)
    first[row[sounding][begins]] = pitch.max(axis=1)[sounding][begins]
    relative = np.where(sounds, pitch - first[row][:, None], SILENT)
    tokens = np.where(begun, relative, relative + HELD).astype(np.int16)
    for begin, end in zip(steps[:-1].tolist(), steps[1:].tolist(), strict=True):
        yield hashlib.sha256(tokens[begin:end].tobytes()).digest()
