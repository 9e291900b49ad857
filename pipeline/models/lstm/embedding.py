"""Token embedding and tied output layer of the LSTM; names of attributes are keys of saved weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ID, VOCAB_SIZE
from pipeline.models.base.layers.chords import ChordEmbedding
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.layers.positions import INITIAL_STD, LONGEST_BAR
from pipeline.models.lstm.config import LstmConfig


class LstmEmbedding(nn.Module):
    """Tokens to vectors: (B, T) to (B, T, size); padding is the zero vector."""

    def __init__(self, config: LstmConfig) -> None:
        super().__init__()
        learned = config.input == "embedding"
        self.size = config.embedding_size if learned else VOCAB_SIZE
        self.table = nn.Embedding(VOCAB_SIZE + 1, self.size, padding_idx=PAD_ID) if learned else None
        self.bars = nn.Embedding(LONGEST_BAR + 1, self.size) if config.bars else None  # row 0: unknown
        if self.bars is not None:
            nn.init.normal_(self.bars.weight, std=INITIAL_STD)
        self.chords = ChordEmbedding(self.size) if config.chords else None
        self.dropout_share = config.dropout

    def forward(
        self,
        tokens: Tensor,
        places: Tensor,
        chords: Tensor,
        steps: Tensor,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Tokens (B, T), the rows (B, T) of their positions in the bar, and their chords.

        Args:
            chords: (B, K, 3) see ``Batch.chords``.
            steps: (B, T) the step of the piece of each token.
        """
        if self.table is not None:
            vectors = self.table(tokens)
            vectors = vectors if self.bars is None else vectors + self.bars(places)
            vectors = vectors if self.chords is None else vectors + self.chords(chords, steps)
            return dropout(vectors, self.dropout_share, generator)
        return functional.one_hot(tokens, VOCAB_SIZE + 1)[..., :VOCAB_SIZE].float()


class TiedOutput(nn.Module):
    """An output layer that shares the matrix of the token embeddings."""

    def __init__(self, size: int, embedding_size: int) -> None:
        super().__init__()
        self.project = nn.Linear(size, embedding_size)
        self.bias = nn.Parameter(torch.zeros(VOCAB_SIZE))

    def forward(self, outputs: Tensor, table: nn.Embedding) -> Tensor:
        """Logits (B, T, 258) of the decoder's outputs (B, T, size)."""
        return functional.linear(self.project(outputs), table.weight[:VOCAB_SIZE], self.bias)
