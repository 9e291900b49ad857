"""Embeddings of the current and the next chord, to be added to those of tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.models.base.batches import Batch
from pipeline.models.base.chord_numbers import (
    FIRST,
    N_CHORDS,
    N_DISTANCES,
    N_QUALITIES,
    QUALITIES,
    TONES,
)
from pipeline.models.base.layers.positions import INITIAL_STD


class ChordEmbedding(nn.Module):
    """The chord of a step, the next chord, and the distance to it in steps."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.current = _OneChord(size)
        self.next = _OneChord(size)
        self.distance = nn.Embedding(N_DISTANCES, size)  # row 0: the chord does not change again
        nn.init.normal_(self.distance.weight, std=INITIAL_STD)

    def forward(self, chords: Tensor, steps: Tensor) -> Tensor:
        """(B, N, E).

        Args:
            chords: (B, K, 3) see ``Batch.chords``.
            steps: (B, N) steps of the piece; from K on the last known chord holds.
        """
        rows = steps.clamp(max=chords.shape[1] - 1)[..., None].expand(-1, -1, 3)
        current, following, distance = chords.gather(1, rows).unbind(-1)  # (B, N) each
        vectors: Tensor = self.current(current) + self.next(following) + self.distance(distance)
        return vectors


class _OneChord(nn.Module):
    """Root, quality and notes of a chord, each embedded: chords that share notes are similar."""

    facts: Tensor
    tones: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.root = nn.Embedding(13, size)  # row 0: none
        self.quality = nn.Embedding(N_QUALITIES, size)
        self.notes = nn.Linear(12, size, bias=False)
        for table in (self.root, self.quality):
            nn.init.normal_(table.weight, std=INITIAL_STD)
        facts, tones = _tables()
        self.register_buffer("facts", facts, persistent=False)
        self.register_buffer("tones", tones, persistent=False)

    def forward(self, numbers: Tensor) -> Tensor:
        root, quality = self.facts[numbers].unbind(-1)
        vectors: Tensor = self.root(root) + self.quality(quality) + self.notes(self.tones[numbers])
        return vectors


def source_steps(batch: Batch) -> Tensor:
    """(B, S) the step of the piece of each source token."""
    steps = torch.arange(batch.source.shape[1], device=batch.source.device) // batch.voices
    return steps.expand(batch.source.shape)


def first_target_step(batch: Batch) -> Tensor:
    """(B,) the step of the piece of the first target token."""
    return batch.source_lengths // batch.voices * (not batch.aligned)


def target_steps(batch: Batch) -> Tensor:
    """(B, T) the step of the piece of each target token."""
    steps = torch.arange(batch.inputs.shape[1], device=batch.source.device) // batch.voices
    return first_target_step(batch)[:, None] + steps


def _tables() -> tuple[Tensor, Tensor]:
    """(N_CHORDS, 2) row of root and of quality, and (N_CHORDS, 12) 1 at the pitch classes of the notes."""
    facts = torch.zeros(N_CHORDS, 2, dtype=torch.int64)
    tones = torch.zeros(N_CHORDS, 12)
    facts[:FIRST, 1] = torch.arange(FIRST)
    for quality, name in enumerate(QUALITIES):
        for root in range(12):
            number = FIRST + 12 * quality + root
            facts[number] = torch.tensor([1 + root, FIRST + quality])
            tones[number, [(root + semitones) % 12 for semitones in TONES[name]]] = 1.0
    return facts, tones
