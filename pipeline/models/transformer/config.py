"""Settings of the transformer (``experiments.KEY.model`` in params.yaml); no torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.models.base.registry import ModelConfig


class Config(ModelConfig):
    """The shape of an encoder-decoder transformer.

    Attributes:
        kind: the folder of pipeline/models.
        size: D, length of all vectors between layers.
        heads: of every attention; each has D / heads.
        layers: of the encoder and of the decoder.
        widening: the layer between two attentions has so many times D units.
        distances: how many places back or ahead are told apart; what is farther counts as just so far.
        bars: positions in the bar and the metre are read, too.
        dropout: share of activations set to 0 in training: of the inputs, after every
            attention and every layer between, and before the output.
    """

    TASKS: ClassVar = ("continue", "harmonize")

    kind: Literal["transformer"]
    size: int = Field(ge=1, le=8192)
    heads: int = Field(ge=1, le=256)
    layers: int = Field(ge=1, le=64)
    widening: int = Field(ge=1, le=16)
    distances: int = Field(ge=1, le=8192)
    bars: bool
    dropout: float = Field(ge=0, lt=1)

    @model_validator(mode="after")
    def _whole_heads(self) -> Config:
        if self.size % self.heads:
            raise ValueError(f"size {self.size} must be a multiple of heads {self.heads}")
        return self
