"""Settings of the training loop (``experiments.KEY.training`` in params.yaml); no torch."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from pipeline.core.settings import MAX_SEED, Section


class TrainingSettings(Section):
    """Hyperparameters of training, the same for every task.

    Attributes:
        seed: of the initial weights, of dropout and all sampling, of the order of batches.
        transpose_semitones: in each epoch every training piece is transposed by a uniform
            random interval of at most so many semitones, up or down; 0: never. Validation
            pieces are not transposed.
        epochs: passes over the training examples.
        batch_tokens: maximum number of target tokens of a batch, padding included.
        max_piece_tokens: most tokens of a piece, all voices together; a data set with a longer
            one is refused, because the memory of attention grows with the square of the length.
        learning_rate: of Adam, at its peak.
        warmup: share of all steps over which the learning rate rises from 0.
        schedule: of the learning rate after warmup: constant, or linear or cosine decay to 0.
        clip_norm: gradient clipping: a gradient of a larger norm is scaled down to this norm.
        teacher_forcing: share of decoder inputs that are the true tokens; the others are
            the model's own predictions (scheduled sampling).
        label_smoothing: share of each target's probability that is spread evenly over
            the valid tokens; the learning curve excludes it. 0: none.
        ema_decay: decay of the moving average of the weights, which is validated and saved;
            0: the weights themselves.
        patience: early stopping after so many epochs without a lower validation loss; 0: never.
        precision: of the forward pass in training; bfloat16 leaves weights, loss and
            validation in float32.
        checkpoint_seconds: least time between two checkpoints; no output depends on it.
        device: auto uses a GPU if there is one.
        threads: CPU threads, each for its slice of every batch; results depend on their number,
            because it determines the order of sums.
    """

    seed: int = Field(ge=0, le=MAX_SEED)
    transpose_semitones: int = Field(ge=0, le=60)
    epochs: int = Field(ge=1, le=1_000_000)
    batch_tokens: int = Field(ge=1, le=10_000_000)
    max_piece_tokens: int = Field(default=16_384, ge=1, le=10_000_000)
    learning_rate: float = Field(gt=0, le=100)
    warmup: float = Field(ge=0, lt=1)
    schedule: Literal["constant", "linear", "cosine"]
    clip_norm: float = Field(gt=0, le=1e9)
    teacher_forcing: float = Field(ge=0, le=1)
    label_smoothing: float = Field(ge=0, lt=1)
    ema_decay: float = Field(ge=0, lt=1)
    patience: int = Field(ge=0, le=1_000_000)
    precision: Literal["float32", "bfloat16"]
    checkpoint_seconds: float = Field(ge=0, le=1e9)
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1, le=1024)

    def rate_at(self, progress: float) -> float:
        """The learning rate after this share of all planned steps, 0 to 1."""
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        left = (1 - progress) / (1 - self.warmup)
        shapes = {"constant": 1.0, "linear": left, "cosine": (1 - math.cos(math.pi * left)) / 2}
        return self.learning_rate * shapes[self.schedule]
