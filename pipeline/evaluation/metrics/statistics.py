"""Statistics of the notes of many tunes, and the similarity of two sets of tunes.

**A passage** is a continuation after the cut of a piece. Only notes that begin in it are
counted; a note that is cut off at the end of the passage has the duration up to there.
Times are in steps.

**Features of notes** (several values per passage): pitch and pitch class; intervals
between consecutive notes of a voice in semitones, also across silence; durations;
inter-onset intervals, from one onset of a voice to the next.

**Features of passages** (one value, or none where it is not defined):

- *Scale consistency* (Mogren 2016): the share of notes in the diatonic scale that
  contains most of them. A major scale and its natural minor contain the same notes, so
  twelve scales are tried.
- *Groove similarity* (Wu and Yang 2020): 1 minus the share of the steps of a bar on
  which one of two bars has an onset and the other has none. Theirs is the mean over
  all pairs of bars; here only bars that follow each other are compared, as in MusPy.
- *Pitch-class entropy* (Wu and Yang 2020, their H1): bits of the histogram of
  pitch classes of a bar's onsets; the mean over the bars that have any.

Bars continue at the length of those of the source. The bar of the cut is included with
its part in the source; an unfinished bar is not.

**Two sets** are compared on a common grid of values for each feature. A passage
weighs 1, shared evenly by its values; a value between two points of the grid is
shared by both in linear proportion, and a value beyond the grid counts at its end.

- *Overlapped area*: the sum over the grid of the smaller share; 1 for equal sets.
- *Kullback-Leibler divergence* of one set from another, in bits: 0 for equal sets.
  It needs no empty place, so each side is given one more passage that is spread
  evenly over the grid.

Source: Yang and Lerch 2018, "On the evaluation of generative models in music", for
the comparison of sets by these two. They compare distances between pieces, within
and across sets, smoothed by kernels; here the features themselves are compared,
which also distinguishes a set that is too uniform from one that is right.
Wu and Yang 2020, "The Jazz Transformer on the front line", section 4; Mogren 2016,
"C-RNN-GAN", section 4; only the definitions are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.text import counted
from pipeline.core.vocabulary import STOP, TIED
from pipeline.evaluation.metrics.continuation import ContinuationError
from pipeline.models.base.bars import Bars

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
LONGEST = 32  # steps; longer notes count there
WIDEST = 24  # semitones; wider intervals count there


@dataclass(frozen=True)
class PassageNotes:
    """The n sounding notes that begin in a passage, voice by voice, by onset in each.

    Attributes:
        voice: (n,) 0 = top. onset, duration: (n,) steps. pitch: (n,) MIDI note numbers.
    """

    voice: Ints
    onset: Ints
    duration: Ints
    pitch: Ints

    def neighbours(self, values: Ints) -> Ints:
        """From each note to the next of the same voice, by how much a value rises."""
        return np.asarray(np.diff(values)[np.diff(self.voice) == 0])


@dataclass(frozen=True)
class PassageMusic:
    """The music of a passage.

    Attributes:
        notes: that begin after the cut.
        grooves: (B, S) bool, of every whole bar and each of its S steps whether a
            note begins there; None where bars are unknown.
        bars: pitch classes of the onsets of each whole bar; empty where unknown.
    """

    notes: PassageNotes
    grooves: NDArray[np.bool_] | None = None
    bars: tuple[Ints, ...] = ()

    @classmethod
    def after(
        cls, source: ArrayLike, continuation: ArrayLike, voices: int = 1, bars: Bars | None = None
    ) -> PassageMusic:
        """The passage of a piece after a cut.

        Args:
            source: whole steps of V tokens.
            continuation: likewise; STOP is skipped.
            voices: V.
            bars: of the piece, where known.

        Raises:
            ContinuationError: not whole steps.
        """
        before = _steps(source, voices)
        whole = np.concatenate([before, _steps(continuation, voices)])
        notes = _notes(whole[len(before) :])
        if bars is None:
            return cls(notes)
        place = int(bars.continued(len(before), len(before) + 1)[-1])
        first = len(before) - place  # the bar line of the bar of the cut
        first += bars.steps_per_bar * (first < 0)
        n_bars = max(len(whole) - first, 0) // bars.steps_per_bar
        inside = whole[first : first + n_bars * bars.steps_per_bar]
        sounding = ((inside > 0) & (inside < TIED)).reshape(n_bars, bars.steps_per_bar, voices)
        by_bar = inside.reshape(sounding.shape)
        classes = tuple(bar[begins] % 12 for bar, begins in zip(by_bar, sounding, strict=True))
        return cls(notes, np.asarray(sounding.any(axis=2)), classes)


def intervals(passage: PassageMusic) -> Ints:
    """Semitones from each note to the next of its voice."""
    return passage.notes.neighbours(passage.notes.pitch)


def inter_onset_intervals(passage: PassageMusic) -> Ints:
    """Steps from each onset to the next of its voice."""
    return passage.notes.neighbours(passage.notes.onset)


def scale_consistency(passage: PassageMusic) -> float | None:
    """Largest share of the notes that one diatonic scale holds; None without notes."""
    if not len(passage.notes.pitch):
        return None
    shares = np.bincount(passage.notes.pitch % 12, minlength=12) / len(passage.notes.pitch)
    return float(max(shares[(root + np.array(MAJOR_SCALE)) % 12].sum() for root in range(12)))


def groove_similarity(passage: PassageMusic) -> float | None:
    """Mean similarity of the onsets of consecutive bars; None with fewer than two."""
    grooves = passage.grooves
    if grooves is None or len(grooves) < 2:
        return None
    return float(1 - (grooves[1:] != grooves[:-1]).mean())


def pitch_class_entropy(passage: PassageMusic) -> float | None:
    """Mean bits over the bars with a note; None where there is no such bar."""
    found = [_entropy(bar) for bar in passage.bars if len(bar)]
    return float(np.mean(found)) if found else None


@dataclass(frozen=True)
class Feature:
    """A feature that is compared.

    Attributes:
        name: key in figures and tables.
        unit: of its values.
        grid: (K,) values, evenly spaced and rising.
        of: the values of a passage, or its only one, or None.
        single: whether a passage has one value at most.
    """

    name: str
    unit: str
    grid: Floats
    of: Callable[[PassageMusic], Ints | float | None]
    single: bool = False


def on_grid(values: Floats, weights: Floats, grid: Floats) -> Floats:
    """(K,) sums of the weights of N values at the points of a grid.

    >>> on_grid(np.array([0.0, 1.5, 9.0]), np.array([1.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [1.0, 0.5, 2.5]
    """
    steps = (np.clip(values, grid[0], grid[-1]) - grid[0]) / (grid[1] - grid[0])
    below = np.minimum(steps.astype(np.int64), len(grid) - 2)
    above = steps - below
    sums = np.bincount(below, weights * (1 - above), len(grid))
    return np.asarray(sums + np.bincount(below + 1, weights * above, len(grid)), dtype=np.float64)


def overlapped_area(a: Floats, b: Floats) -> float:
    """Common area of two histograms of sum 1."""
    return float(np.minimum(a, b).sum())


def divergence_bits(true: Floats, other: Floats) -> float:
    """Kullback-Leibler divergence of another distribution from the true one; no share may be 0."""
    return max(float((true * np.log2(true / other)).sum()), 0.0)  # rounding may fall below


@dataclass(frozen=True)
class Pooled:
    """A feature of a set of passages.

    Attributes:
        n: passages with a value.
        shares: (K,) mean of their shares; zeros without any.
    """

    n: int
    shares: Floats

    @classmethod
    def of(cls, offsets: Ints, values: Floats, grid: Floats) -> Pooled:
        """From the values of all passages one after the other; each passage with a value weighs the same.

        Args:
            offsets: (n + 1,) borders of the passages.
        """
        lengths = np.diff(offsets)
        n = int(np.count_nonzero(lengths))
        weights = 1 / (np.repeat(lengths, lengths) * max(n, 1))
        return cls(n, on_grid(np.asarray(values, dtype=np.float64), weights, grid))

    @property
    def smoothed(self) -> Floats:
        """(K,) the same with one more passage that is spread evenly."""
        return (self.n * self.shares + 1 / len(self.shares)) / (self.n + 1)


def _steps(tokens: ArrayLike, voices: int) -> Ints:
    """(T, V) tokens without STOP."""
    flat = np.asarray(tokens, dtype=np.int64)
    flat = flat[flat != STOP]
    if len(flat) % voices:
        raise ContinuationError(
            f"steps of {counted(voices, 'voice')} are not filled by {counted(len(flat), 'token')}"
        )
    return np.asarray(flat.reshape(-1, voices))


def _notes(steps: Ints) -> PassageNotes:
    n_steps = len(steps)
    flat = steps.T.reshape(-1)
    borders = flat < TIED
    borders[:: n_steps or 1] = True
    starts = np.flatnonzero(borders)
    lengths = np.diff(np.append(starts, len(flat)))
    sounding = (flat[starts] > 0) & (flat[starts] < TIED)
    starts = starts[sounding]
    return PassageNotes(starts // max(n_steps, 1), starts % max(n_steps, 1), lengths[sounding], flat[starts])


def _entropy(classes: Ints) -> float:
    shares = np.bincount(classes, minlength=12) / len(classes)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def _numbers(low: int, high: int) -> Floats:
    return np.arange(low, high + 1, dtype=np.float64)


SHARES = np.linspace(0, 1, 21)
FEATURES: tuple[Feature, ...] = (
    Feature("pitch", "MIDI note number", _numbers(0, 127), lambda passage: passage.notes.pitch),
    Feature("pitch_class", "semitones above C", _numbers(0, 11), lambda passage: passage.notes.pitch % 12),
    Feature("interval", "semitones", _numbers(-WIDEST, WIDEST), intervals),
    Feature("duration", "steps", _numbers(1, LONGEST), lambda passage: passage.notes.duration),
    Feature("inter_onset_interval", "steps", _numbers(1, LONGEST), inter_onset_intervals),
    Feature("scale_consistency", "share of notes", SHARES, scale_consistency, single=True),
    Feature("groove_similarity", "share of steps", SHARES, groove_similarity, single=True),
    Feature("pitch_class_entropy", "bits", np.linspace(0, 3.6, 19), pitch_class_entropy, single=True),
)
