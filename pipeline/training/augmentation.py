"""Training pieces that differ from epoch to epoch: cut elsewhere, other voices given, in another key.

All are pure functions of the seed and the epoch, so that an epoch that is begun
again holds the same pieces. Validation and test never come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.examples import Example
from pipeline.training.settings import HarmonyTrainingSettings, Optimization, TrainingSettings
from pipeline.vocabulary import START, TIED

LOWEST, HIGHEST = 1, TIED - 1  # note numbers that sound; 0 is silence
CUTS, SHIFTS, GIVEN = 1, 2, 3  # which of an epoch's random numbers; batches are planned without such a number


def examples_of_epoch(examples: Sequence[Example], settings: Optimization, epoch: int) -> list[Example]:
    """The training pieces as this epoch sees them."""
    if isinstance(settings, TrainingSettings):
        examples = cut_anew(examples, settings, epoch)
    if isinstance(settings, HarmonyTrainingSettings):
        examples = given_anew(examples, settings, epoch)
    return transposed_anew(examples, settings, epoch)


def cut_anew(examples: Sequence[Example], settings: TrainingSettings, epoch: int) -> list[Example]:
    """The same pieces, cut elsewhere: evenly between ``least_cut`` and ``most_cut``."""
    if settings.least_cut == settings.most_cut == settings.cut:
        return list(examples)
    rng = np.random.default_rng([settings.seed, epoch, CUTS])
    cuts = rng.uniform(settings.least_cut, settings.most_cut, len(examples))
    return [example.cut_anew(cut) for example, cut in zip(examples, cuts, strict=True)]


def given_anew(examples: Sequence[Example], settings: HarmonyTrainingSettings, epoch: int) -> list[Example]:
    """The same pieces, other voices given: every choice is as likely, all voices excepted."""
    if settings.given != "any":
        return list(examples)
    rng = np.random.default_rng([settings.seed, epoch, GIVEN])
    return [example.given_anew(_draw(rng, choices_of(example.voices))) for example in examples]


def choices_of(voices: int) -> list[tuple[int, ...]]:
    """All sets of voices that may be given, the empty one first.

    >>> choices_of(2)
    [(), (0,), (1,)]
    """
    return [chosen for size in range(voices) for chosen in combinations(range(voices), size)]


def _draw(rng: np.random.Generator, choices: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return choices[int(rng.integers(len(choices)))]


def transposed_anew(examples: Sequence[Example], settings: Optimization, epoch: int) -> list[Example]:
    """The same pieces in other keys: evenly among the shifts that keep every note in 1 … 127."""
    most = settings.transpose_semitones
    if not most:
        return list(examples)
    draws = np.random.default_rng([settings.seed, epoch, SHIFTS]).random(len(examples))
    return [_transposed(example, most, draw) for example, draw in zip(examples, draws, strict=True)]


def _transposed(example: Example, most: int, draw: float) -> Example:
    symbols = np.concatenate([example.source, example.target]).astype(np.int64)
    pitches = symbols % TIED
    sounding = (symbols < START) & (pitches > 0)
    lowest = max(-most, LOWEST - int(pitches[sounding].min(initial=HIGHEST)))
    highest = min(most, HIGHEST - int(pitches[sounding].max(initial=LOWEST)))
    shift = lowest + int(draw * (highest - lowest + 1))
    moved: NDArray[np.uint16] = (symbols + shift * sounding).astype(np.uint16)
    border = len(example.source)
    return replace(example, source=moved[:border], target=moved[border:])
