"""Positions at which a piece breaks a voice-leading rule: step, voices and rule, as marks for a score.

The rules and their definitions are those of :mod:`pipeline.evaluation.metrics.voice_leading`;
a crossing, a wide spacing and a doubled leading note are marked for each pair of voices, at
the chords in which they begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from pipeline.core.music import SILENCE, Grid
from pipeline.decoding.voice_leading.keys import WrittenKey
from pipeline.decoding.voice_leading.rules import NAMES, OCTAVE
from pipeline.evaluation.metrics.voice_leading import (
    Bools,
    Ints,
    direct_intervals,
    out_of_range,
    parallel_intervals,
)


class BrokenRule(NamedTuple):
    """A violation of a rule.

    Attributes:
        step: of the later chord.
        voices: that break it, 0 = top.
        rule: its name.
    """

    step: int
    voices: tuple[int, ...]
    rule: str


def broken_rules_of(grid: Grid, key: WrittenKey) -> list[BrokenRule]:
    """All broken rules of a piece, by step, voices and rule; dissonance is not one of them.

    Args:
        grid: of at least two voices, the highest first.
        key: of the piece.
    """
    pitch, begins = grid.pitch.astype(np.int64), ~grid.tied & (grid.pitch != SILENCE)
    whole = (pitch != SILENCE).all(axis=1)
    chords = whole & begins.any(axis=1)
    later = np.flatnonzero(chords[1:] & whole[:-1]) + 1
    found = [
        *_between_chords(pitch, begins, later),
        *_in_chords(pitch, chords, key),
        *_alone(pitch, begins, key),
    ]
    return sorted(found, key=lambda each: (each.step, each.voices, NAMES.index(each.rule)))


def _between_chords(pitch: Ints, begins: Bools, later: Ints) -> Iterator[BrokenRule]:
    before, after = pitch[later - 1], pitch[later]
    voices = pitch.shape[1]
    for high, low in combinations(range(voices), 2):
        for rule, interval in (("parallel_fifths", 7), ("parallel_octaves", 0)):
            yield from _marks(
                later, parallel_intervals(before, after, high, low, interval), (high, low), rule
            )
    yield from _marks(later, direct_intervals(before, after), (0, voices - 1), "direct")
    for high in range(voices - 1):
        low = high + 1
        falls = begins[later, high] & (after[:, high] < before[:, low])
        rises = begins[later, low] & (after[:, low] > before[:, high])
        yield from _marks(later, falls | rises, (high, low), "overlaps")


def _in_chords(pitch: Ints, chords: Bools, key: WrittenKey) -> Iterator[BrokenRule]:
    voices = pitch.shape[1]
    for high, low in combinations(range(voices), 2):
        pair = (high, low)
        if low == high + 1:
            above = pitch[:, high] - pitch[:, low]
            yield from _begins(chords, above < 0, pair, "crossings")
            if low < voices - 1:
                yield from _begins(chords, above > OCTAVE, pair, "wide")
        if key.leading_note is not None:
            doubled = (pitch[:, list(pair)] % OCTAVE == key.leading_note).all(axis=1)
            yield from _begins(chords, doubled, pair, "doubled_leading")


def _alone(pitch: Ints, begins: Bools, key: WrittenKey) -> Iterator[BrokenRule]:
    steps = np.arange(len(pitch))
    far = out_of_range(pitch - key.transposition, begins)
    for voice in range(pitch.shape[1]):
        yield from _marks(steps, far[:, voice], (voice,), "out_of_range")
        onsets = np.flatnonzero(begins[:, voice])
        leapt = np.abs(np.diff(pitch[onsets, voice])) > OCTAVE
        yield from _marks(onsets[1:], leapt, (voice,), "leaps")


def _begins(chords: Bools, broken: Bools, voices: tuple[int, ...], rule: str) -> Iterator[BrokenRule]:
    """Mark a rule that is broken in several consecutive chords once, at the first."""
    places = np.flatnonzero(chords)
    now = broken[places]
    yield from _marks(places, now & ~np.append(False, now[:-1]), voices, rule)


def _marks(steps: Ints, broken: Bools, voices: tuple[int, ...], rule: str) -> Iterator[BrokenRule]:
    return (BrokenRule(step, voices, rule) for step in steps[broken].tolist())
