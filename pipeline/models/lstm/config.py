"""Settings of the LSTM (``experiments.KEY.model`` in params.yaml); no torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.models.base.registry import ModelConfig


class LstmConfig(ModelConfig):
    """The shape of an encoder-decoder LSTM.

    Attributes:
        kind: the folder of pipeline/models.
        input: token embedding: a one-hot vector of 258, or a learned vector.
        attention: of the decoder to the source. none: the decoder starts from the encoder's
            final state and has no attention; dot: scaled dot products (Luong 2015); additive:
            a small network (Bahdanau 2015), which takes memory of B · T · S · attention_size.
        attention_size: A, length of queries, keys and values; unused with ``attention: none``.
        embedding_size: length of the learned vectors; unused with ``input: onehot``.
        hidden_size: H, units of each LSTM layer and direction.
        layers: of the encoder and of the decoder.
        bidirectional: the encoder also reads the source backwards.
        dropout: share of activations set to 0 in training: of the inputs, between
            layers and before the output.
        tied: the output layer shares the matrix of the token embeddings (Press and Wolf 2017).
        bars: inputs include the position in the bar.
        chords: inputs include the chord of each step (of the decoder: of the step to predict), the
            next chord and the steps until it begins; the data set needs chord symbols.
        copy_source: the output is a mixture of the vocabulary and of copies of source tokens by their
            attention weights (See et al. 2017, pointer-generator).
    """

    TASKS: ClassVar = ("continue", "harmonize")

    kind: Literal["lstm"]
    input: Literal["onehot", "embedding"]
    attention: Literal["none", "dot", "additive"]
    attention_size: int = Field(ge=1, le=8192)
    embedding_size: int = Field(ge=1, le=4096)
    hidden_size: int = Field(ge=1, le=8192)
    layers: int = Field(ge=1, le=16)
    bidirectional: bool
    dropout: float = Field(ge=0, lt=1)
    tied: bool = False
    bars: bool = False
    chords: bool = False
    copy_source: bool = False

    @model_validator(mode="after")
    def _parts_fit(self) -> LstmConfig:
        if (self.tied or self.bars or self.chords) and self.input != "embedding":
            raise ValueError("tied, bars and chords need input: embedding")
        if self.copy_source and self.attention == "none":
            raise ValueError("copy_source needs attention: dot or additive")
        return self
