"""Settings of the training loop (``experiments.KEY.training`` in params.yaml); no torch."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from pipeline.core.settings import Section


class TrainingSettings(Section):
    """How a model is trained, whatever it is to do.

    Attributes:
        seed: of the first weights, of all noise, of the order of batches.
        transpose_semitones: how far a training piece may be transposed in an epoch, up
            or down, evenly; 0: never. Validation stays as it is.
        epochs: passes over the training examples.
        batch_tokens: most target symbols of a batch, padding included.
        learning_rate: of Adam, at its highest.
        warmup: share of all steps in which the learning rate rises from 0.
        schedule: what it does after: stay, or fall to 0 at the end in a line or half a cosine.
        clip_norm: longest gradient.
        teacher_forcing: share of decoder inputs that are the true symbols; the
            others are what the model says itself.
        label_smoothing: share of each target's probability that is spread evenly over
            the valid symbols; the learning curve leaves it out. 0: none.
        ema_decay: what validation sees and the run keeps is a moving average of
            the weights, of which so much stays at every step; 0: the weights themselves.
        patience: epochs without a better validation loss before training ends; 0: never.
        precision: of the forward pass in training; bfloat16 leaves weights, loss and
            validation in float32.
        checkpoint_seconds: what a crash costs at most, about; no byte depends on it.
        device: auto takes a GPU where there is one.
        threads: of the processor, each for its slice of every batch; part of the
            result, because sums are ordered by it.
    """

    seed: int = Field(ge=0)
    transpose_semitones: int = Field(ge=0, le=60)
    epochs: int = Field(ge=1)
    batch_tokens: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    warmup: float = Field(ge=0, lt=1)
    schedule: Literal["constant", "linear", "cosine"]
    clip_norm: float = Field(gt=0)
    teacher_forcing: float = Field(ge=0, le=1)
    label_smoothing: float = Field(ge=0, lt=1)
    ema_decay: float = Field(ge=0, lt=1)
    patience: int = Field(ge=0)
    precision: Literal["float32", "bfloat16"]
    checkpoint_seconds: float = Field(ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1)

    def rate_at(self, progress: float) -> float:
        """The learning rate when this share of all planned steps is done, 0 to 1."""
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        left = (1 - progress) / (1 - self.warmup)
        shapes = {"constant": 1.0, "linear": left, "cosine": (1 - math.cos(math.pi * left)) / 2}
        return self.learning_rate * shapes[self.schedule]
