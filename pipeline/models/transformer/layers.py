"""Layers of the transformer: token embedding, relative attention, encoder and decoder layers.

Names of attributes are keys of saved weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ID, VOCAB_SIZE
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import LONGEST_BAR, MAX_VOICES, MeterEmbedding
from pipeline.models.transformer.config import TransformerConfig


@dataclass(frozen=True)
class View:
    """Relative positions and mask of Q successive queries and K successive keys.

    Attributes:
        offset: (1 or B,) int64, how many positions the first key is before the first query.
        mask: 0, or -inf where a key is excluded; to be broadcast to (B, heads, Q, K).
    """

    offset: Tensor
    mask: Tensor | float = 0.0


class EncoderLayer(nn.Module):
    """Self-attention, then a feed-forward layer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.before_own, self.own = nn.LayerNorm(config.size), RelativeAttention(config)
        self.feed_forward = _FeedForward(config)
        self.dropout_share = config.dropout

    def forward(self, vectors: Tensor, view: View, generator: torch.Generator | None) -> Tensor:
        """(B, S, D) to the same."""
        own = self.before_own(vectors)
        attended = self.own(own, self.own.remember(own), view)
        outputs: Tensor = self.feed_forward(
            vectors + dropout(attended, self.dropout_share, generator), generator
        )
        return outputs


class DecoderLayer(nn.Module):
    """Self-attention to the target so far, attention to the source, then a feed-forward layer."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.before_own, self.own = nn.LayerNorm(config.size), RelativeAttention(config)
        self.before_source, self.source = nn.LayerNorm(config.size), RelativeAttention(config)
        self.feed_forward = _FeedForward(config)
        self.dropout_share = config.dropout

    def remember(self, vectors: Tensor) -> Tensor:
        """Keys and values (B, T, 2, D) of target positions."""
        return self.own.remember(self.before_own(vectors))

    def attend_to_target(
        self, vectors: Tensor, memory: Tensor, view: View, generator: torch.Generator | None
    ) -> Tensor:
        """Self-attention; ``memory`` holds the keys and values of the target."""
        attended = self.own(self.before_own(vectors), memory, view)
        return vectors + dropout(attended, self.dropout_share, generator)

    def attend_to_source(
        self, vectors: Tensor, memory: Tensor, view: View, generator: torch.Generator | None
    ) -> Tensor:
        """Attention to the source, whose keys and values are ``memory``, and the feed-forward layer."""
        attended = self.source(self.before_source(vectors), memory, view)
        outputs: Tensor = self.feed_forward(
            vectors + dropout(attended, self.dropout_share, generator), generator
        )
        return outputs


class _FeedForward(nn.Module):
    """Two linear layers at each position."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        wide = config.widening * config.size
        self.before = nn.LayerNorm(config.size)
        self.widen, self.narrow = nn.Linear(config.size, wide), nn.Linear(wide, config.size)
        self.dropout_share = config.dropout

    def forward(self, vectors: Tensor, generator: torch.Generator | None) -> Tensor:
        """(B, N, D) to the same."""
        outputs = self.narrow(functional.gelu(self.widen(self.before(vectors))))
        return vectors + dropout(outputs, self.dropout_share, generator)


class RelativeAttention(nn.Module):
    """Multi-head attention with a bias of each head for every distance."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.distances = config.heads, config.distances
        self.query = nn.Linear(config.size, config.size)
        self.memory = nn.Linear(config.size, 2 * config.size)
        self.output = nn.Linear(config.size, config.size)
        self.liking = nn.Embedding(2 * config.distances + 1, config.heads)  # bias by distance
        nn.init.zeros_(self.liking.weight)

    def remember(self, vectors: Tensor) -> Tensor:
        """Keys and values (B, K, 2, D) of vectors (B, K, D)."""
        return torch.stack(self.memory(vectors).chunk(2, dim=-1), dim=2)

    def forward(self, vectors: Tensor, memory: Tensor, view: View) -> Tensor:
        """Context vectors (B, Q, D).

        Args:
            vectors: (B, Q, D).
            memory: (B, K, 2, D), see ``remember``.
            view: of these queries and keys.
        """
        keys, values = (self._by_head(each) for each in memory.unbind(2))
        bias = self._bias(view, vectors.shape[1], memory.shape[1])
        queries = self._by_head(self.query(vectors))
        attended = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
        outputs: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return outputs

    def weights(self, vectors: Tensor, memory: Tensor, view: View) -> Tensor:
        """(B, Q, K), the mean of all heads; each row sums to 1."""
        keys, queries = self._by_head(memory[:, :, 0]), self._by_head(self.query(vectors))
        energies = queries @ keys.transpose(2, 3) * queries.shape[-1] ** -0.5
        weights: Tensor = (energies + self._bias(view, *energies.shape[2:])).softmax(-1).mean(1)
        return weights

    def _bias(self, view: View, queries: int, keys: int) -> Tensor:
        """(1 or B, heads, Q, K): each diagonal holds one distance, so only Q + K - 1 are looked up."""
        distance = view.offset[:, None] + torch.arange(1 - keys, queries, device=view.offset.device)
        rows = distance.clamp(-self.distances, self.distances) + self.distances
        bias: Tensor = self.liking(rows).transpose(1, 2).unfold(2, keys, 1).flip(3) + view.mask
        return bias

    def _by_head(self, vectors: Tensor) -> Tensor:
        """(B, K, D) as (B, heads, K, D / heads)."""
        return vectors.view(*vectors.shape[:2], self.heads, -1).transpose(1, 2)


class TransformerEmbedding(nn.Module):
    """Tokens and their positions to vectors (B, N, D)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.table = nn.Embedding(VOCAB_SIZE + 1, config.size, padding_idx=PAD_ID)
        self.voice = nn.Embedding(MAX_VOICES, config.size)
        self.step_in_bar = (
            nn.Embedding(LONGEST_BAR + 1, config.size) if config.bars else None
        )  # row 0: unknown
        self.steps_per_bar = nn.Embedding(LONGEST_BAR + 1, config.size) if config.bars else None
        for table in self.children():
            nn.init.normal_(table.weight, std=config.size**-0.5)  # type: ignore[arg-type]
        self.meter = MeterEmbedding(config.size) if config.meter else None
        self.dropout_share = config.dropout

    def forward(
        self,
        tokens: Tensor,
        step_in_bar: Tensor,
        steps_per_bar: Tensor,
        meter: Tensor,
        voices: Tensor,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Embed tokens.

        Args:
            tokens: (B, N).
            step_in_bar: (B, N) position in the bar, -1 for unknown.
            steps_per_bar: (B,), 0 for unknown.
            meter: (B,) see ``Batch.meter``.
            voices: (N,) the voice of each token.
        """
        vectors = self.table(tokens) + self.voice(voices)
        if self.step_in_bar is not None and self.steps_per_bar is not None:
            known = steps_per_bar * (steps_per_bar <= LONGEST_BAR)
            rows = (step_in_bar + 1) * (known > 0)[:, None]
            vectors = vectors + self.step_in_bar(rows) + self.steps_per_bar(known)[:, None]
        if self.meter is not None:
            vectors = vectors + self.meter(step_in_bar, steps_per_bar, meter)
        return dropout(vectors, self.dropout_share, generator)
