"""Settings of the LSTM with a copy mechanism (``experiments.KEY.model`` in params.yaml); no torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pipeline.models.base.registry import ModelConfig


class CopyingConfig(ModelConfig):
    """The shape of an LSTM with a copy mechanism.

    Attributes:
        kind: the folder of pipeline/models.
        embedding_size: length of the embeddings of tokens, bar lengths and positions in the bar.
        hidden_size: H, units of each LSTM layer.
        layers: of the LSTM, which is both encoder and decoder.
        attention_size: A, length of all queries, keys and values.
        copies: ways of copying the token after a similar passage. pitch: the same token;
            interval: the same interval, from the current note.
        matches: passages are compared by the number of tokens that agree, in addition to
            the LSTM's state.
        bars: inputs include the position in the bar and the bar's length.
        chords: inputs include the chord of the step to predict, the next chord and the steps until
            it begins; the data set needs chord symbols.
        meter: inputs include the time signature and the position in the beat, so that 3/4 and 6/8 differ.
        dropout: share of activations set to 0 in training: of the inputs, between
            layers and before the output.
    """

    TASKS: ClassVar = ("continue",)

    kind: Literal["copying"]
    embedding_size: int = Field(ge=1, le=4096)
    hidden_size: int = Field(ge=1, le=8192)
    layers: int = Field(ge=1, le=16)
    attention_size: int = Field(ge=1, le=8192)
    copies: list[Literal["pitch", "interval"]] = Field(min_length=1, max_length=2)
    matches: bool
    bars: bool
    meter: bool = False  # the default of weights saved before this option existed
    chords: bool = False
    dropout: float = Field(ge=0, lt=1)
