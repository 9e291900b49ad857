"""Settings of the stepwise LSTM (``experiments.KEY.model`` in params.yaml); no torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pipeline.models.base.registry import ModelConfig


class StepwiseConfig(ModelConfig):
    """The shape of an LSTM over steps that predicts all voices of a step.

    Attributes:
        kind: the folder of pipeline/models.
        embedding_size: E, length of the token embeddings.
        hidden_size: H, units of each LSTM layer and direction.
        layers: of the bidirectional encoder of the given voices and of the decoder.
        meter: inputs include the time signature and the position in the beat, so that 3/4 and 6/8 differ.
        dropout: share of activations set to 0 in training: of the inputs, between
            layers and before the output.
    """

    TASKS: ClassVar = ("harmonize",)

    kind: Literal["stepwise"]
    embedding_size: int = Field(ge=1, le=4096)
    hidden_size: int = Field(ge=1, le=8192)
    layers: int = Field(ge=1, le=16)
    meter: bool = False  # the default of weights saved before this option existed
    dropout: float = Field(ge=0, lt=1)
