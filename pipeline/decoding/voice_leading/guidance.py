"""Voice-leading costs for the decoding of several pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.decoding.voice_leading.costs import VoiceLeadingCosts
from pipeline.decoding.voice_leading.keys import WrittenKey
from pipeline.decoding.voice_leading.rules import Level, costs_of


@dataclass(frozen=True)
class Guidance:
    """Voice-leading costs for the decoding of several pieces.

    Attributes:
        nats: the cost of each rule; see :mod:`pipeline.decoding.voice_leading.rules`.
        keys: one per piece.
    """

    nats: Mapping[str, float]
    keys: Sequence[WrittenKey]

    def start(self, indices: Sequence[int], previous: NDArray[np.int64]) -> VoiceLeadingCosts:
        """The costs of some of the pieces; see :meth:`VoiceLeadingCosts.start`."""
        return VoiceLeadingCosts.start(self.nats, [self.keys[i] for i in indices], previous)

    @classmethod
    def at(cls, level: Level, keys: Sequence[WrittenKey]) -> Guidance | None:
        """The costs of a level; None for ``off``."""
        nats = costs_of(level)
        return None if nats is None else cls(nats, keys)
