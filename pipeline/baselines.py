"""What a model has to beat: copying the previous symbol, and counting n-grams.

Both read the symbols of Example values, see the source before the target is
scored, and give probabilities over the symbols valid in each state, as every
model does. No torch.

A baseline that also remembers the piece so far (Pearce 2005: the short-term
model) is a class beside these two with the same ``log_probs``: the source of
each Example is its first memory, and :class:`NGram` gives the long-term half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.examples import Example
from pipeline.vocabulary import SIZE, START, TIED

ROWS_AT_ONCE = 4096  # states scored together: 4096 * 258 floats, 8 MB, stay near the processor


class Predictor(Protocol):
    """Anything that can be scored: a baseline or a trained model."""

    def log_probs(self, examples: Sequence[Example]) -> Iterator[NDArray[np.floating]]:
        """For each example in turn (T, 258) natural logarithms, -inf where invalid.

        Row j is the distribution of target token j given the source and the
        true target tokens before it; each row sums to 1 over the valid symbols.
        """
        ...


@dataclass(frozen=True)
class Copy:
    """Every voice goes on with the note or silence that it is holding.

    The held symbol has probability 1 - epsilon; the other valid symbols share
    epsilon evenly.
    """

    epsilon: float

    @classmethod
    def fit(cls, examples: Iterable[Example]) -> Copy:
        """Take epsilon from training targets: the share of tokens, STOP included, that do not hold.

        One holding and one changing token are added (Laplace's rule of
        succession), so that epsilon is neither 0 nor 1.
        """
        n_tokens = n_changes = 0
        for example in examples:
            n_tokens += len(example.target)
            n_changes += int((example.target != _held(example)).sum())
        return cls(epsilon=(n_changes + 1) / (n_tokens + 2))

    def log_probs(self, examples: Sequence[Example]) -> Iterator[NDArray[np.float64]]:
        """See :class:`Predictor`."""
        for example in examples:
            valid = example.valid()
            others = valid.sum(axis=1, keepdims=True) - 1
            probs = np.where(valid, self.epsilon / others, 0.0)
            probs[np.arange(len(probs)), _held(example)] = 1 - self.epsilon
            yield _log_over(valid, probs)


@dataclass(frozen=True)
class NGram:
    """An interpolated n-gram over the symbols of whole pieces, START first.

    Scoring begins at the shortest context of the piece so far after which
    training knows a single symbol, else at the longest known one, of at most
    ``order`` symbols, and goes down to the empty context:

        p(s | c) = (count(s after c) + t · p(s | c without its first symbol)) / (T + t)

    where t types of symbols followed c, and T tokens, leaving out those of
    symbols that the longer context before it has already counted. Below the
    empty context all symbols valid in the state are equally likely. Leaving out
    makes the sum exceed 1; last, the probabilities are renormalized over the
    valid symbols.

    Leaving out is what makes long contexts pay: without it a context seen once
    takes half of the probability at every order, and 8 symbols are worse than 4.

    Source: Pearce 2005, section 6.2 (escape method C, interpolated, long-term);
    differs in its bounded order and in the uniform order -1.
    """

    levels: tuple[Level, ...]

    @classmethod
    def fit(cls, examples: Iterable[Example], order: int) -> NGram:
        """Count what follows every context of 0 to ``order`` symbols, sources included.

        Args:
            examples: training pieces; source and target are read as one sequence.
            order: length of the longest context in symbols.
        """
        tokens, places = _join(examples)
        predicted = np.flatnonzero(places > 0)
        contexts = np.zeros(len(predicted), np.int64)
        levels: list[Level] = []
        for length in range(order + 1):
            keys = np.zeros(1, np.int64)
            if length:
                inside = places[predicted] >= length
                predicted, contexts = predicted[inside], contexts[inside]
                longer = contexts * SIZE + tokens[predicted - length]
                keys, contexts = np.unique(longer, return_inverse=True)
            levels.append(Level.count(keys, contexts, tokens[predicted], levels[-1] if levels else None))
        return cls(tuple(levels))

    def log_probs(self, examples: Sequence[Example]) -> Iterator[NDArray[np.float64]]:
        """See :class:`Predictor`."""
        for group in _groups(examples):
            valid = np.concatenate([example.valid() for example in group])
            tokens, places = _join(group)
            lengths = [len(example.target) for example in group]
            ends = np.flatnonzero(np.append(places[1:] == 0, True)) + 1
            targets = np.concatenate([np.arange(end - n, end) for end, n in zip(ends, lengths, strict=True)])
            scores = _log_over(valid, self._probs(tokens, places, targets, valid))
            yield from np.split(scores, np.cumsum(lengths)[:-1])

    def _probs(
        self,
        tokens: NDArray[np.int64],
        places: NDArray[np.int64],
        targets: NDArray[np.int64],
        valid: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """(n, 258) of the tokens at ``targets``, not yet renormalized."""
        probs: NDArray[np.float64] = valid / valid.sum(axis=1, keepdims=True)
        contexts = self._contexts(tokens, places, targets)
        for length, (level, found) in enumerate(zip(self.levels, contexts, strict=True)):
            rows = np.flatnonzero(found >= 0)
            left_out = np.zeros(len(rows), np.int64)
            if length + 1 < len(self.levels):
                longer = contexts[length + 1][rows]
                left_out = np.where(longer >= 0, self.levels[length + 1].shared[longer], 0)
            level.interpolate(probs, rows, found[rows], left_out)
        return probs

    def _contexts(
        self, tokens: NDArray[np.int64], places: NDArray[np.int64], targets: NDArray[np.int64]
    ) -> list[NDArray[np.int64]]:
        """For each length (n,) the number of the context to use, -1 for none."""
        contexts = [np.zeros(len(targets), np.int64)]
        for length, level in enumerate(self.levels[1:], start=1):
            shorter = contexts[-1]
            go_on = (
                (shorter >= 0) & (self.levels[length - 1].types[shorter] > 1) & (places[targets] >= length)
            )
            contexts.append(level.find(np.where(go_on, shorter, -1), tokens[targets - length]))
        return contexts


@dataclass(frozen=True)
class Level:
    """What followed every context of one length; contexts are numbered 0 … C - 1.

    Attributes:
        keys: (C,) ascending: number of the context without its first symbol, times
            258, plus that symbol.
        starts: (C,) where the continuations of each context begin below.
        types: (C,) how many different symbols followed each context.
        totals: (C,) how many tokens followed each context.
        shared: (C,) how many tokens that followed the context without its first
            symbol are of symbols that followed this one, too.
        symbols, counts: (P,) continuations of all contexts, in the contexts' order.
    """

    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    types: NDArray[np.int64]
    totals: NDArray[np.int64]
    shared: NDArray[np.int64]
    symbols: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def count(
        cls,
        keys: NDArray[np.int64],
        contexts: NDArray[np.int64],
        symbols: NDArray[np.int64],
        shorter: Level | None,
    ) -> Level:
        """Count symbols by the number of the context that each of them follows.

        Args:
            keys: (C,) as above.
            contexts, symbols: (n,) of every token.
            shorter: the level of contexts one symbol shorter, None below the first.
        """
        pairs, counts = np.unique(contexts * SIZE + symbols, return_counts=True)
        owners, kinds = pairs // SIZE, pairs % SIZE
        types = np.bincount(owners, minlength=len(keys))
        totals = np.bincount(contexts, minlength=len(keys))
        shared = np.zeros(len(keys), np.int64)
        if shorter is not None:
            np.add.at(shared, owners, shorter.counts_of(keys[owners] // SIZE, kinds))
        return cls(keys, np.cumsum(types) - types, types, totals, shared, kinds, counts)

    def counts_of(self, contexts: NDArray[np.int64], symbols: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) how often each symbol followed each context; every pair must be known."""
        owners = np.repeat(np.arange(len(self.keys)), self.types)
        return self.counts[np.searchsorted(owners * SIZE + self.symbols, contexts * SIZE + symbols)]

    def find(self, shorter: NDArray[np.int64], before: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) numbers of contexts one symbol longer; -1 where never seen.

        Args:
            shorter: (n,) numbers of the contexts without their first symbol, -1 for none.
            before: (n,) that first symbol.
        """
        wanted = shorter * SIZE + before
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((shorter >= 0) & (self.keys[places] == wanted), places, -1)

    def interpolate(
        self,
        probs: NDArray[np.float64],
        rows: NDArray[np.int64],
        contexts: NDArray[np.int64],
        left_out: NDArray[np.int64],
    ) -> None:
        """Mix this level into the shorter contexts' probabilities, in place.

        Args:
            probs: (n, 258).
            rows: (r,) those whose context is known here. contexts: (r,) its number.
            left_out: (r,) tokens that a longer context has already counted.
        """
        types = self.types[contexts]
        scale = 1 / (self.totals[contexts] - left_out + types)
        probs[rows] *= (types * scale)[:, None]
        within = np.arange(types.sum()) - np.repeat(np.cumsum(types) - types, types)
        at = np.repeat(self.starts[contexts], types) + within
        probs[np.repeat(rows, types), self.symbols[at]] += self.counts[at] * np.repeat(scale, types)


def _held(example: Example) -> NDArray[np.int64]:
    """(T,) the symbol that prolongs what the voice of each target token is doing."""
    return TIED + example.previous % TIED


def _log_over(valid: NDArray[np.bool_], probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithms of rows renormalized over the valid symbols, -inf elsewhere."""
    shares = np.where(valid, probs, 0.0)
    shares /= shares.sum(axis=1, keepdims=True)
    return np.log(shares, out=np.full(shares.shape, -np.inf), where=shares > 0)


def _join(examples: Iterable[Example]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pieces in one array, START before each; and each token's place in its piece."""
    pieces = [np.concatenate([[START], example.source, example.target]) for example in examples]
    places = [np.arange(len(piece)) for piece in pieces]
    return np.concatenate(pieces).astype(np.int64), np.concatenate(places)


def _groups(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Neighbouring examples together, about ROWS_AT_ONCE target tokens a group."""
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
