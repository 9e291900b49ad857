"""Settings of the training loop (``experiments.KEY.training`` in params.yaml); no torch."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from pipeline.settings import Section


class TrainingSettings(Section):
    """How a model is trained.

    Attributes:
        seed: of the first weights, of dropout, of the order of batches.
        cut: share of a piece's notes that the source holds, on validation.
        least_cut, most_cut: the same in training, where each piece is cut anew in
            every epoch, evenly between both. Both 0: after its first note, so that a
            model whose encoder and decoder are one learns from the whole piece.
        epochs: passes over the training examples.
        batch_tokens: most target symbols of a batch, padding included.
        learning_rate: of Adam, at its highest.
        warmup: share of all steps in which the learning rate rises from 0.
        schedule: what it does after: stay, or fall to 0 at the end in a line or half a cosine.
        clip_norm: longest gradient.
        teacher_forcing: share of decoder inputs that are the true symbols; the
            others are what the model says itself.
        patience: epochs without a better validation loss before training ends; 0: never.
        device: auto takes a GPU where there is one.
        threads: of the processor, each for its slice of every batch; part of the
            result, because sums are ordered by it.
    """

    seed: int = Field(ge=0)
    cut: float = Field(gt=0, lt=1)
    least_cut: float = Field(ge=0, lt=1)
    most_cut: float = Field(ge=0, lt=1)
    epochs: int = Field(ge=1)
    batch_tokens: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    warmup: float = Field(ge=0, lt=1)
    schedule: Literal["constant", "linear", "cosine"]
    clip_norm: float = Field(gt=0)
    teacher_forcing: float = Field(ge=0, le=1)
    patience: int = Field(ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1)

    @model_validator(mode="after")
    def _cuts_in_order(self) -> TrainingSettings:
        if self.least_cut > self.most_cut:
            raise ValueError(f"least_cut {self.least_cut} must not be above most_cut {self.most_cut}")
        return self

    def rate_at(self, progress: float) -> float:
        """The learning rate when this share of all planned steps is done, 0 to 1."""
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        left = (1 - progress) / (1 - self.warmup)
        shapes = {"constant": 1.0, "linear": left, "cosine": (1 - math.cos(math.pi * left)) / 2}
        return self.learning_rate * shapes[self.schedule]
