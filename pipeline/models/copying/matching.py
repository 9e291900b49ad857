"""Repetition in a melody: similar passages, and the tokens that followed them.

A history is (B, N) int64: the tokens so far, V voices in turn, the last one of every
piece in the last column; shorter pieces are padded with PAD_ID on the left. The Q
predicted positions follow the last Q columns: position q follows column N - Q + q.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ID, START, TIED

AGREEMENTS = (1, 2, 3, 4, 6, 8, 12, 16, 24)  # lengths of agreement, in tokens, that begin a level
N_LEVELS = len(AGREEMENTS) + 1

_NO_TOKEN = -1  # matches no token
_FIRST = 3 * TIED  # codes of tokens that are not onsets after a note, above all intervals


def notes_before(history: Tensor, voices: int) -> Tensor:
    """(B, N + 1) the last note of the same voice before each column and after the last; 0 for none."""
    width = history.shape[1]
    cells = functional.pad(history, (-width % voices, 0), value=PAD_ID)
    cells = cells.reshape(len(history), -1, voices)
    sounding = (cells < START) & (cells % TIED > 0)
    steps = torch.arange(cells.shape[1], device=history.device)[:, None]
    last = torch.where(sounding, steps, -1).cummax(dim=1).values  # (B, N / V, V)
    notes = torch.where(last >= 0, (cells % TIED).gather(1, last.clamp(min=0)), 0)
    return functional.pad(notes.flatten(1)[:, -width:], (voices, 0))[:, : width + 1]


def as_intervals(history: Tensor, before: Tensor) -> Tensor:
    """(B, N) transposition-invariant codes: an onset is its interval in semitones."""
    onset = (history > 0) & (history < TIED) & (before > 0)
    tied = (history > TIED) & (history < START)
    others = torch.where(tied, _FIRST, _FIRST + 1 + history)
    return torch.where(history == PAD_ID, _NO_TOKEN, torch.where(onset, history - before + TIED, others))


def agreement(tokens: Tensor, n_positions: int) -> Tensor:
    """Length of agreement of the tokens before a position with those before each earlier token.

    Args:
        tokens: (B, N), negative at padding.
        n_positions: Q.

    Returns:
        (B, Q, N) uint8 levels: how many of AGREEMENTS are reached by the number of
        consecutive equal tokens, counted backwards from both.
    """
    tokens, width = tokens.short(), tokens.shape[1]
    rows = min(width, n_positions + AGREEMENTS[-1] - 1)
    before = functional.pad(tokens, (1, 0), value=_NO_TOKEN)[:, :width]
    same = (tokens[:, -rows:, None] == before[:, None]) & (before[:, None] >= 0)
    runs, begin = same, 0  # rows and columns from begin on: earlier ones have no run of this length
    reached = same[:, -n_positions:].to(torch.uint8)
    for length, shorter in zip(AGREEMENTS[1:], AGREEMENTS, strict=False):
        # a run of 6 is a run of 4 that ends here and a run of 4 that ends two tokens earlier
        by = length - shorter
        runs, begin = runs[:, by:, by:] & runs[:, :-by, :-by], begin + by
        last = runs[:, -n_positions:].view(torch.uint8)
        reached[:, n_positions - last.shape[1] :, begin:] += last
    return reached


def repeated(history: Tensor, previous: Tensor) -> Tensor:
    """(B, Q, N) each token of the history copied; a tie holds the current note.

    Args:
        history: (B, N) tokens.
        previous: (B, Q) the last token of the voice that is predicted.
    """
    holds = (history >= TIED)[:, None]  # includes padding: its mixture weight is 0, but it must be a token
    return torch.where(holds, (TIED + previous % TIED)[..., None], history[:, None])


def repeated_as_interval(history: Tensor, before: Tensor, previous: Tensor) -> Tensor:
    """(B, Q, N) each token of the history copied at its interval from the previous note.

    Without a previous note, and for a silence, it is the same token; notes outside
    1 … 127 are clamped.

    Args:
        history: (B, N) tokens.
        before: (B, N + 1) see :func:`notes_before`.
        previous: (B, Q) the last token of the voice that is predicted.
    """
    then, now = before[:, None, :-1], before[:, -previous.shape[1] :, None]
    onset = (history > 0) & (history < TIED)
    moved = (history[:, None] + now - then).clamp(1, TIED - 1)
    return torch.where(onset[:, None] & (then > 0) & (now > 0), moved, repeated(history, previous))
