"""The long-term model: an interpolated n-gram of training pieces with unbounded order.

Scoring starts at the shortest context of the piece so far that is followed by a single
token in training, else at the longest known one, and goes down to the empty context:

    p(s | c) = (count(s after c) + t · p(s | c without its first token)) / (T + t)

where t types of tokens followed c, and T tokens, leaving out those of tokens
that the longer context before it has already counted. Below the empty context
the tokens that never occurred share the rest. Because of the exclusion the sum exceeds 1;
the caller normalizes.

Exclusion makes long contexts useful: without it a context seen once takes half of the
probability at every order, and 8 tokens are worse than 4.

Source: Pearce 2005, chapter 6 (escape method C, interpolated, order unbounded).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.baselines.sequences import Bools, Floats, Ints, TokenSequences, only_unseen


@dataclass(frozen=True)
class LongTerm:
    """Counts of the tokens after every context of 0, 1, 2 … tokens.

    A context with only one following token is never extended, because scoring never
    goes beyond it.

    Attributes:
        levels: contexts by their length.
        size: how many different tokens there may be; all are below it.
    """

    levels: tuple[Level, ...]
    size: int

    @classmethod
    def fit(cls, sequences: TokenSequences, size: int, order: int | None) -> LongTerm:
        """Count the tokens after every context.

        Args:
            sequences: of training; tokens below ``size``.
            order: length of the longest context in tokens; None: as long as they differ.
        """
        tokens, places = sequences.tokens, sequences.places
        at = np.flatnonzero(sequences.predicted)
        contexts = np.zeros(len(at), np.int64)
        levels = [Level.count(np.zeros(1, np.int64), contexts, tokens[at], size, None)]
        while order is None or len(levels) <= order:
            length = len(levels)
            on = (places[at] >= length) & (levels[-1].types[contexts] > 1)
            if not on.any():
                break
            at = at[on]
            keys, contexts = np.unique(contexts[on] * size + tokens[at - length], return_inverse=True)
            levels.append(Level.count(keys, contexts, tokens[at], size, levels[-1]))
        return cls(tuple(levels), size)

    def probs(self, sequences: TokenSequences, at: Ints, prior: Floats) -> Floats:
        """Probability of each token given the tokens before it in its sequence.

        Args:
            sequences: all tokens.
            at: (n,) indices of the scored tokens.
            prior: (n, A) weights of the tokens, 0 for invalid ones; used among the tokens
                that never occur in training.

        Returns:
            (n, A), all but unseen tokens above 0; rows do not sum to 1.
        """
        probs = only_unseen(prior, self._seen(prior.shape[1]))
        contexts = self._contexts(sequences, at)
        for length, found in enumerate(contexts):
            rows = np.flatnonzero(found >= 0)
            left_out = np.zeros(len(rows), np.int64)
            if length + 1 < len(contexts):
                longer = contexts[length + 1][rows]
                left_out = np.where(longer >= 0, self.levels[length + 1].shared[longer], 0)
            self.levels[length].interpolate(probs, rows, found[rows], left_out)
        return probs

    def _seen(self, n_tokens: int) -> Bools:
        seen = np.zeros(n_tokens, dtype=bool)
        seen[self.levels[0].tokens] = True
        return seen

    def _contexts(self, sequences: TokenSequences, at: Ints) -> list[Ints]:
        """For each length (n,) the number of the context to use, -1 for none."""
        contexts = [np.zeros(len(at), np.int64)]
        for length, level in enumerate(self.levels[1:], start=1):
            shorter = contexts[-1]
            differs = self.levels[length - 1].types[shorter] > 1
            on = (shorter >= 0) & differs & (sequences.places[at] >= length)
            if not on.any():
                break
            wanted = np.where(on, shorter * self.size + sequences.tokens[at - length], -1)
            contexts.append(level.find(wanted))
        return contexts


@dataclass(frozen=True)
class Level:
    """Counts of the tokens after every context of one length; contexts are numbered 0 … C - 1.

    Attributes:
        keys: (C,) ascending: number of the context without its first token, times
            the size of the alphabet, plus that token.
        starts: (C,) where the continuations of each context begin below.
        types: (C,) how many different tokens followed each context.
        totals: (C,) how many tokens followed each context.
        shared: (C,) how many tokens that followed the context without its first
            token are of tokens that followed this one, too.
        pairs: (P,) ascending: a context's number times the size plus what followed it.
        tokens, counts: (P,) what followed, and how often.
    """

    keys: Ints
    starts: Ints
    types: Ints
    totals: Ints
    shared: Ints
    pairs: Ints
    tokens: Ints
    counts: Ints

    @classmethod
    def count(cls, keys: Ints, contexts: Ints, tokens: Ints, size: int, shorter: Level | None) -> Level:
        """Count tokens by the number of the context that each of them follows.

        Args:
            keys: (C,) as above.
            contexts, tokens: (n,) of every token.
            shorter: the level of contexts one token shorter, None below the first.
        """
        pairs, counts = np.unique(contexts * size + tokens, return_counts=True)
        owners, kinds = pairs // size, pairs % size
        types = np.bincount(owners, minlength=len(keys))
        totals = np.bincount(contexts, minlength=len(keys))
        shared = np.zeros(len(keys), np.int64)
        if shorter is not None:
            below = np.searchsorted(shorter.pairs, keys[owners] // size * size + kinds)
            np.add.at(shared, owners, shorter.counts[below])
        return cls(keys, np.cumsum(types) - types, types, totals, shared, pairs, kinds, counts)

    def find(self, wanted: Ints) -> Ints:
        """(n,) numbers of the contexts with these keys; -1 where there is none."""
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[places] == wanted, places, -1)

    def interpolate(self, probs: Floats, rows: Ints, contexts: Ints, left_out: Ints) -> None:
        """Mix this level into the shorter contexts' probabilities, in place.

        Args:
            probs: (n, A).
            rows: (r,) those whose context is known here. contexts: (r,) its number.
            left_out: (r,) tokens that a longer context has already counted.
        """
        types = self.types[contexts]
        scale = 1 / (self.totals[contexts] - left_out + types)
        probs[rows] *= (types * scale)[:, None]
        within = np.arange(types.sum()) - np.repeat(np.cumsum(types) - types, types)
        at = np.repeat(self.starts[contexts], types) + within
        probs[np.repeat(rows, types), self.tokens[at]] += self.counts[at] * np.repeat(scale, types)
