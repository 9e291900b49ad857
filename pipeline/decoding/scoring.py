"""Teacher-forced scoring: log-probabilities of the true targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.decoding.sampling import require_numbers
from pipeline.models.base.batches import by_length, collate
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq

WINDOW_EXAMPLES = 1024  # examples whose log-probabilities are held at once, to return them in order


def log_probs(
    model: Seq2Seq, examples: Sequence[Example], batch_tokens: int = 8192
) -> Iterator[NDArray[np.float32]]:
    """Log-probabilities of all tokens at each target position, under teacher forcing.

    Args:
        model: on any device.
        examples: pieces of either task.
        batch_tokens: largest number of target tokens of a batch; it changes only rounding.

    Yields:
        For each example, in order, (T, 258) natural logarithms of probabilities
        that sum to 1 over the valid tokens; -inf at the others.

    Raises:
        PredictionError: a prediction is not a number.
    """
    for begin in range(0, len(examples), WINDOW_EXAMPLES):
        window = examples[begin : begin + WINDOW_EXAMPLES]
        found: dict[int, NDArray[np.float32]] = {}
        for indices in by_length(window, batch_tokens):
            rows = _log_probs_of([window[i] for i in indices], model)
            found |= {
                int(i): row[: len(window[i].target)].copy() for i, row in zip(indices, rows, strict=True)
            }
        for i in range(len(window)):
            require_numbers(found[i])
            yield found[i]


def _log_probs_of(examples: Sequence[Example], model: Seq2Seq) -> NDArray[np.float32]:
    with torch.inference_mode():
        batch = collate(examples).to(model.grammar_mask.device)
        masked = model.mask(model(batch), batch.previous, batch.stop_allowed)
        rows: NDArray[np.float32] = masked.log_softmax(-1).cpu().numpy()  # (B, T, 258)
    return rows
