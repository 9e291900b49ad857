"""Linked viewpoints on pitch.

A viewpoint is a predicted feature of the next pitch (the pitch itself, its interval
from the note before, its degree of the scale, …, or several of them linked), and
features of the same note as context (its duration, its position in the bar, whether a
phrase begins or ends with it). Context and predicted feature alternate in one sequence,
so that an n-gram backs off from both.

Each viewpoint has two models, a long-term and a short-term one. The probability of a
pitch is that of its token, shared evenly by the candidates with the same token. The
distributions of the long-term models are multiplied, those of the short-term models too,
then both: a product gives 1.89 bits per note for the chorales, a sum 1.99.

Source: Conklin and Witten 1995; Pearce 2005, chapters 5 to 7. Differs in giving the
features of a note as context and not as a part of the token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.baselines.longterm import LongTerm
from pipeline.evaluation.baselines.mixing import mix_by_product
from pipeline.evaluation.baselines.sequences import Bools, Floats, Ints, TokenSequences, normalized
from pipeline.evaluation.baselines.shortterm import short_term

UNDEFINED = -1000  # an interval from a note that is not there


@dataclass(frozen=True)
class Melody:
    """n notes of one voice.

    Attributes:
        pitch: (n,) MIDI note numbers.
        duration, place_in_bar: (n,) in ticks; a place of -1 is unknown.
        begins_phrase, ends_phrase: (n,).
        tonic: pitch class of the key's first degree.
    """

    pitch: Ints
    duration: Ints
    place_in_bar: Ints
    begins_phrase: Bools
    ends_phrase: Bools
    tonic: int


@dataclass(frozen=True)
class Viewpoint:
    """Predicted feature of a pitch, and features of its context; names of PREDICTED and FACTS."""

    predicted: tuple[str, ...]
    facts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " × ".join(self.predicted) + (f" | {' × '.join(self.facts)}" if self.facts else "")


@dataclass(frozen=True)
class View:
    """Melodies under one viewpoint; tokens are numbered over all of them.

    Attributes:
        tokens: of each melody (n, P), what each of P candidate pitches would be.
        facts: of each melody (n,) numbers from A, or None where the viewpoint has none.
        true: of each melody (n,) index of its pitch among the candidates.
        n_symbols: A, different tokens of pitches.
        size: A and the different facts.
    """

    tokens: tuple[Ints, ...]
    facts: tuple[Ints, ...] | None
    true: tuple[Ints, ...]
    n_tokens: int
    size: int

    def long_term(self, train: Sequence[int], test: Sequence[int], order: int | None) -> list[Floats]:
        """(n, P) probabilities of the candidates in each test melody, from the training melodies."""
        model = LongTerm.fit(self._join(train), self.size, order)
        sequences = self._join(test)
        tokens = np.concatenate([self.tokens[i] for i in test])
        probs = model.probs(sequences, np.flatnonzero(sequences.predicted), self._prior(tokens))
        return np.split(_of_candidates(probs, tokens), np.cumsum([len(self.true[i]) for i in test])[:-1])

    def short_term(self, melody: int, order: int | None) -> Floats:
        """(n, P) probabilities of the candidates in one melody, from its notes so far."""
        piece, tokens = self._join([melody]), self.tokens[melody]
        probs = short_term(piece, np.flatnonzero(piece.predicted), self._prior(tokens), order)
        return _of_candidates(probs, tokens)

    def _join(self, melodies: Sequence[int]) -> TokenSequences:
        true_tokens = [self.tokens[i][np.arange(len(self.true[i])), self.true[i]] for i in melodies]
        if self.facts is None:
            return TokenSequences.join(true_tokens)
        both = [
            np.stack([self.facts[i], tokens], axis=1) for i, tokens in zip(melodies, true_tokens, strict=True)
        ]
        return TokenSequences.join([pair.ravel() for pair in both], first_predicted=1, every=2)

    def _prior(self, tokens: Ints) -> Floats:
        prior = np.zeros((len(tokens), self.n_tokens))
        np.put_along_axis(prior, tokens, 1.0, axis=1)
        return prior


def see(melodies: Sequence[Melody], viewpoint: Viewpoint, candidates: Ints) -> View:
    """Number the viewpoint's token of every candidate pitch at every note.

    Args:
        candidates: (P,) ascending pitches; every pitch of the melodies is one of them.
    """
    predicted = [
        np.stack([PREDICTED[name](m, candidates) for name in viewpoint.predicted], axis=-1) for m in melodies
    ]
    tokens, n_tokens = _numbered([part.reshape(-1, len(viewpoint.predicted)) for part in predicted])
    shaped = tuple(part.reshape(-1, len(candidates)) for part in tokens)
    true = tuple(np.searchsorted(candidates, melody.pitch) for melody in melodies)
    if not viewpoint.facts:
        return View(shaped, None, true, n_tokens, n_tokens)
    facts, n_facts = _numbered(
        [np.stack([FACTS[name](m) for name in viewpoint.facts], axis=-1) for m in melodies]
    )
    return View(shaped, tuple(part + n_tokens for part in facts), true, n_tokens, n_tokens + n_facts)


def combine(long_term: Sequence[Floats], short_terms: Sequence[Floats], mixing_b: float) -> Floats:
    """(n, P) the product of all viewpoints: each group (n, P) first, then both."""
    choices = np.ones(long_term[0].shape, dtype=bool)
    groups = [mix_by_product(group, choices, mixing_b) for group in (long_term, short_terms)]
    return mix_by_product(groups, choices, mixing_b)


def _numbered(parts: Sequence[Ints]) -> tuple[list[Ints], int]:
    """Rows of all parts as numbers from 0, equal rows by the same number."""
    rows, numbers = np.unique(np.concatenate(parts), axis=0, return_inverse=True)
    return np.split(numbers.ravel(), np.cumsum([len(part) for part in parts])[:-1]), len(rows)


def _of_candidates(probs: Floats, tokens: Ints) -> Floats:
    """(n, P) from (n, A): the candidates of a token share its probability."""
    namesakes = (tokens[:, :, None] == tokens[:, None, :]).sum(axis=2)
    shares = np.take_along_axis(probs, tokens, axis=1) / namesakes
    return normalized(shares, np.ones(shares.shape, dtype=bool))


def _from(reference: Ints, candidates: Ints) -> Ints:
    """(n, P) intervals from a reference pitch a note; UNDEFINED where that is negative."""
    return np.where(reference[:, None] < 0, UNDEFINED, candidates[None, :] - reference[:, None])


def _before(melody: Melody) -> Ints:
    return np.concatenate([[-1], melody.pitch[:-1]])


def _at_last(melody: Melody, marked: Bools) -> Ints:
    """(n,) pitch of the last marked note before each note, -1 before the first one."""
    last = np.maximum.accumulate(np.where(marked, np.arange(len(marked)), -1))
    before = np.concatenate([[-1], last[:-1]])
    return np.where(before < 0, -1, melody.pitch[before])


def _pitches(melody: Melody, candidates: Ints) -> Ints:
    return np.tile(candidates, (len(melody.pitch), 1))


PREDICTED: Mapping[str, Callable[[Melody, Ints], Ints]] = {
    "pitch": _pitches,
    "interval": lambda melody, candidates: _from(_before(melody), candidates),
    "degree": lambda melody, candidates: (_pitches(melody, candidates) - melody.tonic) % 12,
    "interval from bar": lambda melody, candidates: _from(
        _at_last(melody, melody.place_in_bar == 0), candidates
    ),
    "interval from phrase": lambda melody, candidates: _from(
        _at_last(melody, melody.begins_phrase), candidates
    ),
}

FACTS: Mapping[str, Callable[[Melody], Ints]] = {
    "duration": lambda melody: melody.duration,
    "place in bar": lambda melody: melody.place_in_bar,
    "phrase": lambda melody: 2 * melody.begins_phrase + melody.ends_phrase.astype(np.int64),
}
