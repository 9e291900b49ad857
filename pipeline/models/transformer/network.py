"""The network of the transformer.

An encoder-decoder (Vaswani et al. 2017) with norms before each layer (Xiong et al. 2020).
Positions are relative only: every head has a learned bias for each distance (Shaw et al.
2018; as a bias: Raffel et al. 2020), counted in tokens from the predicted position. The
distances cross the border of source and target; where voices are given, source and target
cover the same steps. So the logits of a melody do not depend on where in the piece it starts.

Attention is torch's own kernel. In step-by-step decoding the keys and values of all
earlier positions are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from pipeline.core.vocabulary import PAD_ID, VOCAB_SIZE
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import AttentionMaps, DecodingState, Seq2Seq
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import step_in_bar_at, target_steps_in_bar
from pipeline.models.transformer.config import TransformerConfig
from pipeline.models.transformer.layers import DecoderLayer, EncoderLayer, TransformerEmbedding, View

EXCLUDED = float("-inf")


@dataclass(frozen=True)
class TransformerState(DecodingState):
    """The state of the decoder.

    Attributes:
        source: keys and values of the source (B, L, S, 2, D).
        target: keys and values of the target so far (B, L, t, 2, D).
        padding: (B, S) True at padding of the source.
        offset: (B,) see :func:`_target_offset`.
        step_in_bar: (B, K) see ``target_steps_in_bar``.
        steps_per_bar: (B,), 0 where unknown.
        meter: (B,) see ``Batch.meter``.
        voices: V.
        n_predicted: t, target tokens so far, given ones included.
    """

    source: Tensor
    target: Tensor
    padding: Tensor
    offset: Tensor
    step_in_bar: Tensor
    steps_per_bar: Tensor
    meter: Tensor
    voices: int
    n_predicted: int


class TransformerNetwork(Seq2Seq):
    """Encoder-decoder transformer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        # attribute names are keys of saved weights; the two norms follow the last encoder and decoder layer
        self.symbols = TransformerEmbedding(config)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))
        self.source_norm, self.target_norm = nn.LayerNorm(config.size), nn.LayerNorm(config.size)
        self.output = nn.Linear(config.size, VOCAB_SIZE)
        self.dropout_share = config.dropout

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """See :class:`Seq2Seq`: (B, T, 258)."""
        vectors, _, _ = self._decode(batch, generator)
        return self._logits(vectors, generator)

    def start(self, batch: Batch) -> TransformerState:
        """Encode sources; the target is empty."""
        source = self._encode(batch, None)
        return TransformerState(
            source,
            source[:, :, :0],
            batch.source == PAD_ID,
            _target_offset(batch),
            target_steps_in_bar(batch),
            batch.steps_per_bar,
            batch.meter,
            batch.voices,
            0,
        )

    def step(self, state: TransformerState, tokens: Tensor) -> tuple[Tensor, TransformerState]:
        """See :class:`Seq2Seq`: (B, 258) and the state after."""
        n, device = state.n_predicted, tokens.device
        position = torch.full((1,), n, device=device)
        step_in_bar = step_in_bar_at(state.step_in_bar, state.steps_per_bar, n // state.voices)
        voice = position % state.voices
        vectors = self.symbols(tokens[:, None], step_in_bar, state.steps_per_bar, state.meter, voice, None)
        own = View(position)
        source = View(state.offset + n, _padding_mask(state.padding))
        kept = []
        for number, layer in enumerate(cast("list[DecoderLayer]", self.decoder)):
            kept.append(torch.cat([state.target[:, number], layer.remember(vectors)], dim=1))
            vectors = layer.attend_to_target(vectors, kept[-1], own, None)
            vectors = layer.attend_to_source(vectors, state.source[:, number], source, None)
        after = replace(state, target=torch.stack(kept, dim=1), n_predicted=n + 1)
        return self._logits(vectors, None)[:, 0], after

    def attention(self, batch: Batch) -> AttentionMaps | None:
        """See :class:`Seq2Seq`: over the source, the mean of all heads of the last layer."""
        _, queries, (memory, source) = self._decode(batch, None)
        last = cast("list[DecoderLayer]", self.decoder)[-1]
        weights = last.source.weights(last.before_source(queries), memory, source)
        return AttentionMaps({"attention": weights}, {}, {})

    def _encode(self, batch: Batch, generator: torch.Generator | None) -> Tensor:
        """Keys and values of the source for every layer of the decoder: (B, L, S, 2, D)."""
        padding = batch.source == PAD_ID
        positions = torch.arange(batch.source.shape[1], device=batch.source.device)
        step_in_bar, voices = batch.step_in_bar[:, : len(positions)], positions % batch.voices
        vectors = self.symbols(batch.source, step_in_bar, batch.steps_per_bar, batch.meter, voices, generator)
        view = View(torch.zeros_like(positions[:1]), _padding_mask(padding))
        for layer in cast("list[EncoderLayer]", self.encoder):
            vectors = layer(vectors, view, generator)
        vectors = self.source_norm(vectors)
        layers = cast("list[DecoderLayer]", self.decoder)
        return torch.stack([layer.source.remember(vectors) for layer in layers], dim=1)

    def _decode(
        self, batch: Batch, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor, tuple[Tensor, View]]:
        """Outputs of the decoder (B, T, D), and the last layer's attention to the source.

        Returns:
            The outputs, the last layer's queries before their norm, and its keys, values and view.
        """
        memory = self._encode(batch, generator)
        positions = torch.arange(batch.inputs.shape[1], device=batch.inputs.device)
        step_in_bar, voices = _steps_in_bar_of_target(batch)[:, : len(positions)], positions % batch.voices
        vectors = self.symbols(batch.inputs, step_in_bar, batch.steps_per_bar, batch.meter, voices, generator)
        future = torch.full((len(positions),) * 2, EXCLUDED, device=positions.device).triu(1)
        own = View(torch.zeros_like(positions[:1]), future)
        source = View(_target_offset(batch), _padding_mask(batch.source == PAD_ID))
        for number, layer in enumerate(cast("list[DecoderLayer]", self.decoder)):
            queries = layer.attend_to_target(vectors, layer.remember(vectors), own, generator)
            vectors = layer.attend_to_source(queries, memory[:, number], source, generator)
        return vectors, queries, (memory[:, -1], source)

    def _logits(self, vectors: Tensor, generator: torch.Generator | None) -> Tensor:
        logits: Tensor = self.output(dropout(self.target_norm(vectors), self.dropout_share, generator))
        return logits


def _padding_mask(padding: Tensor) -> Tensor:
    """-inf at padding, for all heads and queries: (B, 1, 1, S)."""
    return torch.zeros(padding.shape, device=padding.device).masked_fill(padding, EXCLUDED)[:, None, None]


def _target_offset(batch: Batch) -> Tensor:
    """(B,) position of the target's first token, counted from the source's; 0 where they are aligned."""
    return batch.source_lengths * (not batch.aligned)


def _steps_in_bar_of_target(batch: Batch) -> Tensor:
    """(B, ·) positions in the bar of the target's tokens; undefined after its end."""
    width = batch.step_in_bar.shape[1]
    positions = torch.arange(width, device=batch.step_in_bar.device) + batch.source_lengths[:, None]
    return batch.step_in_bar.gather(1, positions.clamp(max=width - 1))
