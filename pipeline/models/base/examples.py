"""From a row of a token shard to the source and target of a model.

**To continue**, a piece is cut where a note of its top voice begins. The source is
everything before, without START; the target is the rest and ends in STOP. Other voices
may begin the target with a tie, so the grammar's state carries over from the source.

**To harmonize**, some voices of a piece are given. The source is the whole piece with
START in every cell of the other voices. The target is the whole piece, but only the cells
of the other voices are predicted: the given voices and the length of the piece are
decoder inputs. The source contains the future of the given voices.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core import vocabulary
from pipeline.core.text import counted
from pipeline.core.vocabulary import START, STOP, TIED
from pipeline.errors import PipelineError
from pipeline.models.base import chord_numbers
from pipeline.models.base.bars import Bars


class CutError(PipelineError):
    """A piece with fewer than two notes in its top voice cannot be cut."""


class GivenError(PipelineError):
    """Voices that cannot be given: the piece does not have them, or no voice remains to predict."""


@dataclass(frozen=True)
class Example(ABC):
    """Source and target of one piece; each task has its own kind.

    Attributes:
        source: (S,) uint16, whole steps, no STOP; START in cells that are not given.
        target: (T,) uint16, whole steps, then STOP.
        voices: V; S and T - 1 are multiples of it.
        bars: the bars of the whole piece; None where unknown.
        chords: (K,) the chord of each step of the whole piece by its number (see ``chord_numbers``);
            None where unknown. A prompt has those of its continuation, too.
    """

    source: NDArray[np.uint16]
    target: NDArray[np.uint16]
    voices: int = 1
    bars: Bars | None = None
    chords: NDArray[np.int64] | None = field(default=None, kw_only=True)

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
        """The given voices, 0 = top; None where the task has none."""

    @property
    @abstractmethod
    def phrase_ends(self) -> NDArray[np.bool_]:
        """(N,) the steps of the source at which a phrase ends, where the task gives them."""

    @property
    def previous(self) -> NDArray[np.int64]:
        """(T,) the last token of the same voice before each target token, START before the first.

        For STOP it is that of the top voice.
        """
        led = np.concatenate([np.full(self.voices, START), self.whole]).astype(np.int64)
        return led[len(led) - len(self.target) - self.voices : -self.voices]

    def valid(self) -> NDArray[np.bool_]:
        """(T, 258) the tokens that the grammar allows at each target token."""
        return vocabulary.valid_next(self.previous, self.stop_allowed)

    def with_tokens(self, source: NDArray[np.uint16], target: NDArray[np.uint16]) -> Self:
        """The same piece with other tokens at the same positions."""
        return replace(self, source=source, target=target)

    def transposed(self, source: NDArray[np.uint16], target: NDArray[np.uint16], semitones: int) -> Self:
        """The same piece with transposed tokens; its chords are transposed by so many semitones."""
        chords = None if self.chords is None else chord_numbers.transposed(self.chords, semitones)
        return replace(self, source=source, target=target, chords=chords)


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
        """The same piece with another cut; see :func:`cut_at_note`."""
        whole = np.concatenate([[START], self.source, self.target])
        return cut_at_note(whole, cut, self.voices, self.bars, self.chords)


@dataclass(frozen=True)
class HarmonizeExample(Example):
    """One piece with some given voices: the source is the piece with the other voices masked.

    Attributes:
        given: the given voices, 0 = top.
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
        """(N,) True at the ends of phrases; all False where unknown."""
        unknown = np.zeros(len(self.source) // self.voices, bool)
        return unknown if self.phrase_end is None else self.phrase_end

    def with_given(self, given: Iterable[int]) -> HarmonizeExample:
        """The same piece with other given voices; see :func:`give_voices`."""
        tokens = np.concatenate([[START], self.whole])
        return give_voices(tokens, given, self.voices, self.bars, self.phrase_end, self.chords)


def give_voices(
    tokens: ArrayLike,
    given: Iterable[int],
    voices: int,
    bars: Bars | None = None,
    phrase_end: NDArray[np.bool_] | None = None,
    chords: NDArray[np.int64] | None = None,
) -> HarmonizeExample:
    """Mask all voices of a piece but the given ones.

    Args:
        tokens: START, T * voices tokens, STOP.
        given: voices, 0 = top; none, or some, never all.
        voices: V.
        bars: of the whole piece, where known.
        phrase_end: (T,) bool, where known.
        chords: (T,) see ``Example.chords``.

    Raises:
        GivenError: a voice that the piece does not have, or no voice left to predict.
    """
    chosen = tuple(sorted(set(given)))
    if not set(chosen) <= set(range(voices)) or len(chosen) == voices:
        raise GivenError(
            f"given voices {list(chosen)}: a piece of {counted(voices, 'voice')} has 0 to {voices - 1}, "
            "and at least one must remain to be predicted"
        )
    whole = np.asarray(tokens, dtype=np.uint16)[1:]
    source = np.where(np.isin(np.arange(len(whole) - 1) % voices, chosen), whole[:-1], START)
    return HarmonizeExample(source.astype(np.uint16), whole, voices, bars, chosen, phrase_end, chords=chords)


def note_onsets(tokens: ArrayLike, voices: int = 1) -> NDArray[np.int64]:
    """Steps at which a sounding note of the top voice begins.

    Args:
        tokens: START, tokens, STOP.
        voices: V.
    """
    top = np.asarray(tokens, dtype=np.int64)[1:-1][::voices]
    return np.flatnonzero((top > 0) & (top < TIED))


def cut_point(n_notes: int, cut: float) -> int:
    """Notes of the source, of n: clamp(floor(cut · n), 1, n - 1).

    >>> cut_point(27, 0.5)
    13

    Raises:
        CutError: fewer than two notes.
    """
    if n_notes < 2:
        raise CutError(f"{counted(n_notes, 'sounding note')} in the top voice: a cut needs at least 2")
    exact = Fraction(cut).limit_denominator(1_000_000)
    return min(max(int(exact * n_notes), 1), n_notes - 1)


def cut_at_note(
    tokens: ArrayLike,
    cut: float,
    voices: int = 1,
    bars: Bars | None = None,
    chords: NDArray[np.int64] | None = None,
) -> ContinueExample:
    """Cut a token sequence before its (k + 1)-th note; a silence before that note belongs to the source.

    Args:
        tokens: START, T * voices tokens, STOP.
        cut: share of the sounding notes of the top voice that belong to the source.
        voices: V.
        bars: of the whole piece, where known.
        chords: (T,) see ``Example.chords``.

    Raises:
        CutError: fewer than two notes in the top voice.
    """
    sequence = np.asarray(tokens, dtype=np.uint16)
    if sequence[0] != START or sequence[-1] != STOP:
        raise CutError("a token sequence begins with START and ends with STOP")
    onsets = note_onsets(sequence, voices)
    step = int(onsets[cut_point(len(onsets), cut)])
    border = 1 + step * voices
    return ContinueExample(sequence[1:border], sequence[border:], voices, bars, chords=chords)
