"""The key of a piece and its transposition.

There are three policies, chosen per corpus:

``signature``  the piece is transposed so that its written key signature has no accidentals;
               modes keep their final
(D dorian stays D dorian).
``tonic``      the written key gives only the tonic (Essen writes minor songs under
               a major signature): minor if the lowered third sounds longer than the
               raised one, else major.
``analysis``   the key whose profile fits the sounding time of the twelve pitch
               classes best.

If the source names no key (no signature, or no mode for ``tonic``), analysis can be the fallback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.datasets.columns.ragged import Bools, Ints

Policy = Literal["signature", "tonic", "analysis"]
Fallback = Literal["analysis", "reject"]

# semitones from the tonic of the major key with the same signature to the final of a mode
FINALS = {
    "major": 0,
    "ionian": 0,
    "dorian": 2,
    "phrygian": 4,
    "lydian": 5,
    "mixolydian": 7,
    "minor": 9,
    "aeolian": 9,
    "locrian": 11,
}
FIFTH = 7
UNKNOWN = -1
LOWEST_SHIFT = -5  # shifts run to +6

# Key profiles, tonic first: scale degrees by their weight
# in the triad, other degrees of the scale, then notes outside it. Both sum to 33.
MAJOR_PROFILE = (8, 0, 4, 0, 5, 4, 0, 6, 0, 3, 0, 3)
MINOR_PROFILE = (8, 0, 4, 5, 0, 4, 0, 6, 3, 0, 1, 2)


@dataclass(frozen=True)
class Keys:
    """The keys of n pieces.

    Attributes:
        tonic: (n,) pitch class 0 … 11, UNKNOWN where the source names no mode.
        mode: "major", "dorian", …, "" unknown.
        source: how the key was found: "signature", "tonic", "tonic, no third", "analysis".
        home: (n,) pitch class that becomes C: the tonic of the major key with the same
            signature; UNKNOWN where the key is unknown.
    """

    tonic: Ints
    mode: NDArray[np.str_]
    source: NDArray[np.str_]
    home: Ints

    @property
    def shift(self) -> Ints:
        """(n,) semitones, -5 … +6, to C major, A minor or the mode on white keys; 0 if unknown."""
        return np.where(self.home == UNKNOWN, 0, (-self.home - LOWEST_SHIFT) % 12 + LOWEST_SHIFT)


def find_keys(
    grids: pa.Table, sounding: Ints, policies: Sequence[Policy], fallback: Fallback = "reject"
) -> Keys:
    """Find the key of every piece.

    Args:
        grids: rows of ``schemas.GRIDS``.
        sounding: (n, 12) steps that each pitch class sounds.
        policies: (n,) how to find the key.
        fallback: ``analysis`` finds the key from the notes if the source names none; otherwise it is unknown.
    """
    n = grids.num_rows
    fifths = grids["key_fifths"].fill_null(0).to_numpy().astype(np.int64)
    signed = ~np.asarray(grids["key_fifths"].is_null().to_numpy(), bool)
    written = np.array([mode or "" for mode in grids["key_mode"].to_pylist()], dtype="<U12")
    keys = Keys(np.full(n, UNKNOWN), np.full(n, "", "<U12"), np.full(n, "", "<U15"), np.full(n, UNKNOWN))
    policy = np.array(policies, dtype="<U9")
    final = np.array([FINALS.get(mode, UNKNOWN) for mode in written.tolist()], np.int64)
    named = np.where(final == UNKNOWN, UNKNOWN, (FIFTH * fifths + final) % 12)
    _by_signature(keys, signed & (policy == "signature"), fifths, named, written)
    _by_tonic(keys, signed & (final != UNKNOWN) & (policy == "tonic"), named, sounding)
    unnamed = (keys.home == UNKNOWN) & (fallback == "analysis")
    _by_analysis(keys, (policy == "analysis") | unnamed, sounding)
    return keys


def _by_signature(keys: Keys, rows: Bools, fifths: Ints, named: Ints, written: NDArray[np.str_]) -> None:
    keys.home[rows] = (FIFTH * fifths[rows]) % 12
    keys.tonic[rows] = named[rows]
    keys.mode[rows] = np.where(named[rows] == UNKNOWN, "", written[rows])
    keys.source[rows] = "signature"


def _by_tonic(keys: Keys, rows: Bools, named: Ints, sounding: Ints) -> None:
    places, tonic = np.flatnonzero(rows), named[rows]
    lowered, raised = (sounding[places, (tonic + third) % 12] for third in (3, 4))
    minor = lowered > raised
    keys.tonic[rows] = tonic
    keys.mode[rows] = np.where(minor, "minor", "major")
    keys.source[rows] = np.where(lowered + raised > 0, "tonic", "tonic, no third")
    keys.home[rows] = np.where(minor, tonic + 3, tonic) % 12


def _by_analysis(keys: Keys, rows: Bools, sounding: Ints) -> None:
    candidates = _candidates()
    profiles = np.array([np.roll(profile, tonic) for tonic, _, profile in candidates])
    best = np.argmax(sounding[rows] @ profiles.T, axis=1)
    tonic = np.array([each[0] for each in candidates])[best]
    mode = np.array([each[1] for each in candidates])[best]
    keys.tonic[rows] = tonic
    keys.mode[rows] = mode
    keys.source[rows] = "analysis"
    keys.home[rows] = np.where(mode == "minor", tonic + 3, tonic) % 12


def _candidates() -> list[tuple[int, str, tuple[int, ...]]]:
    """The 24 keys in order: fewest accidentals first, sharps before flats, major before minor."""
    by_accidentals = sorted(range(-5, 7), key=lambda fifths: (abs(fifths), -fifths))
    return [
        ((FIFTH * fifths + FINALS[mode]) % 12, mode, profile)
        for fifths in by_accidentals
        for mode, profile in (("major", MAJOR_PROFILE), ("minor", MINOR_PROFILE))
    ]


def key_name(fifths: int | None, mode: str | None) -> str:
    """The name of a written key: two flats and "minor" give "G minor".

    >>> key_name(-2, "minor"), key_name(3, ""), key_name(None, None)
    ('G minor', '3 sharps', 'unknown')
    """
    if fifths is None:
        return "unknown"
    if not mode or mode not in FINALS:
        return f"{abs(fifths)} {'flats' if fifths < 0 else 'sharps'}"
    # a final n semitones above the major tonic is 7 n fifths (modulo 12) above it
    place = fifths + (FINALS[mode] * FIFTH + 1) % 12
    letter, accidentals = "FCGDAEB"[place % 7], place // 7
    return f"{letter}{'#' * accidentals if accidentals >= 0 else 'b' * -accidentals} {mode}"
