"""Attention to earlier tokens of the piece, and the mixture weights of the copy mechanism.

Q positions are predicted after a history of N columns; a mask (B, Q, N) is -inf at
padding, and at the predicted position and later ones.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pipeline.core.vocabulary import PAD_ID
from pipeline.models.copying import matching
from pipeline.models.copying.config import CopyingConfig

SENTINEL = 3.0  # initial energy of the vocabulary: most of the mixture weight is its own at first
AGREEMENT_BIAS = 0.5  # initial increase of a passage's energy with each level of agreement


def history_mask(history: Tensor, n_positions: int) -> Tensor:
    """(B, Q, N): 0 at tokens before each predicted position, else -inf."""
    columns = torch.arange(history.shape[1], device=history.device)
    later = columns > columns[-n_positions:, None]  # (Q, N)
    excluded = later | (history == PAD_ID)[:, None]
    return torch.zeros(excluded.shape, device=history.device).masked_fill(excluded, float("-inf"))


class HistoryAttention(nn.Module):
    """Scaled dot-product attention to the LSTM's outputs at all earlier tokens."""

    def __init__(self, hidden_size: int, size: int) -> None:
        super().__init__()
        self.size = size  # A
        self.query = nn.Linear(hidden_size, size)
        self.memory = nn.Linear(hidden_size, 2 * size)

    def weights(self, outputs: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """(B, Q, N), each row sums to 1.

        Args:
            outputs: (B, Q, H) of the LSTM before each position.
            memory: (B, N, 2A) keys and values of each column.
            mask: (B, Q, N) see :func:`history_mask`.
        """
        keys = memory[..., : self.size]
        energies = torch.baddbmm(mask, self.query(outputs), keys.transpose(1, 2), alpha=self.size**-0.5)
        weights: Tensor = energies.softmax(-1)
        return weights

    def forward(self, outputs: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """Context vectors (B, Q, A)."""
        return self.weights(outputs, memory, mask) @ memory[..., self.size :]


class CopyMechanism(nn.Module):
    """Mixture weights of the vocabulary and of copies of each earlier token, in each way of copying."""

    def __init__(self, config: CopyingConfig) -> None:
        super().__init__()
        ways = len(config.copies)  # C
        self.ways = config.copies
        self.size = config.attention_size  # A
        self.query = nn.Linear(config.hidden_size, ways * self.size)
        self.context = nn.Linear(config.hidden_size, ways * self.size)
        self.sentinel = nn.Linear(config.hidden_size, 1)
        nn.init.constant_(self.sentinel.bias, SENTINEL)
        rising = AGREEMENT_BIAS * torch.arange(matching.N_LEVELS).float()[:, None].expand(-1, ways)
        self.same_symbols = nn.Parameter(rising.clone()) if config.matches else None
        self.same_intervals = nn.Parameter(rising.clone()) if config.matches else None

    def forward(
        self, outputs: Tensor, contexts: Tensor, history: Tensor, before: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mixture weights that sum to 1 over the vocabulary and all copies.

        Args:
            outputs: (B, Q, H) of the LSTM before each position.
            contexts: (B, N, C * A) keys of the state before each column.
            history: (B, N) tokens.
            before: (B, N + 1) see ``matching.notes_before``.
            mask: (B, Q, N) see :func:`history_mask`.

        Returns:
            (B, Q, 1) for the vocabulary, and (B, Q, C * N) for the copies, way by way.
        """
        energies = self._energies(outputs, contexts, history, before, mask)
        weights = torch.cat([self.sentinel(outputs), *energies], dim=-1).softmax(-1)
        return weights[..., :1], weights[..., 1:]

    def weights(
        self, outputs: Tensor, contexts: Tensor, history: Tensor, before: Tensor, mask: Tensor
    ) -> dict[str, Tensor]:
        """Attention weights of each way of copying on its own: (B, Q, N), each row sums to 1."""
        energies = self._energies(outputs, contexts, history, before, mask)
        return {way: energy.softmax(-1) for way, energy in zip(self.ways, energies, strict=True)}

    def tokens(self, history: Tensor, before: Tensor, previous: Tensor) -> Tensor:
        """(B, Q, C * N) the tokens that the copies predict, way by way.

        Args:
            history: (B, N) tokens.
            before: (B, N + 1) see ``matching.notes_before``.
            previous: (B, Q) the last token of the voice that is predicted.
        """
        by_way = {
            "pitch": lambda: matching.repeated(history, previous),
            "interval": lambda: matching.repeated_as_interval(history, before, previous),
        }
        return torch.cat([by_way[way]() for way in self.ways], dim=-1)

    def _energies(
        self, outputs: Tensor, contexts: Tensor, history: Tensor, before: Tensor, mask: Tensor
    ) -> list[Tensor]:
        """(B, Q, N) of each way: how well each token of the history fits as the next one."""
        queries = self.query(outputs).chunk(len(self.ways), dim=-1)
        keys = contexts.transpose(1, 2).chunk(len(self.ways), dim=1)
        energies = [
            torch.baddbmm(mask, query, key, alpha=self.size**-0.5)  # (B, Q, N)
            for query, key in zip(queries, keys, strict=True)
        ]
        bias = self._agreement_bias(history, before, outputs.shape[1])
        return energies if bias is None else [a + b for a, b in zip(energies, bias, strict=True)]

    def _agreement_bias(self, history: Tensor, before: Tensor, n_positions: int) -> tuple[Tensor, ...] | None:
        """(B, Q, N) of each way: the learned bias for agreement of tokens and of intervals."""
        if self.same_symbols is None or self.same_intervals is None:
            return None
        tokens = matching.agreement(history.masked_fill(history == PAD_ID, -1), n_positions)
        intervals = matching.agreement(matching.as_intervals(history, before[:, :-1]), n_positions)
        both = self.same_symbols[:, None] + self.same_intervals  # (levels, levels, C)
        rows = tokens * matching.N_LEVELS + intervals
        found: tuple[Tensor, ...] = Lookup.apply(both.flatten(0, 1), rows)  # type: ignore[no-untyped-call]
        return found


class Lookup(torch.autograd.Function):
    """The columns of a small table at many rows.

    Differs from ``functional.embedding`` in its gradient on a processor: that adds the rows of
    the gradient one by one, which was a fifth of a training step; this counts each column.
    """

    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Tensor) -> tuple[Tensor, ...]:
        """For each column of the table (R, C), its values at the rows (...) of type uint8."""
        ctx.save_for_backward(rows)
        ctx.n_rows = len(table)
        places = rows.flatten().int()
        return tuple(column.index_select(0, places).view(rows.shape) for column in table.t().contiguous())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """The gradient of the table (R, C)."""
        (rows,) = ctx.saved_tensors
        if rows.device.type != "cpu":  # there bincount is not deterministic
            both = torch.stack(gradients, dim=-1)
            return torch.ops.aten.embedding_dense_backward(both, rows.long(), ctx.n_rows, -1, False), None
        flat = rows.flatten()
        columns = [torch.bincount(flat, each.flatten(), ctx.n_rows) for each in gradients]
        return torch.stack(columns, dim=-1).to(gradients[0].dtype), None
