"""What repeats in a melody: like passages, and what followed them.

A history is (B, N) int64: the symbols that were said, V voices in turn, the last
of all pieces in the last column; PAD_ROW stands before the shorter ones. The
places after the last Q columns are those that are to be filled: place q follows
column N - Q + q.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.core.vocabulary import PAD_ROW, START, TIED

AGREEMENTS = (1, 2, 3, 4, 6, 8, 12, 16, 24)  # symbols in a row that make a passage more alike
N_LEVELS = len(AGREEMENTS) + 1

_NOTHING = -1  # agrees with nothing
_FIRST = 3 * TIED  # codes of symbols that begin no second note, above all intervals


def notes_before(history: Tensor, voices: int) -> Tensor:
    """(B, N + 1) the last note of the same voice before each column and after the last; 0 for none."""
    width = history.shape[1]
    turns = functional.pad(history, (-width % voices, 0), value=PAD_ROW)
    turns = turns.reshape(len(history), -1, voices)
    sounding = (turns < START) & (turns % TIED > 0)
    steps = torch.arange(turns.shape[1], device=history.device)[:, None]
    last = torch.where(sounding, steps, -1).cummax(dim=1).values  # (B, N / V, V)
    notes = torch.where(last >= 0, (turns % TIED).gather(1, last.clamp(min=0)), 0)
    return functional.pad(notes.flatten(1)[:, -width:], (voices, 0))[:, : width + 1]


def as_intervals(history: Tensor, before: Tensor) -> Tensor:
    """(B, N) symbols such that a transposed melody has the same: an onset is its interval in semitones."""
    onset = (history > 0) & (history < TIED) & (before > 0)
    tied = (history > TIED) & (history < START)
    others = torch.where(tied, _FIRST, _FIRST + 1 + history)
    return torch.where(history == PAD_ROW, _NOTHING, torch.where(onset, history - before + TIED, others))


def agreement(symbols: Tensor, n_places: int) -> Tensor:
    """How alike what came before a place is to what came before each symbol.

    Args:
        symbols: (B, N), negative where nothing was said.

    Returns:
        (B, Q, N) int64, how many of AGREEMENTS are reached by the number of
        symbols in a row that are the same, back from either.
    """
    width = symbols.shape[1]
    rows = min(width, n_places + AGREEMENTS[-1] - 1)
    before = functional.pad(symbols, (1, 0), value=_NOTHING)[:, :width]
    same = (symbols[:, -rows:, None] == before[:, None]) & (before[:, None] >= 0)
    runs, reached = {1: same}, same.to(torch.uint8)
    for length, shorter in zip(AGREEMENTS[1:], AGREEMENTS, strict=False):
        # a run of 6 is one of 4 that ends here and one of 4 that ended two symbols before
        runs[length] = runs[shorter] & _earlier(runs[shorter], length - shorter)
        reached = reached + runs[length]
    return reached[:, -n_places:].long()


def repeated(history: Tensor, previous: Tensor) -> Tensor:
    """(B, Q, N) each symbol of the history said again; a tie holds what sounds now.

    Args:
        previous: (B, Q) the last symbol of the voice whose turn it is.
    """
    holds = (history >= TIED)[:, None]  # padding, too: it is believed in by nobody, but must be a symbol
    return torch.where(holds, (TIED + previous % TIED)[..., None], history[:, None])


def repeated_as_interval(history: Tensor, before: Tensor, previous: Tensor) -> Tensor:
    """(B, Q, N) each symbol of the history said again, as far from the last note as it was then.

    Where no note came before, and for a silence, it is the same symbol; notes that
    would leave 1 … 127 are at the edge.

    Args:
        before: (B, N + 1) see :func:`notes_before`.
        previous: (B, Q) the last symbol of the voice whose turn it is.
    """
    then, now = before[:, None, :-1], before[:, -previous.shape[1] :, None]
    onset = (history > 0) & (history < TIED)
    moved = (history[:, None] + now - then).clamp(1, TIED - 1)
    return torch.where(onset[:, None] & (then > 0) & (now > 0), moved, repeated(history, previous))


def _earlier(runs: Tensor, by: int) -> Tensor:
    """The same (B, R, N), as it was ``by`` symbols before either."""
    return functional.pad(runs, (by, 0, by, 0))[:, : runs.shape[1], : runs.shape[2]]
