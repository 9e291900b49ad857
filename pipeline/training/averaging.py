"""Moving average of a model's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """Exponential moving average (EMA) of the weights over training steps.

    After step t it is decay · average + (1 - decay) · weights, with a decay of at
    most (1 + t) / (10 + t), so that the random initial weights soon have little effect.

    Source: Polyak and Juditsky 1992, in the exponential form and with the rising
    decay that became usual with Inception (Szegedy et al. 2016).

    Args:
        model: whose weights are averaged.
        decay: 0: no average; the weights themselves are used.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._parameters: list[Tensor] = list(model.parameters())
        self._decay = decay
        self.weights: list[Tensor] = [p.detach().clone() for p in self._parameters] if decay else []

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the model's weights after step ``step``, counted from 1."""
        if self._decay:
            decay = min(self._decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self.weights, self._parameters, 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Use the average as the model's weights inside the context."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        if self._decay:
            for parameter, average in zip(self._parameters, self.weights, strict=True):
                parameter.data, average.data = average.data, parameter.data
