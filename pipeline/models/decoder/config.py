"""Settings of the decoder-only LSTM (``experiments.KEY.model`` in params.yaml); no torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pipeline.models.base.registry import ModelConfig


class DecoderConfig(ModelConfig):
    """The shape of a decoder-only LSTM.

    Attributes:
        kind: the folder of pipeline/models.
        embedding_size: length of the token embeddings.
        hidden_size: H, units of each layer.
        layers: of the LSTM.
        meter: inputs include the time signature and the position in the beat, so that 3/4 and 6/8 differ.
        dropout: share of activations set to 0 in training: of the inputs, between
            layers and before the output.
    """

    TASKS: ClassVar = ("continue", "harmonize")

    kind: Literal["decoder"]
    embedding_size: int = Field(ge=1, le=4096)
    hidden_size: int = Field(ge=1, le=8192)
    layers: int = Field(ge=1, le=16)
    meter: bool = False  # the default of weights saved before this option existed
    dropout: float = Field(ge=0, lt=1)
