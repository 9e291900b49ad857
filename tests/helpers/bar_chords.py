"""One chord per bar predicted from a melody: a hidden Markov model of chords, and the most frequent chord.

States are chord numbers (``pipeline.models.base.chord_numbers``). A bar emits its notes: the share of its
time in each pitch class. The probability of the pitch classes under a chord is that of the chord itself,
smoothed by that of its quality relative to the root, so that rare chords share what common ones teach.
The probability of a chord given the one before is a bigram, smoothed by the frequency of the chord. The
most probable sequence is found by the Viterbi algorithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.vocabulary import TIED
from pipeline.models.base.chord_numbers import FIRST, N_CHORDS, UNKNOWN

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CHORD_BARS = 4.0  # bars of notes that the profile of a quality weighs against a chord's own
BIGRAM_BARS = 8.0  # bars that the frequency of a chord weighs against what followed one chord
PITCH_TIME = 0.02  # added to the time of each pitch class of a profile


@dataclass(frozen=True)
class TuneBars:
    """The bars of one piece.

    Attributes:
        starts: (B + 1,) step where each bar begins, and the end; the first bar may be incomplete.
        histogram: (B, 12) share of the bar in which each pitch class sounds; rows sum to at most 1.
        downbeat: (B,) pitch class of the note on the first step; 12 for silence.
        chord: (B,) number of the chord that lasts longest in each bar, the earlier of equal ones;
            0 where no chord is known.
    """

    starts: Ints
    histogram: Floats
    downbeat: Ints
    chord: Ints

    @property
    def lengths(self) -> Ints:
        """(B,) steps."""
        return np.diff(self.starts)


def bars_of_tune(symbols: ArrayLike, step_in_bar: ArrayLike, chords: ArrayLike) -> TuneBars:
    """Divide a melody of one voice into bars.

    Args:
        symbols: (T,) tokens without START and STOP.
        step_in_bar: (T,) steps since the last bar line.
        chords: (T,) chord numbers.
    """
    pitch = np.asarray(symbols, np.int64) % TIED
    places, numbers = np.asarray(step_in_bar, np.int64), np.asarray(chords, np.int64)
    starts = np.unique(np.concatenate([[0], np.flatnonzero(places == 0), [len(pitch)]]))
    histogram = np.zeros((len(starts) - 1, 12))
    chord = np.zeros(len(starts) - 1, np.int64)
    for bar, (begin, end) in enumerate(pairwise(starts.tolist())):
        sounding = pitch[begin:end][pitch[begin:end] > 0] % 12
        histogram[bar] = np.bincount(sounding, minlength=12) / (end - begin)
        chord[bar] = _longest(numbers[begin:end])
    first = pitch[starts[:-1]]
    return TuneBars(starts, histogram, np.where(first > 0, first % 12, 12), chord)


@dataclass(frozen=True)
class MajorityChord:
    """Every bar has the most frequent chord of the training bars."""

    number: int

    @classmethod
    def fit(cls, tunes: Sequence[TuneBars]) -> MajorityChord:
        """Find the chord with the most steps."""
        return cls(int(_steps_of_chords(tunes).argmax()))

    def predict(self, tune: TuneBars) -> Ints:
        """(B,) chord numbers."""
        return np.full(len(tune.chord), self.number)


@dataclass(frozen=True)
class ChordHmm:
    """A hidden Markov model of one chord per bar.

    Attributes:
        states: (S,) chord numbers that occur in training.
        first: (S,) log probability of the first chord.
        transition: (S, S) log probability of a chord (column) after another (row).
        emission: (S, 12) log probability of a unit of time of each pitch class.
        weight: of the notes against the chord before: the logarithm of the emission is multiplied by
            it; a bar counts as so many independent notes.
    """

    states: Ints
    first: Floats
    transition: Floats
    emission: Floats
    weight: float

    @classmethod
    def fit(cls, tunes: Sequence[TuneBars], weight: float) -> ChordHmm:
        """Count chords, their successions and their notes; bars without a known chord are left out."""
        states = np.flatnonzero(_steps_of_chords(tunes))
        place = np.full(N_CHORDS, -1)
        place[states] = np.arange(len(states))
        before, after, first = (
            np.concatenate([part(tune.chord) for tune in tunes]) for part in (_before, _after, _begin)
        )
        often = np.bincount(np.concatenate([first, after]), minlength=N_CHORDS)[states] + 1.0
        share = often / often.sum()
        pairs = np.zeros((len(states), len(states)))
        np.add.at(pairs, (place[before], place[after]), 1.0)
        transition = (pairs + BIGRAM_BARS * share) / (pairs.sum(axis=1, keepdims=True) + BIGRAM_BARS)
        begins = np.bincount(place[first], minlength=len(states)) + BIGRAM_BARS * share
        return cls(
            states,
            np.log(begins / begins.sum()),
            np.log(transition),
            np.log(_profiles(tunes)[states]),
            weight,
        )

    def predict(self, tune: TuneBars) -> Ints:
        """(B,) chord numbers of the most probable sequence."""
        notes = self.weight * tune.histogram @ self.emission.T  # (B, S)
        score = self.first + notes[0]
        origins = np.zeros(notes.shape, np.int64)
        for bar in range(1, len(notes)):
            paths = score[:, None] + self.transition
            origins[bar] = paths.argmax(axis=0)
            score = paths.max(axis=0) + notes[bar]
        path = np.zeros(len(notes), np.int64)
        path[-1] = int(score.argmax())
        for bar in range(len(notes) - 1, 0, -1):
            path[bar - 1] = origins[bar, path[bar]]
        return self.states[path]


def _longest(chords: Ints) -> int:
    known = chords[chords != UNKNOWN]
    if not len(known):
        return UNKNOWN
    numbers, begins, counts = np.unique(known, return_index=True, return_counts=True)
    return int(numbers[np.lexsort((begins, -counts))[0]])


def _steps_of_chords(tunes: Sequence[TuneBars]) -> Floats:
    chords, lengths = (np.concatenate([getattr(t, name) for t in tunes]) for name in ("chord", "lengths"))
    return np.bincount(chords[chords > UNKNOWN], lengths[chords > UNKNOWN], minlength=N_CHORDS)


def _pairs(chords: Ints) -> NDArray[np.bool_]:
    return (chords[:-1] != UNKNOWN) & (chords[1:] != UNKNOWN)


def _before(chords: Ints) -> Ints:
    return chords[:-1][_pairs(chords)]


def _after(chords: Ints) -> Ints:
    return chords[1:][_pairs(chords)]


def _begin(chords: Ints) -> Ints:
    return chords[chords != UNKNOWN][:1]


def _profiles(tunes: Sequence[TuneBars]) -> Floats:
    """(N_CHORDS, 12) probability of each pitch class under each chord."""
    chords = np.concatenate([tune.chord for tune in tunes])
    time = np.zeros((N_CHORDS, 12))
    np.add.at(time, chords, np.concatenate([tune.histogram for tune in tunes]))
    numbers = np.arange(N_CHORDS)
    root = np.where(numbers < FIRST, 0, (numbers - FIRST) % 12)
    quality = np.where(numbers < FIRST, numbers, FIRST + (numbers - FIRST) // 12)
    turned = (np.arange(12) + root[:, None]) % 12  # pitch class of each distance over the root
    relative = np.take_along_axis(time, turned, axis=1)
    shared = np.zeros((quality.max() + 1, 12))
    np.add.at(shared, quality, relative)
    shared = (shared + PITCH_TIME) / (shared + PITCH_TIME).sum(axis=1, keepdims=True)
    profile = np.zeros((N_CHORDS, 12))
    np.put_along_axis(profile, turned, shared[quality], axis=1)
    mixed = time + CHORD_BARS * profile
    return mixed / mixed.sum(axis=1, keepdims=True)
