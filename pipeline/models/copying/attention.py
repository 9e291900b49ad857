"""Looking back: what attention sees, and what copying would say.

Q places are to be filled after a history of N columns; a barrier (B, Q, N) is -inf
where a place must not look: at padding, and at what is said there or later.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ROW
from pipeline.models.copying import matching
from pipeline.models.copying.config import Config

SENTINEL = 3.0  # how much more the vocabulary is believed than any one copy, at first
AGREED = 0.5  # how much more a passage is believed for each further level of agreement, at first


def barrier(history: Tensor, n_places: int) -> Tensor:
    """(B, Q, N): 0 at what was said before each place, else -inf."""
    columns = torch.arange(history.shape[1], device=history.device)
    later = columns > columns[-n_places:, None]  # (Q, N)
    hidden = later | (history == PAD_ROW)[:, None]
    return torch.zeros(hidden.shape, device=history.device).masked_fill(hidden, float("-inf"))


class Attention(nn.Module):
    """Sees the states after all that was said: a mean of values, by scaled products with keys."""

    def __init__(self, hidden_size: int, size: int) -> None:
        super().__init__()
        self.size = size  # A
        self.query = nn.Linear(hidden_size, size)
        self.memory = nn.Linear(hidden_size, 2 * size)

    def weights(self, outputs: Tensor, memory: Tensor, barrier: Tensor) -> Tensor:
        """(B, Q, N), each row sums to 1.

        Args:
            outputs: (B, Q, H) of the LSTM before each place.
            memory: (B, N, 2A) keys and values of each column.
        """
        keys = memory[..., : self.size]
        energies = torch.baddbmm(barrier, self.query(outputs), keys.transpose(1, 2), alpha=self.size**-0.5)
        looks: Tensor = energies.softmax(-1)
        return looks

    def forward(self, outputs: Tensor, memory: Tensor, barrier: Tensor) -> Tensor:
        """What is seen from there: (B, Q, A)."""
        return self.weights(outputs, memory, barrier) @ memory[..., self.size :]


class Copies(nn.Module):
    """How much each symbol of the history is believed to be what comes next, in each way of copying."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        ways = len(config.copies)  # C
        self.ways = config.copies
        self.size = config.attention_size  # A
        self.query = nn.Linear(config.hidden_size, ways * self.size)
        self.context = nn.Linear(config.hidden_size, ways * self.size)
        self.sentinel = nn.Linear(config.hidden_size, 1)
        nn.init.constant_(self.sentinel.bias, SENTINEL)
        rising = AGREED * torch.arange(matching.N_LEVELS).float()[:, None].expand(-1, ways)
        self.same_symbols = nn.Parameter(rising.clone()) if config.matches else None
        self.same_intervals = nn.Parameter(rising.clone()) if config.matches else None

    def forward(
        self, outputs: Tensor, contexts: Tensor, history: Tensor, before: Tensor, barrier: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Beliefs that sum to 1 over the vocabulary and all copies.

        Args:
            outputs: (B, Q, H) of the LSTM before each place.
            contexts: (B, N, C * A) what is known of the state before each column.
            before: (B, N + 1) see ``matching.notes_before``.

        Returns:
            (B, Q, 1) for the vocabulary, and (B, Q, C * N) for the copies, way by way.
        """
        energies = self._energies(outputs, contexts, history, before, barrier)
        beliefs = torch.cat([self.sentinel(outputs), *energies], dim=-1).softmax(-1)
        return beliefs[..., :1], beliefs[..., 1:]

    def looks(
        self, outputs: Tensor, contexts: Tensor, history: Tensor, before: Tensor, barrier: Tensor
    ) -> dict[str, Tensor]:
        """Where each way of copying looks, were it the only one: (B, Q, N), each row sums to 1."""
        energies = self._energies(outputs, contexts, history, before, barrier)
        return {way: energy.softmax(-1) for way, energy in zip(self.ways, energies, strict=True)}

    def said(self, history: Tensor, before: Tensor, previous: Tensor) -> Tensor:
        """(B, Q, C * N) the symbols that the copies say, way by way.

        Args:
            previous: (B, Q) the last symbol of the voice whose turn it is.
        """
        by_way = {
            "pitch": lambda: matching.repeated(history, previous),
            "interval": lambda: matching.repeated_as_interval(history, before, previous),
        }
        return torch.cat([by_way[way]() for way in self.ways], dim=-1)

    def _energies(
        self, outputs: Tensor, contexts: Tensor, history: Tensor, before: Tensor, barrier: Tensor
    ) -> list[Tensor]:
        """(B, Q, N) of each way: how well each symbol of the history fits as the next one."""
        queries = self.query(outputs).chunk(len(self.ways), dim=-1)
        keys = contexts.transpose(1, 2).chunk(len(self.ways), dim=1)
        energies = [
            torch.baddbmm(barrier, query, key, alpha=self.size**-0.5)  # (B, Q, N)
            for query, key in zip(queries, keys, strict=True)
        ]
        likeness = self._likeness(history, before, outputs.shape[1])
        if likeness is None:
            return energies
        return [energy + likeness[..., way] for way, energy in enumerate(energies)]

    def _likeness(self, history: Tensor, before: Tensor, n_places: int) -> Tensor | None:
        """(B, Q, N, C) what is added for agreement of symbols and of intervals."""
        if self.same_symbols is None or self.same_intervals is None:
            return None
        symbols = matching.agreement(history.masked_fill(history == PAD_ROW, -1), n_places)
        intervals = matching.agreement(matching.as_intervals(history, before[:, :-1]), n_places)
        both = self.same_symbols[:, None] + self.same_intervals  # (levels, levels, C)
        return functional.embedding(symbols * matching.N_LEVELS + intervals, both.flatten(0, 1))
