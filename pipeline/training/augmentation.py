"""Data augmentation: training pieces in other keys from epoch to epoch.

A pure function of the seed and the epoch, so that a resumed epoch has the same pieces.
Validation and test pieces are never augmented.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import START, TIED
from pipeline.models.base.examples import Example
from pipeline.training.data import TrainingData
from pipeline.training.settings import TrainingSettings

LOWEST, HIGHEST = 1, TIED - 1  # sounding note numbers; 0 is silence
SHIFTS = 2  # stream of an epoch's random numbers; tasks use 1 and 3, the batch plan none


def examples_of_epoch(data: TrainingData, settings: TrainingSettings, epoch: int) -> list[Example]:
    """The training examples of one epoch: varied by the task, then transposed."""
    return transposed(data.epoch(settings.seed, epoch), settings, epoch)


def transposed(examples: Sequence[Example], settings: TrainingSettings, epoch: int) -> list[Example]:
    """The same pieces in other keys: evenly among the shifts that keep every note in 1 … 127."""
    most = settings.transpose_semitones
    if not most:
        return list(examples)
    draws = np.random.default_rng([settings.seed, epoch, SHIFTS]).random(len(examples))
    return [_transposed(example, most, draw) for example, draw in zip(examples, draws, strict=True)]


def _transposed(example: Example, most: int, draw: float) -> Example:
    tokens = np.concatenate([example.source, example.target]).astype(np.int64)
    pitches = tokens % TIED
    sounding = (tokens < START) & (pitches > 0)
    lowest = max(-most, LOWEST - int(pitches[sounding].min(initial=HIGHEST)))
    highest = min(most, HIGHEST - int(pitches[sounding].max(initial=LOWEST)))
    shift = lowest + int(draw * (highest - lowest + 1))
    moved: NDArray[np.uint16] = (tokens + shift * sounding).astype(np.uint16)
    border = len(example.source)
    return example.transposed(moved[:border], moved[border:], shift)
