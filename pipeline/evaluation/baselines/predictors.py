"""Baseline predictors: hold the previous note, long-term n-gram, short-term n-gram of the piece.

Like every model, they condition on the source and on the true target tokens so far, and
give probabilities over the valid tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import START, TIED, VOCAB_SIZE
from pipeline.evaluation.baselines.longterm import LongTerm
from pipeline.evaluation.baselines.mixing import mix
from pipeline.evaluation.baselines.sequences import Bools, Floats, Ints, TokenSequences, normalized
from pipeline.evaluation.baselines.shortterm import short_term
from pipeline.models.base.chord_numbers import N_CHORDS
from pipeline.models.base.examples import Example

ROWS_AT_ONCE = 4096  # states scored together: 4096 * 258 floats, 8 MB, fit into caches


class Predictor(Protocol):
    """The interface for scoring: a baseline or a trained model."""

    def log_probs(self, examples: Sequence[Example]) -> Iterator[NDArray[np.floating]]:
        """For each example in turn (T, 258) natural logarithms, -inf where invalid.

        Row j is the distribution of target token j given the source and the
        true target tokens before it; each row sums to 1 over the valid tokens.
        """
        ...


@dataclass(frozen=True)
class Copy:
    """Every voice holds its current note or silence.

    The held token has probability 1 - epsilon; the other valid tokens share
    epsilon evenly.
    """

    epsilon: float

    @classmethod
    def fit(cls, examples: Iterable[Example]) -> Copy:
        """Estimate epsilon from training targets: the share of tokens, STOP included, that do not hold.

        One holding and one changing token are added (Laplace's rule of
        succession), so that epsilon is neither 0 nor 1.
        """
        n_tokens = n_changes = 0
        for example in examples:
            n_tokens += int(example.predicted.sum())
            n_changes += int((example.target != _held(example))[example.predicted].sum())
        return cls(epsilon=(n_changes + 1) / (n_tokens + 2))

    def log_probs(self, examples: Sequence[Example]) -> Iterator[Floats]:
        """See :class:`Predictor`."""
        for example in examples:
            valid = example.valid()
            others = valid.sum(axis=1, keepdims=True) - 1
            probs = np.where(valid, self.epsilon / others, 0.0)
            probs[np.arange(len(probs)), _held(example)] = 1 - self.epsilon
            yield _log_over(valid, probs)


@dataclass(frozen=True)
class NGram:
    """The long-term model over the tokens of whole pieces, START first.

    With chords, the context of a token has its own chord and the chord of every token before it.
    The probability of tokens that never occur in training is shared evenly by the valid ones.
    See :mod:`pipeline.evaluation.baselines.longterm`.
    """

    long_term: LongTerm
    chords: bool = False

    @classmethod
    def fit(cls, examples: Iterable[Example], order: int | None, chords: bool = False) -> NGram:
        """Count the tokens after every context of 0 to ``order`` tokens, sources included.

        Args:
            examples: training pieces; source and target are read as one sequence.
            order: length of the longest context in tokens; None: no limit. With chords, a
                chord and a token count as two.
            chords: whether contexts have chords.
        """
        size = VOCAB_SIZE + N_CHORDS if chords else VOCAB_SIZE
        return cls(LongTerm.fit(_join(examples, chords), size, order), chords)

    def log_probs(self, examples: Sequence[Example]) -> Iterator[Floats]:
        """See :class:`Predictor`."""
        for group in _groups(examples):
            valid = np.concatenate([example.valid() for example in group])
            pieces = _join(group, self.chords)
            lengths = [len(example.target) for example in group]
            ends = np.flatnonzero(np.append(pieces.places[1:] == 0, True)) + 1
            targets = np.concatenate(
                [_predicted(end, n, self.chords) for end, n in zip(ends.tolist(), lengths, strict=True)]
            )
            scores = _log_over(valid, self.long_term.probs(pieces, targets, valid.astype(np.float64)))
            yield from np.split(scores, np.cumsum(lengths)[:-1])


@dataclass(frozen=True)
class Memory:
    """The short-term n-gram of the piece so far, to be mixed into any predictor.

    Tokens that have not occurred in the piece are equally probable if they occur in
    training; all others together count as one token.

    Attributes:
        prior: (258,) weights by that rule.
        order: longest context in tokens; None: no limit.
        mixing_b: bias of the mixture towards the predictor of lower entropy; see :mod:`mixing`.
        chords: whether contexts have chords, see :class:`NGram`.
    """

    prior: Floats
    order: int | None
    mixing_b: float
    chords: bool = False

    @classmethod
    def fit(
        cls, examples: Iterable[Example], order: int | None, mixing_b: float, chords: bool = False
    ) -> Memory:
        """Take the set of known tokens from training pieces; all else is learned from the piece."""
        pieces = _join(examples)
        known = np.bincount(pieces.tokens[pieces.predicted], minlength=VOCAB_SIZE) > 0
        return cls(np.where(known, 1.0, 1 / max(int((~known).sum()), 1)), order, mixing_b, chords)

    def probs(self, example: Example) -> Floats:
        """(T, 258) of the target tokens, from the source and the true target before each."""
        piece = _join([example], True) if self.chords else TokenSequences.join([example.whole])
        at = _predicted(len(piece.tokens), len(example.target), self.chords)
        valid = example.valid()
        return normalized(short_term(piece, at, np.where(valid, self.prior, 0.0), self.order), valid)

    def mixed_with(self, log_probs: NDArray[np.floating], example: Example) -> Floats:
        """Mix the probabilities of a predictor with those of the piece so far.

        Args:
            log_probs: (T, 258) natural logarithms of the predictor, -inf where invalid.

        Returns:
            (T, 258) natural logarithms of the mixture, -inf where invalid.
        """
        valid = example.valid()
        probs = normalized(np.exp(log_probs.astype(np.float64)), valid)
        return _log_over(valid, mix([probs, self.probs(example)], valid, self.mixing_b))


def _held(example: Example) -> Ints:
    """(T,) the token that holds the current note or silence of each target token's voice."""
    return TIED + example.previous % TIED


