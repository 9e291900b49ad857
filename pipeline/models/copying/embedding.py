"""Token embedding of the LSTM with a copy mechanism; names of attributes are keys of saved weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.core.vocabulary import PAD_ID, VOCAB_SIZE
from pipeline.models.base.layers.chords import ChordEmbedding
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import INITIAL_STD, LONGEST_BAR, MeterEmbedding
from pipeline.models.copying.config import CopyingConfig


class CopyingEmbedding(nn.Module):
    """Tokens, with the position in the bar and the chord of the next token: (B, N) to (B, N, E)."""

    def __init__(self, config: CopyingConfig) -> None:
        super().__init__()
        size = config.embedding_size  # E
        self.table = nn.Embedding(VOCAB_SIZE + 1, size, padding_idx=PAD_ID)
        self.step_in_bar = nn.Embedding(LONGEST_BAR + 1, size) if config.bars else None  # row 0: unknown
        self.steps_per_bar = nn.Embedding(LONGEST_BAR + 1, size) if config.bars else None
        for table in (self.step_in_bar, self.steps_per_bar):
            if table is not None:
                nn.init.normal_(table.weight, std=INITIAL_STD)
        self.meter = MeterEmbedding(size) if config.meter else None
        self.chords = ChordEmbedding(size) if config.chords else None
        self.dropout_share = config.dropout

    def forward(
        self,
        tokens: Tensor,
        next_in_bar: Tensor,
        steps_per_bar: Tensor,
        meter: Tensor,
        chords: Tensor,
        next_step: Tensor,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Embed tokens.

        Args:
            tokens: (B, N).
            next_in_bar: (B, N) position in the bar of the token after each, -1 for unknown.
            steps_per_bar: (B,) 0 for unknown.
            meter: (B,) see ``Batch.meter``.
            chords: (B, K, 3) see ``Batch.chords``.
            next_step: (B, N) step of the piece of the token after each.
            generator: of dropout.
        """
        vectors = self.table(tokens)
        if self.step_in_bar is not None and self.steps_per_bar is not None:
            known = steps_per_bar * (steps_per_bar <= LONGEST_BAR)
            rows = (next_in_bar + 1) * (known > 0)[:, None]
            vectors = vectors + self.step_in_bar(rows) + self.steps_per_bar(known)[:, None]
        if self.meter is not None:
            vectors = vectors + self.meter(next_in_bar, steps_per_bar, meter)
        if self.chords is not None:
            vectors = vectors + self.chords(chords, next_step)
        return dropout(vectors, self.dropout_share, generator)
