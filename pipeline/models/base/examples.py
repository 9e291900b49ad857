"""From a row of a shard to what a model reads and what it must say.

**To continue**, a piece is cut where a note of its top voice begins. The source is
all before, without START; the target is the rest and ends in STOP. Other voices may
begin the target with a tie, so the grammar's state carries over from the source.

**To harmonize**, some voices of a piece are given. The source is the whole piece with
START in every cell of the other voices; the target is the whole piece, but only the
cells of the other voices are asked for: those of the given voices are told, and how
long the piece is, too. So the future of the given voices stands in the source.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core import vocabulary
from pipeline.core.vocabulary import START, STOP, TIED
from pipeline.errors import PipelineError


class CutError(PipelineError):
    """A piece with fewer than two notes in its top voice has no second half."""


class GivenError(PipelineError):
    """Voices that cannot be given: the piece does not have them, or has no others."""


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
class Example(ABC):
    """What a model reads of one piece, and what it predicts of it; a kind per task.

    Attributes:
        source: (S,) uint16, whole steps, no STOP; START in cells that are not given.
        target: (T,) uint16, whole steps, then STOP.
        voices: V; S and T - 1 are multiples of it.
        bars: the bars of the whole piece; None where unknown.
    """

    source: NDArray[np.uint16]
    target: NDArray[np.uint16]
    voices: int = 1
    bars: Bars | None = None

    aligned: ClassVar[bool]
    """Whether source and target cover the same steps; else the target follows the source."""

    @property
    @abstractmethod
    def whole(self) -> NDArray[np.uint16]:
        """The piece from its first token to STOP."""

    @property
    @abstractmethod
    def predicted(self) -> NDArray[np.bool_]:
        """(T,) True where a target token is predicted; False where it is given."""

    @property
    @abstractmethod
    def stop_allowed(self) -> NDArray[np.bool_]:
        """(T,) True where the grammar allows STOP."""

    @property
    @abstractmethod
    def step_in_bar(self) -> NDArray[np.int64]:
        """(S + T,) the position in the bar of each token, STOP's too; -1 where unknown."""

    @property
    @abstractmethod
    def given_voices(self) -> list[int] | None:
        """The voices that the source holds beside the target, 0 = top; None: no task of voices."""

    @property
    @abstractmethod
    def phrase_ends(self) -> NDArray[np.bool_]:
        """(N,) the steps of the source at which a phrase ends, where the task may know them."""

    @property
    def previous(self) -> NDArray[np.int64]:
        """(T,) the last token of the same voice before each target token, START before the first.

        For STOP it is the top voice's, whose turn it would be.
        """
        led = np.concatenate([np.full(self.voices, START), self.whole]).astype(np.int64)
        return led[len(led) - len(self.target) - self.voices : -self.voices]

    def valid(self) -> NDArray[np.bool_]:
        """(T, 258) the tokens that the grammar allows at each target token."""
        return vocabulary.valid_next(self.previous, self.stop_allowed)

    def with_tokens(self, source: NDArray[np.uint16], target: NDArray[np.uint16]) -> Self:
        """The same piece with other tokens in the same places."""
        return replace(self, source=source, target=target)