def _log_over(valid: Bools, probs: Floats) -> Floats:
    """Natural logarithms of rows renormalized over the valid tokens, -inf elsewhere."""
    shares = normalized(probs, valid)
    return np.log(shares, out=np.full(shares.shape, -np.inf), where=shares > 0)


def _join(examples: Iterable[Example], chords: bool = False) -> TokenSequences:
    """Whole pieces, START before each as context; with chords, the chord of its step before each symbol."""
    if chords:
        return TokenSequences.join(map(_with_chords, examples), first_predicted=3, every=2)
    return TokenSequences.join(
        (np.concatenate([[START], example.whole]) for example in examples), first_predicted=1
    )


def _with_chords(example: Example) -> Ints:
    """Every symbol, START first, with the chord of its step before it.

    A chord's number follows those of the tokens. START has the first chord, STOP the last.
    """
    tokens = np.concatenate([[START], example.whole])
    known = np.zeros(1, np.int64) if example.chords is None else example.chords
    steps = np.maximum(np.arange(len(tokens)) - 1, 0) // example.voices
    sequence = np.empty(2 * len(tokens), np.int64)
    sequence[::2] = VOCAB_SIZE + known[np.minimum(steps, len(known) - 1)]
    sequence[1::2] = tokens
    return sequence


def _predicted(end: int, n: int, chords: bool) -> Ints:
    """(n,) the places of the last n tokens before ``end``; with chords, every second place."""
    every = 2 if chords else 1
    return np.arange(end - every * (n - 1) - 1, end, every)


def _groups(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Neighbouring examples together, about ROWS_AT_ONCE target tokens per group."""
    group: list[Example] = []
    n_rows = 0
    for example in examples:
        group.append(example)
        n_rows += len(example.target)
        if n_rows >= ROWS_AT_ONCE:
            yield group
            group, n_rows = [], 0
    if group:
        yield group
