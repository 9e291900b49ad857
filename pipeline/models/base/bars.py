"""The bars of a piece, and how they continue after a prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bars:
    """The bars of a piece with one time signature.

    Attributes:
        steps_per_bar: at least 1.
        step_in_bar: (N,) steps since the last bar line, of every step as written.
        meter: the time signature, as "3/4"; None where unknown.
    """

    steps_per_bar: int
    step_in_bar: NDArray[np.int16]
    meter: str | None = None

    def continued(self, n_given: int, n_steps: int) -> NDArray[np.int64]:
        """(n_steps,) positions in the bar, extrapolated after the first steps.

        The first ``n_given`` are as written; after them the bars continue at the same
        length, so that later bar lines are not leaked.

        >>> Bars(3, np.array([2, 0, 1, 0, 1, 2])).continued(n_given=3, n_steps=6).tolist()
        [2, 0, 1, 2, 0, 1]
        """
        before = self.step_in_bar[:n_given].astype(np.int64)
        later = before[-1] + np.arange(1, n_steps - n_given + 1)
        return np.concatenate([before, later]) % self.steps_per_bar
