"""Embeddings of a token's position: its voice, its step in the bar and in the beat, the time signature.

Positions of the target are kept by step (B, K): all of them for a piece that is
harmonized, only the first for one that is continued; there the bars continue at the same
length.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.models.base.batches import Batch
from pipeline.models.base.meters import BEATS, N_METERS

LONGEST_BAR = 96  # steps; in longer bars no position is known
MAX_VOICES = 16
INITIAL_STD = 0.3  # smaller than that of token embeddings, which carry more information


class MeterEmbedding(nn.Module):
    """Embeddings of the time signature and of positions in the beat, to be added to those of tokens.

    They distinguish 3/4 from 6/8, whose bars are equally long but have different beats.
    """

    beats: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.meter = nn.Embedding(N_METERS, size)  # row 0: unknown
        self.step_in_beat = nn.Embedding(LONGEST_BAR + 1, size)  # row 0: unknown
        for table in (self.meter, self.step_in_beat):
            nn.init.normal_(table.weight, std=INITIAL_STD)
        self.register_buffer("beats", torch.tensor(BEATS), persistent=False)

    def forward(self, step_in_bar: Tensor, steps_per_bar: Tensor, meter: Tensor) -> Tensor:
        """(B, N, E).

        Args:
            step_in_bar: (B, N) position in the bar, -1 for unknown.
            steps_per_bar: (B,), 0 for unknown.
            meter: (B,) see ``Batch.meter``.
        """
        beats = self.beats[meter]
        length = steps_per_bar // beats.clamp(min=1)
        known = (length > 0) & (length <= LONGEST_BAR) & (length * beats == steps_per_bar)
        rows = (step_in_bar % length.clamp(min=1)[:, None] + 1) * (known[:, None] & (step_in_bar >= 0))
        vectors: Tensor = self.meter(meter)[:, None] + self.step_in_beat(rows)
        return vectors


class PositionEmbedding(nn.Module):
    """Embeddings of voices, positions in the bar and bar lengths, to be added to those of tokens.

    Args:
        size: of a vector.
        meter: add those of the time signature, see :class:`MeterEmbedding`.
    """

    def __init__(self, size: int, meter: bool = False) -> None:
        super().__init__()
        self.voice = nn.Embedding(MAX_VOICES, size)
        self.step_in_bar = nn.Embedding(LONGEST_BAR + 1, size)  # row 0: unknown
        self.steps_per_bar = nn.Embedding(LONGEST_BAR + 1, size)
        for table in (self.voice, self.step_in_bar, self.steps_per_bar):
            nn.init.normal_(table.weight, std=INITIAL_STD)
        self.meter = MeterEmbedding(size) if meter else None

    def forward(
        self, step_in_bar: Tensor, steps_per_bar: Tensor, meter: Tensor, voices: Tensor | None = None
    ) -> Tensor:
        """(B, N, E).

        Args:
            step_in_bar: (B, N) position in the bar, -1 for unknown.
            steps_per_bar: (B,), 0 for unknown.
            meter: (B,) see ``Batch.meter``.
            voices: (N,) the voice of each token; None where a position is a step of all voices.
        """
        known = steps_per_bar * (steps_per_bar <= LONGEST_BAR)
        rows = (step_in_bar + 1) * (known > 0)[:, None]
        vectors: Tensor = self.step_in_bar(rows) + self.steps_per_bar(known)[:, None]
        if self.meter is not None:
            vectors = vectors + self.meter(step_in_bar, steps_per_bar, meter)
        return vectors if voices is None else vectors + self.voice(voices)


def target_steps_in_bar(batch: Batch) -> Tensor:
    """(B, K) positions in the bar of the target's steps: all of them, or the first if bars continue."""
    width = batch.step_in_bar.shape[1]
    n_steps = batch.source.shape[1] // batch.voices if batch.aligned else 1
    positions = torch.arange(n_steps, device=batch.source.device) * batch.voices
    return batch.step_in_bar.gather(1, (batch.source_lengths[:, None] + positions).clamp(max=width - 1))


def step_in_bar_at(given: Tensor, steps_per_bar: Tensor, step: int) -> Tensor:
    """(B, 1) position in the bar of a step of the target.

    Args:
        given: (B, K) see :func:`target_steps_in_bar`.
        steps_per_bar: (B,), 0 for unknown.
    """
    if step < given.shape[1]:
        return given[:, step : step + 1]
    last, length = given[:, -1:], steps_per_bar[:, None]
    later = (last + step - given.shape[1] + 1) % length.clamp(min=1)
    return torch.where((length > 0) & (last >= 0), later, last)
