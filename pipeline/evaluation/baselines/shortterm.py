"""The short-term model: the same n-gram, trained on the piece so far.

There is no tree. Row i of a table holds, for each earlier position j, the number of tokens
before i that agree with those before j; a context of length k has occurred at all j where
that is at least k, so that counts of every length come from one histogram per row.

Source: Pearce 2005, chapter 6 (the short-term model); escape, exclusion and the
choice of the context are those of :mod:`pipeline.evaluation.baselines.longterm`.
"""

from __future__ import annotations

import numpy as np

from pipeline.evaluation.baselines.sequences import Floats, Ints, TokenSequences, only_unseen

ROWS_AT_ONCE = 256  # a row holds a count for each token and length of context


def short_term(piece: TokenSequences, at: Ints, prior: Floats, order: int | None) -> Floats:
    """Probability of each token given the tokens before it in its piece.

    Args:
        piece: one sequence, n tokens.
        at: (m,) ascending positions of the scored tokens.
        prior: (m, A) weights of the tokens, 0 for invalid ones; used among the tokens that
            have not occurred in the piece yet.
        order: length of the longest context in tokens; None: no limit.

    Returns:
        (m, A); rows do not sum to 1.
    """
    predicted = np.flatnonzero(piece.predicted)
    kinds, kind = np.unique(piece.tokens[predicted], return_inverse=True)
    matches = _matches(piece.tokens, at, len(piece.tokens) if order is None else order)[:, predicted]
    rows = [
        _interpolated(matches[begin : begin + ROWS_AT_ONCE], kinds, kind, prior[begin : begin + ROWS_AT_ONCE])
        for begin in range(0, len(at), ROWS_AT_ONCE)
    ]
    return np.concatenate(rows)


def _matches(tokens: Ints, at: Ints, longest: int) -> Ints:
    """(m, n) how many tokens before ``at[i]`` are those before j, too; -1 from ``at[i]`` on."""
    found = np.full((len(at), len(tokens)), -1, dtype=np.int64)
    row_of = dict(zip(at.tolist(), range(len(at)), strict=True))
    run = np.zeros(len(tokens), dtype=np.int64)
    for place in range(int(at[-1]) + 1):
        if place:
            run[1:] = np.where(tokens[:-1] == tokens[place - 1], run[:-1] + 1, 0)
        if place in row_of:
            found[row_of[place], :place] = np.minimum(run[:place], longest)
    return found


def _interpolated(matches: Ints, kinds: Ints, kind: Ints, prior: Floats) -> Floats:
    """Probabilities from the longest context down.

    Args:
        matches: (m, t) as above, for the t predicted positions of the piece.
        kinds: (U,) the different tokens. kind: (t,) index of each place's token in ``kinds``.
    """
    counts, lengths = _counts(matches, len(kinds), kind)
    seen = np.zeros(prior.shape, dtype=bool)
    seen[:, kinds] = counts[:, :, 0] > 0
    probs = only_unseen(prior, seen)
    for length in range(counts.shape[2] - 1):
        rows = np.flatnonzero(lengths >= length)
        here, longer = counts[rows, :, length], counts[rows, :, length + 1]
        types = (here > 0).sum(axis=1)
        scale = 1 / (np.where(longer > 0, 0, here).sum(axis=1) + types)
        probs[rows] *= (types * scale)[:, None]
        probs[np.ix_(rows, kinds)] += here * scale[:, None]
    return probs


def _counts(matches: Ints, n_kinds: int, kind: Ints) -> tuple[Ints, Ints]:
    """How often each token followed the contexts of each row.

    Returns:
        counts: (m, U, K + 2), index [i, s, k]: token s after the last k tokens
            before i; 0 beyond the row's own context.
        lengths: (m,) length of the context where scoring begins, -1 before anything is known.
    """
    furthest = np.stack([matches[:, kind == k].max(axis=1) for k in range(n_kinds)], axis=1)
    ordered = np.sort(np.concatenate([np.full((len(matches), 1), -1), furthest], axis=1), axis=1)
    # beyond the second furthest match one token alone is known
    lengths = np.minimum(ordered[:, -2] + 1, ordered[:, -1])
    deepest = max(int(lengths.max()), 0) + 2
    row, place = np.nonzero(matches >= 0)
    cell = (row * n_kinds + kind[place]) * deepest + np.minimum(matches[row, place], lengths[row])
    exactly = np.bincount(cell, minlength=len(matches) * n_kinds * deepest)
    counts = exactly.reshape(len(matches), n_kinds, deepest)[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    return counts, lengths
