"""Settings of the transformer (``experiments.KEY.model`` in params.yaml); no torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.models.base.registry import ModelConfig


class TransformerConfig(ModelConfig):
    """The shape of an encoder-decoder transformer.

    Attributes:
        kind: the folder of pipeline/models.
        size: D, length of all vectors between layers.
        heads: of every attention; each has D / heads.
        layers: of the encoder and of the decoder.
        widening: units of each feed-forward layer, as a multiple of D.
        distances: largest relative distance with a bias of its own; larger ones share the last.
        bars: inputs include the position in the bar and the bar's length.
        meter: inputs include the time signature and the position in the beat, so that 3/4 and 6/8 differ.
        dropout: share of activations set to 0 in training: of the inputs, after every
            attention and feed-forward layer, and before the output.
    """

    TASKS: ClassVar = ("continue", "harmonize")

    kind: Literal["transformer"]
    size: int = Field(ge=1, le=8192)
    heads: int = Field(ge=1, le=256)
    layers: int = Field(ge=1, le=64)
    widening: int = Field(ge=1, le=16)
    distances: int = Field(ge=1, le=8192)
    bars: bool
    meter: bool = False  # the default of weights saved before this option existed
    dropout: float = Field(ge=0, lt=1)

    @model_validator(mode="after")
    def _whole_heads(self) -> TransformerConfig:
        if self.size % self.heads:
            raise ValueError(f"size {self.size} must be a multiple of heads {self.heads}")
        return self
