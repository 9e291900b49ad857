"""Helpers of networks with LSTMs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def take(sequences: Tensor, positions: Tensor) -> Tensor:
    """(B, S, H) at positions (B, K): (B, K, H)."""
    rows = torch.arange(len(sequences), device=sequences.device)[:, None] * sequences.shape[1]
    return functional.embedding(positions + rows, sequences.reshape(-1, sequences.shape[-1]))


def open_forget_gates(module: nn.Module) -> None:
    """Initialize forget gates so that they keep most of the cell (Jozefowicz et al. 2015)."""
    for lstm in module.modules():
        if isinstance(lstm, nn.LSTM):
            for name, bias in lstm.named_parameters():
                if name.startswith("bias_ih"):
                    with torch.no_grad():
                        bias[lstm.hidden_size : 2 * lstm.hidden_size].fill_(1.0)
