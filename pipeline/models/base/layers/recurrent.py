"""Helpers of networks with LSTMs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def take(sequences: Tensor, positions: Tensor) -> Tensor:
    """(B, S, H) at positions (B, K): (B, K, H)."""
    rows = torch.arange(len(sequences), device=sequences.device)[:, None] * sequences.shape[1]
    return functional.embedding(positions + rows, sequences.reshape(-1, sequences.shape[-1]))


def run_from(lstm: nn.Module, inputs: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Run one layer of an LSTM on from a state.

    Args:
        lstm: an ``nn.LSTM`` of one layer, ``batch_first``.
        inputs: (B, N, I).
        h, c: (B, H).

    Returns:
        (B, N, H) outputs, and h and c (1, B, H) after them.
    """
    if inputs.shape[1] == 1:  # as a sequence, a single step would take two to four times as long
        h, c = torch.lstm_cell(inputs[:, 0], (h, c), *lstm.parameters())
        return h[:, None], (h[None], c[None])
    outputs, (h, c) = lstm(inputs, (h[None].contiguous(), c[None].contiguous()))
    return outputs, (h, c)


def open_forget_gates(module: nn.Module) -> None:
    """Initialize forget gates so that they keep most of the cell (Jozefowicz et al. 2015)."""
    for lstm in module.modules():
        if isinstance(lstm, nn.LSTM):
            for name, bias in lstm.named_parameters():
                if name.startswith("bias_ih"):
                    with torch.no_grad():
                        bias[lstm.hidden_size : 2 * lstm.hidden_size].fill_(1.0)
