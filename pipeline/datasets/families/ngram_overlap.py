"""Pairs of pieces that have runs in common, and pieces that are contained whole in others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.datasets.columns.ngrams import (
    MIX,
    WINDOWS_AT_ONCE,
    Sequences,
    as_rows,
    distinct_runs,
    longest_part,
    pack,
)
from pipeline.datasets.columns.ragged import Bools, Ints, offsets_of, owners, ranges, run_starts

PAIRS_AT_ONCE = 1_000_000
RUNS_AT_ONCE = 2_000_000  # of the pieces on the left of a comparison; all others are sorted again for each
SHORTEST_CONTAINED = 8  # shorter pieces are contained in many tunes by chance
COMMON = 1000  # a run that more pieces contain is idiom and no evidence of a relation

BUCKET_BITS = 22
BUCKETS = 1 << BUCKET_BITS  # hash buckets in which runs are counted before they are counted exactly

Pairs = tuple[Ints, Ints, Ints, Ints]
Runs = NDArray[np.uint64]


def related(left: Sequences, right: Sequences, length: int) -> Pairs:
    """Pairs of pieces that have runs of a length in common.

    Runs that more than COMMON pieces of right contain are not counted, so that run time
    grows with the number of pieces and not with its square.

    Args:
        length: at most eight intervals.

    Returns:
        (piece of left, piece of right, runs in common, runs of the smaller of the two).
    """
    nothing = (np.zeros(0, np.int64),) * 4
    a, b, common, smaller = zip(nothing, *_related_in_portions(left, right, length), strict=True)
    return np.concatenate(a), np.concatenate(b), np.concatenate(common), np.concatenate(smaller)


def _related_in_portions(left: Sequences, right: Sequences, length: int) -> Iterator[Pairs]:
    """Yield the pairs of :func:`related` in bounded portions; every pair once, with all its runs."""
    if not len(left) or not len(right):
        return
    runs_of_right = _RunsOf(right, length)
    for begin, some in left.slices(RUNS_AT_ONCE):
        piece, run = distinct_runs(some, length)
        left_sizes = np.bincount(piece, minlength=len(some))
        counts = ~_among(run, _frequent(runs_of_right, np.unique(run)))
        piece, run = piece[counts], run[counts]
        known = _KnownRuns(run)
        for begin_right, piece_right, run_right, n in runs_of_right.portions():
            right_sizes = np.bincount(piece_right, minlength=n)
            holders = known.holders(piece_right, run_right, n)
            first, end = holders.of(known.number)
            for a, b, both in _pairs(piece, first, end, holders.piece, n):
                yield a + begin, b + begin_right, both, np.minimum(left_sizes[a], right_sizes[b])


class SharedRuns:
    """The pairs among n pieces that have runs of a length in common."""

    def __init__(
        self, sequences: Sequences, length: int, common: Runs, windows_at_once: int = WINDOWS_AT_ONCE
    ) -> None:
        """Prepare for comparisons.

        Args:
            length: at most eight intervals.
            common: the runs that are not counted, sorted; with a fixed list, the runs that a
                pair shares do not depend on the other pieces.
            windows_at_once: runs of more intervals are computed again for every comparison.
        """
        self._runs, self._common = _RunsOf(sequences, length, windows_at_once), common

    def pairs(self, begin: int, end: int) -> Iterator[Pairs]:
        """Yield the pairs of a piece of a range and any later piece, as :func:`related` returns them.

        In bounded portions; every pair once, with all its runs.
        """
        piece, run = self._runs.of(begin, end)
        sizes = np.bincount(piece, minlength=end)
        counts = ~_among(run, self._common)
        piece, run = piece[counts], run[counts]
        known = _KnownRuns(run)
        for first, others, run_of_others, n in self._runs.portions(begin):
            sizes_of_others = np.bincount(others, minlength=n)
            holders = known.holders(others, run_of_others, n)
            later, last = holders.of(known.number)
            if first < end:  # also pieces of the range: only those after the piece itself
                later = holders.after(known.number, piece - first)
            for a, b, both in _pairs(piece, later, last, holders.piece, n):
                yield a, b + first, both, np.minimum(sizes[a], sizes_of_others[b])


def buckets(runs: Runs) -> Ints:
    """(N,) hash buckets of runs, below BUCKETS."""
    return ((runs * MIX) >> np.uint64(64 - BUCKET_BITS)).view(np.int64)


def _among(runs: Runs, known: Runs) -> Bools:
    """True for runs that are among the known runs (sorted)."""
    if not len(known):
        return np.zeros(len(runs), bool)
    place = np.minimum(np.searchsorted(known, runs), len(known) - 1)
    return np.asarray(known[place] == runs)


def containing(sequences: Sequences, short: Ints) -> tuple[Ints, Ints]:
    """Find the pieces that contain the whole longest part of a short piece.

    Args:
        short: numbers of pieces; those with fewer than ``SHORTEST_CONTAINED``
            intervals are left out.

    Returns:
        (short piece, piece that contains it), once per occurrence.
    """
    parts = {int(piece): longest_part(sequences.piece(piece)) for piece in short}
    parts = {piece: part for piece, part in parts.items() if len(part) >= SHORTEST_CONTAINED}
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    pieces = np.array(list(parts), np.int64)
    lengths = np.array([len(part) for part in parts.values()], np.int64)
    whole = as_rows(list(parts.values()), int(lengths.max()))
    found = [_places(some, whole, lengths) for _, some in sequences.slices(WINDOWS_AT_ONCE)]
    begins = [begin for begin, _ in sequences.slices(WINDOWS_AT_ONCE)]
    inner = np.concatenate([pieces[which] for which, _ in found])
    outer = np.concatenate([owner + begin for begin, (_, owner) in zip(begins, found, strict=True)])
    return inner[inner != outer], outer[inner != outer]


def _places(sequences: Sequences, whole: NDArray[np.int8], lengths: Ints) -> tuple[Ints, Ints]:
    """Occurrences of rows of intervals inside pieces: (row, piece)."""
    values, owner = sequences.values, owners(sequences.offsets)
    if len(values) < SHORTEST_CONTAINED:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    heads = pack(whole[:, :SHORTEST_CONTAINED])[:, 0]
    windows = pack(np.lib.stride_tricks.sliding_window_view(values, SHORTEST_CONTAINED))[:, 0]
    order = np.argsort(heads, kind="stable")
    first = np.searchsorted(heads[order], windows)
    matches = np.searchsorted(heads[order], windows, side="right") - first
    at, which = np.repeat(np.arange(len(windows)), matches), order[ranges(first, matches)]
    last = at + lengths[which] - 1
    found = last < len(values)
    found &= owner[np.minimum(last, len(values) - 1)] == owner[at]
    for place in range(SHORTEST_CONTAINED, whole.shape[1]):
        same = values[np.minimum(at + place, len(values) - 1)] == whole[which, place]
        found &= same | (place >= lengths[which])
    return which[found], owner[at[found]]


class _RunsOf:
    """Distinct runs of pieces, slice by slice; the runs of a single slice are computed once."""

    def __init__(self, sequences: Sequences, length: int, at_once: int = WINDOWS_AT_ONCE) -> None:
        self._sequences, self._length, self._at_once = sequences, length, at_once
        several = len(sequences.values) > at_once
        self._kept = None if several else distinct_runs(sequences, length)

    def of(self, begin: int, end: int) -> tuple[Ints, Runs]:
        """(piece, run) of the pieces of a range."""
        if self._kept is None:
            piece, run = distinct_runs(self._sequences.range(begin, end), self._length)
            return piece + begin, run
        piece, run = self._kept
        here = slice(*np.searchsorted(piece, (begin, end)))
        return piece[here], run[here]

    def portions(self, begin: int = 0) -> Iterator[tuple[int, Ints, Runs, int]]:
        """(first piece, pieces counted from there, runs, number of pieces), from a piece to the last."""
        n = len(self._sequences)
        if self._kept is not None:
            piece, run = self.of(begin, n)
            yield begin, piece - begin, run, n - begin
            return
        for first, some in self._sequences.range(begin, n).slices(self._at_once):
            yield begin + first, *distinct_runs(some, self._length), len(some)


def _frequent(runs_of: _RunsOf, known: Runs) -> Runs:
    """Those of the known runs that more than COMMON pieces contain, sorted."""
    times = np.zeros(len(known), np.int64)
    for _, _, run, _ in runs_of.portions() if len(known) else ():
        number = np.minimum(np.searchsorted(known, run), len(known) - 1)
        times += np.bincount(number[known[number] == run], minlength=len(known))
    return np.asarray(known[times > COMMON])


class _KnownRuns:
    """The distinct runs of some pieces.

    Attributes:
        number: (N,) the number of each of their runs.
    """

    def __init__(self, run: Runs) -> None:
        self._runs, self.number = np.unique(run, return_inverse=True)
        self._maybe = np.zeros(BUCKETS, bool)  # most runs of other pieces are found unknown in it, quickly
        self._maybe[buckets(self._runs)] = True

    def holders(self, piece: Ints, run: Runs, n: int) -> _HoldersOf:
        """Find which of n pieces contain which of the known runs.

        Args:
            piece, run: (M,) the distinct runs of the pieces.
        """
        maybe = self._maybe[buckets(run)]
        piece, run = piece[maybe], run[maybe]
        number = np.minimum(np.searchsorted(self._runs, run), max(len(self._runs) - 1, 0))
        found = self._runs[number] == run if len(run) else maybe[:0]
        return _HoldersOf(np.sort(number[found] * n + piece[found]), n, len(self._runs))


class _HoldersOf:
    """Which of n pieces contain which runs.

    Attributes:
        piece: (M,) the pieces that contain each run, ordered by run and piece.
    """

    def __init__(self, keys: Ints, n: int, n_runs: int) -> None:
        self._keys, self._n = keys, n  # run * n + piece
        self.piece = keys % max(n, 1)
        self._starts = np.searchsorted(keys, np.arange(n_runs + 1) * n)

    def of(self, run: Ints) -> tuple[Ints, Ints]:
        """(N,) the ranges of pieces that contain the runs: first, end."""
        return self._starts[run], self._starts[run + 1]

    def after(self, run: Ints, piece: Ints) -> Ints:
        """(N,) the first that is larger than a piece, which need not be one of the n."""
        first, end = self.of(run)
        later, several = first.copy(), end - first > 1
        one = end - first == 1
        later[one] += self.piece[first[one]] <= piece[one]
        later[several] = self._searched(run[several], piece[several])  # slower
        return later

    def _searched(self, run: Ints, piece: Ints) -> Ints:
        return np.searchsorted(self._keys, run * self._n + np.clip(piece, -1, self._n - 1), side="right")


def _pairs(piece: Ints, first: Ints, end: Ints, partner: Ints, n: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Join the runs of pieces with the pieces that contain them, and count by pair.

    Args:
        piece, first, end: (N,) a piece and the range in ``partner`` of those that contain its run.
        partner: numbers of pieces below n.
    """
    matches = end - first
    for begin, end_of_portion in _portions(piece, matches):
        here = slice(begin, end_of_portion)
        partners = partner[ranges(first[here], matches[here])]
        pairs = np.repeat(piece[here], matches[here]) * n + partners
        found, counts = np.unique(pairs, return_counts=True)
        yield found // n, found % n, counts


def _portions(piece: Ints, matches: Ints) -> Iterator[tuple[int, int]]:
    """Ranges of whole pieces with about PAIRS_AT_ONCE matches each."""
    starts = run_starts(piece)
    total = offsets_of(matches)
    begin = 0
    while begin < len(piece):
        reach = np.searchsorted(total, total[begin] + PAIRS_AT_ONCE, side="right") - 1
        following = starts[np.searchsorted(starts, max(reach, begin + 1)) :]
        if total[-1] - total[begin] <= PAIRS_AT_ONCE or not len(following):
            end = len(piece)
        else:
            end = int(following[0])
        yield begin, end
        begin = end
