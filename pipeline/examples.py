"""From a row of a shard to what a model reads and what it must say.

A piece is cut where a note of its top voice begins. The source is all before,
without START; the target is the rest and ends in STOP. Other voices may begin
the target with a tie, so the grammar's state carries over from the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline import vocabulary
from pipeline.errors import PipelineError
from pipeline.vocabulary import START, STOP, TIED


class CutError(PipelineError):
    """A piece with fewer than two notes in its top voice has no second half."""


@dataclass(frozen=True)
class Bars:
    """The bars of a piece with one metre.

    Attributes:
        steps_per_bar: at least 1.
        step_in_bar: (N,) steps since the last bar line, of every step as written.
    """

    steps_per_bar: int
    step_in_bar: NDArray[np.int16]

    def continued(self, n_heard: int, n_steps: int) -> NDArray[np.int64]:
        """(n_steps,) positions in the bar as one who heard the first steps expects them.

        Up to there they are as written, and then the metre goes on: where bar
        lines will be written is not given away.

        >>> Bars(3, np.array([2, 0, 1, 0, 1, 2])).continued(n_heard=3, n_steps=6).tolist()
        [2, 0, 1, 2, 0, 1]
        """
        heard = self.step_in_bar[:n_heard].astype(np.int64)
        later = heard[-1] + np.arange(1, n_steps - n_heard + 1)
        return np.concatenate([heard, later]) % self.steps_per_bar


@dataclass(frozen=True)
class Example:
    """One piece cut in two.

    Attributes:
        source: (S,) uint16, whole steps, neither START nor STOP.
        target: (T,) uint16, whole steps, then STOP.
        voices: V; S and T - 1 are multiples of it.
        bars: where the steps of the whole piece stand in their bars; None where unknown.
    """

    source: NDArray[np.uint16]
    target: NDArray[np.uint16]
    voices: int = 1
    bars: Bars | None = None

    @property
    def previous(self) -> NDArray[np.int64]:
        """(T,) the last symbol of the same voice before each target token.

        For STOP it is the top voice's, whose turn it would be.
        """
        both = np.concatenate([self.source, self.target]).astype(np.int64)
        return both[len(self.source) - self.voices : len(both) - self.voices]

    @property
    def stop_allowed(self) -> NDArray[np.bool_]:
        """(T,) True where a target token stands at a step's border."""
        return np.asarray(np.arange(len(self.target)) % self.voices == 0)

    @property
    def step_in_bar(self) -> NDArray[np.int64]:
        """(S + T,) the position in the bar of each token, STOP's too; -1 where unknown.

        In the source as written, in the target as the metre goes on.
        """
        n_tokens = len(self.source) + len(self.target)
        if self.bars is None:
            return np.full(n_tokens, -1, np.int64)
        steps = self.bars.continued(len(self.source) // self.voices, -(-n_tokens // self.voices))
        return np.repeat(steps, self.voices)[:n_tokens]

    def cut_anew(self, cut: float) -> Example:
        """The same piece, cut elsewhere; see :func:`cut_at_note`."""
        whole = np.concatenate([[START], self.source, self.target])
        return cut_at_note(whole, cut, self.voices, self.bars)

    def valid(self) -> NDArray[np.bool_]:
        """(T, 258) the symbols that the grammar allows at each target token."""
        return vocabulary.valid_next(self.previous, self.stop_allowed)


def note_onsets(tokens: ArrayLike, voices: int = 1) -> NDArray[np.int64]:
    """Steps at which a sounding note of the top voice begins.

    Args:
        tokens: START, symbols, STOP.
    """
    top = np.asarray(tokens, dtype=np.int64)[1:-1][::voices]
    return np.flatnonzero((top > 0) & (top < TIED))


def cut_point(n_notes: int, cut: float) -> int:
    """How many of n notes the source holds: clamp(floor(cut · n), 1, n - 1).

    >>> cut_point(27, 0.5)
    13

    Raises:
        CutError: fewer than two notes.
    """
    if n_notes < 2:
        raise CutError(f"{n_notes} sounding notes in the top voice: a cut needs at least 2")
    exact = Fraction(cut).limit_denominator(1_000_000)
    return min(max(int(exact * n_notes), 1), n_notes - 1)


def cut_at_note(tokens: ArrayLike, cut: float, voices: int = 1, bars: Bars | None = None) -> Example:
    """Cut a token sequence before its (k + 1)-th note; a silence before it is source.

    Args:
        tokens: START, T * voices symbols, STOP.
        cut: share of the sounding notes of the top voice that the source holds.
        bars: of the whole piece, where known.

    Raises:
        CutError: fewer than two notes in the top voice.
    """
    sequence = np.asarray(tokens, dtype=np.uint16)
    if sequence[0] != START or sequence[-1] != STOP:
        raise CutError("a token sequence begins with START and ends with STOP")
    onsets = note_onsets(sequence, voices)
    step = int(onsets[cut_point(len(onsets), cut)])
    border = 1 + step * voices
    return Example(source=sequence[1:border], target=sequence[border:], voices=voices, bars=bars)