@dataclass(frozen=True)
class ContinueExample(Example):
    """One piece cut in two: the source is its beginning, the target its continuation."""

    aligned: ClassVar[bool] = False

    @property
    def whole(self) -> NDArray[np.uint16]:
        """The piece from its first token to STOP."""
        return np.concatenate([self.source, self.target])

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """(T,) all True."""
        return np.ones(len(self.target), bool)

    @property
    def stop_allowed(self) -> NDArray[np.bool_]:
        """(T,) True at the borders of steps."""
        return np.asarray(np.arange(len(self.target)) % self.voices == 0)

    @property
    def step_in_bar(self) -> NDArray[np.int64]:
        """(S + T,) in the source as written, in the target as the time signature continues."""
        n_tokens = len(self.source) + len(self.target)
        if self.bars is None:
            return np.full(n_tokens, -1, np.int64)
        steps = self.bars.continued(len(self.source) // self.voices, -(-n_tokens // self.voices))
        return np.repeat(steps, self.voices)[:n_tokens]

    @property
    def given_voices(self) -> list[int] | None:
        """None."""
        return None

    @property
    def phrase_ends(self) -> NDArray[np.bool_]:
        """(0,) no phrase end is given."""
        return np.zeros(0, bool)

    def recut(self, cut: float) -> ContinueExample:
        """The same piece, cut elsewhere; see :func:`cut_at_note`."""
        whole = np.concatenate([[START], self.source, self.target])
        return cut_at_note(whole, cut, self.voices, self.bars)


@dataclass(frozen=True)
class HarmonizeExample(Example):
    """All voices of one piece, some of them given: the source is the piece with the others hidden.

    Attributes:
        given: the voices that the source holds, 0 = top.
        phrase_end: (N,) bool, steps at which a phrase ends (a fermata); None where unknown.
    """

    given: tuple[int, ...] = ()
    phrase_end: NDArray[np.bool_] | None = None

    aligned: ClassVar[bool] = True

    @property
    def whole(self) -> NDArray[np.uint16]:
        """The piece from its first token to STOP."""
        return self.target

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """(T,) True in the cells of voices that are not given; the length is given, so not at STOP."""
        voice = np.arange(len(self.target)) % self.voices
        return np.asarray(~np.isin(voice, self.given) & (self.target != STOP))

    @property
    def stop_allowed(self) -> NDArray[np.bool_]:
        """(T,) True at the end alone: the length is given."""
        return np.asarray(np.arange(len(self.target)) == len(self.target) - 1)

    @property
    def step_in_bar(self) -> NDArray[np.int64]:
        """(S + T,) as written, in source and target alike."""
        n_tokens = len(self.source) + len(self.target)
        if self.bars is None:
            return np.full(n_tokens, -1, np.int64)
        n_steps = len(self.source) // self.voices
        steps = np.repeat(self.bars.continued(n_steps, n_steps + 1), self.voices)
        return np.concatenate([steps[: len(self.source)], steps[: len(self.target)]])

    @property
    def given_voices(self) -> list[int] | None:
        """The given voices, 0 = top."""
        return list(self.given)

    @property
    def phrase_ends(self) -> NDArray[np.bool_]:
        """(N,) fermatas; all False where unknown."""
        unknown = np.zeros(len(self.source) // self.voices, bool)
        return unknown if self.phrase_end is None else self.phrase_end

    def with_given(self, given: Iterable[int]) -> HarmonizeExample:
        """The same piece, other voices given; see :func:`give_voices`."""
        tokens = np.concatenate([[START], self.whole])
        return give_voices(tokens, given, self.voices, self.bars, self.phrase_end)


def give_voices(
    tokens: ArrayLike,
    given: Iterable[int],
    voices: int,
    bars: Bars | None = None,
    phrase_end: NDArray[np.bool_] | None = None,
) -> HarmonizeExample:
    """Hide all voices of a piece but the given ones.

    Args:
        tokens: START, T * voices symbols, STOP.
        given: voices that may be heard, 0 = top; none of them, or some, never all.
        bars: of the whole piece, where known.
        phrase_end: (T,) bool, likewise.

    Raises:
        GivenError: a voice that the piece does not have, or nothing left to say.
    """
    heard = tuple(sorted(set(given)))
    if not set(heard) <= set(range(voices)) or len(heard) == voices:
        raise GivenError(
            f"given voices {list(heard)}: a piece of {voices} voices has 0 to {voices - 1}, "
            "and one at least is to be said"
        )
    whole = np.asarray(tokens, dtype=np.uint16)[1:]
    shown = np.where(np.isin(np.arange(len(whole) - 1) % voices, heard), whole[:-1], START)
    return HarmonizeExample(shown.astype(np.uint16), whole, voices, bars, heard, phrase_end)


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


def cut_at_note(tokens: ArrayLike, cut: float, voices: int = 1, bars: Bars | None = None) -> ContinueExample:
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
    return ContinueExample(source=sequence[1:border], target=sequence[border:], voices=voices, bars=bars)
