"""Repetition costs: tokens that continue a repeated passage become less probable.

A token continues a repeated passage where the last tokens of the piece, at least one bar of
them, occurred before and were followed by it. It costs ``nats`` for each such occurrence, so
that a passage that is repeated a second time costs twice as much: loops end, single
repetitions remain. Source and continuation are treated alike.

Source: Keskar et al. 2019, "CTRL", section 4.1, penalizes single tokens; Paulus et al. 2018,
"A Deep Reinforced Model for Abstractive Summarization", section 2.5, forbids n-grams. In
music single tokens recur all the time, so that whole bars are counted, and none is forbidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import STOP, VOCAB_SIZE
from pipeline.models.base.examples import Example

STEPS_PER_BAR = 16  # where the bars of a piece are unknown
NO_TOKEN = -1  # before the beginning of a piece

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RepetitionCosts:
    """The tokens of B pieces so far, and how they match earlier ones.

    Attributes:
        nats: cost of each occurrence.
        voices: V.
        shortest: (B,) tokens of the shortest match that counts.
        tokens: (B, T) the pieces so far, aligned at their ends.
        matches: (B, T) before each token: how many tokens before it equal the last tokens
            of the piece.
    """

    nats: float
    voices: int
    shortest: Ints
    tokens: Ints
    matches: Ints

    @classmethod
    def start(cls, nats: float, examples: Sequence[Example]) -> RepetitionCosts:
        """After the sources of examples with the same number of voices."""
        voices, width = examples[0].voices, max(len(example.source) for example in examples)
        bars = [example.bars.steps_per_bar if example.bars else STEPS_PER_BAR for example in examples]
        empty = np.zeros((len(examples), 0), np.int64)
        costs = cls(nats, voices, np.array(bars, np.int64) * voices, empty, empty)
        sources = np.full((len(examples), width), NO_TOKEN, np.int64)
        for row, example in enumerate(examples):
            sources[row, width - len(example.source) :] = example.source
        for column in sources.T:
            costs = costs.append(column)
        return costs

    def append(self, tokens: Ints) -> RepetitionCosts:
        """The costs after the next (B,) tokens."""
        longer = np.where(self.tokens == tokens[:, None], self.matches + 1, 0)
        longer *= (tokens != NO_TOKEN)[:, None]
        matches = np.concatenate([np.zeros((len(tokens), 1), np.int64), longer], axis=1)
        whole = np.concatenate([self.tokens, tokens[:, None]], axis=1)
        return RepetitionCosts(self.nats, self.voices, self.shortest, whole, matches)

    def of_candidates(self) -> NDArray[np.float64]:
        """(B, 258) nats of every token; 0 for STOP."""
        costs = np.zeros((len(self.tokens), VOCAB_SIZE))
        n = self.tokens.shape[1]
        same_voice = (n - np.arange(n)) % self.voices == 0
        rows, places = np.nonzero((self.matches >= self.shortest[:, None]) & same_voice)
        np.add.at(costs, (rows, self.tokens[rows, places]), self.nats)
        costs[:, STOP] = 0.0
        return costs
