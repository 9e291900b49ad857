"""Where a symbol stands: its voice, its step in the bar, and the metre.

Positions of the places to be said are kept by step (B, K): a piece that is
harmonized tells all of them, one that is continued only the first, from which the
metre goes on.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.models.base.batches import Batch

LONGEST_BAR = 96  # steps; in longer bars no position is known
MOST_VOICES = 16
SPREAD = 0.3  # of the first vectors: smaller than those of symbols, which tell more


class Places(nn.Module):
    """Voices, positions in the bar and metres as vectors to be added to those of symbols."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.voice = nn.Embedding(MOST_VOICES, size)
        self.step_in_bar = nn.Embedding(LONGEST_BAR + 1, size)  # row 0: unknown
        self.steps_per_bar = nn.Embedding(LONGEST_BAR + 1, size)
        for table in (self.voice, self.step_in_bar, self.steps_per_bar):
            nn.init.normal_(table.weight, std=SPREAD)

    def forward(self, in_bar: Tensor, metres: Tensor, voices: Tensor | None = None) -> Tensor:
        """(B, N, E).

        Args:
            in_bar: (B, N) position in the bar, -1 for unknown.
            metres: (B,) steps per bar, 0 for unknown.
            voices: (N,) the voice of each place; None where a place is a step of all voices.
        """
        known = metres * (metres <= LONGEST_BAR)
        rows = (in_bar + 1) * (known > 0)[:, None]
        vectors: Tensor = self.step_in_bar(rows) + self.steps_per_bar(known)[:, None]
        return vectors if voices is None else vectors + self.voice(voices)


def steps_of_target(batch: Batch) -> Tensor:
    """(B, K) positions in the bar of the steps of the target, as far as they are told."""
    width = batch.step_in_bar.shape[1]
    n_steps = batch.source.shape[1] // batch.voices if batch.aligned else 1
    places = torch.arange(n_steps, device=batch.source.device) * batch.voices
    return batch.step_in_bar.gather(1, (batch.source_lengths[:, None] + places).clamp(max=width - 1))


def in_bar_at(told: Tensor, metres: Tensor, step: int) -> Tensor:
    """(B, 1) position in the bar of a step of the target.

    Args:
        told: (B, K) see :func:`steps_of_target`.
        metres: (B,) steps per bar, 0 for unknown.
    """
    if step < told.shape[1]:
        return told[:, step : step + 1]
    last, metre = told[:, -1:], metres[:, None]
    later = (last + step - told.shape[1] + 1) % metre.clamp(min=1)
    return torch.where((metre > 0) & (last >= 0), later, last)
