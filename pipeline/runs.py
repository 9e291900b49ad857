"""Runs of intervals: what two melodies share, exactly and over thousands of pieces.

A piece is a sequence of intervals in semitones, its parts one after the other
with ``BREAK`` between them. A run is a stretch of a given length inside one
part. Runs are compared by their bytes, never by a hash, so no collision can
join two pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.ragged import Bools, Ints, offsets_of, owners, ranges, run_starts, take
from pipeline.tables import as_lists, flatten

BREAK = -128  # no interval of two note numbers
SHORTEST_CONTAINED = 8  # fewer intervals stand in every other tune by chance
PAIRS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Sequences:
    """Intervals of n pieces.

    Attributes:
        offsets: (n + 1,) borders of the pieces.
        values: int8, semitones; BREAK between the parts of a piece.
    """

    offsets: Ints
    values: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def from_column(cls, column: pa.ChunkedArray) -> Sequences:
        """From a list<int8> column."""
        offsets, values = flatten(column)
        return cls(offsets, np.asarray(values, dtype=np.int8))

    def column(self) -> pa.Array:
        """As a list<int8> column."""
        return as_lists(self.offsets, self.values, pa.int8())

    def where(self, chosen: Bools) -> Sequences:
        """The chosen pieces."""
        offsets, places = take(self.offsets, np.flatnonzero(chosen))
        return Sequences(offsets, self.values[places])

    def piece(self, number: int) -> NDArray[np.int8]:
        """The sequence of one piece."""
        return self.values[self.offsets[number] : self.offsets[number + 1]]


@dataclass(frozen=True)
class Runs:
    """Runs of pieces, each run of a piece once.

    Attributes:
        piece: (N,) whose run it is, in rising order.
        words: (N, W) uint64, the bytes of the run.
    """

    n: int
    piece: Ints
    words: NDArray[np.uint64]

    def sizes(self) -> Ints:
        """(n,) number of different runs of every piece."""
        return np.bincount(self.piece, minlength=self.n)


def runs_of(sequences: Sequences, length: int) -> Runs:
    """All different runs of a length; none of a piece without so long a part."""
    values, piece = sequences.values, owners(sequences.offsets)
    if len(values) < length:
        return Runs(len(sequences), np.zeros(0, np.int64), np.zeros((0, _words(length)), np.uint64))
    breaks = offsets_of(values == BREAK)
    n = len(values) - length + 1
    inside = (piece[:n] == piece[length - 1 :]) & (breaks[length:] == breaks[:n])
    windows = np.lib.stride_tricks.sliding_window_view(values, length)[inside]
    return _distinct(Runs(len(sequences), piece[:n][inside], _pack(windows)))


def runs_or_whole(sequences: Sequences, length: int) -> Runs:
    """Runs, and of a piece without so long a part its longest part as a whole."""
    runs = runs_of(sequences, length)
    short = np.flatnonzero(runs.sizes() == 0)
    padded = np.full((len(short), length), BREAK, np.int8)
    for row, piece in enumerate(short.tolist()):
        whole = longest_part(sequences.piece(piece))
        padded[row, : len(whole)] = whole
    pieces = np.concatenate([runs.piece, short])
    order = np.argsort(pieces, kind="stable")
    return Runs(runs.n, pieces[order], np.concatenate([runs.words, _pack(padded)])[order])


def longest_part(sequence: NDArray[np.int8]) -> NDArray[np.int8]:
    """The part with most intervals, the first of several."""
    borders = np.flatnonzero(sequence == BREAK)
    parts = np.split(sequence, borders)
    return max((part[part != BREAK] for part in parts), key=len)


def label(*runs: Runs) -> list[Ints]:
    """Number the runs of several sets so that equal runs have equal numbers."""
    words = np.concatenate([each.words for each in runs])
    order = np.lexsort(words.T[::-1])
    starts = run_starts(*words[order].T)
    labels = np.empty(len(words), np.int64)
    labels[order] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(words))))
    return np.split(labels, np.cumsum([len(each.piece) for each in runs])[:-1])


def links(runs: Runs) -> tuple[Ints, Ints]:
    """Pairs of pieces that share a run, enough to connect all that do."""
    (labels,) = label(runs)
    order = np.argsort(labels, kind="stable")
    same = np.diff(labels[order]) == 0
    return runs.piece[order][:-1][same], runs.piece[order][1:][same]


def components(n: int, left: Ints, right: Ints) -> Ints:
    """Connected components of n pieces: for every piece the least member of its own."""
    root = np.arange(n)
    while True:
        a, b = root[left], root[right]
        if (a == b).all():
            return root
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while (root[root] != root).any():
            root = root[root]


def shared(left: Runs, right: Runs) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Pairs that share any run, and how many, in bounded portions.

    Yields:
        (piece of left, piece of right, number of runs in common), each pair once.
    """
    left_labels, right_labels = label(left, right)
    order = np.argsort(right_labels, kind="stable")
    ordered = right_labels[order]
    first = np.searchsorted(ordered, left_labels)
    matches = np.searchsorted(ordered, left_labels, side="right") - first
    for begin, end in _portions(left.piece, matches):
        partners = order[ranges(first[begin:end], matches[begin:end])]
        pairs = np.repeat(left.piece[begin:end], matches[begin:end]) * right.n + right.piece[partners]
        found, counts = np.unique(pairs, return_counts=True)
        yield found // right.n, found % right.n, counts


@dataclass(frozen=True)
class RunIndex:
    """Which pieces hold which runs, equal runs under one number.

    Attributes:
        n: how many pieces.
        piece, run: (N,) a run of a piece each.
    """

    n: int
    piece: Ints
    run: Ints

    @classmethod
    def of(cls, runs: Runs) -> RunIndex:
        """Number the runs."""
        return cls(runs.n, runs.piece, label(runs)[0])

    def related_to(self, chosen: Bools) -> Bools:
        """(n,) True for the other pieces that share a run with any of the chosen."""
        among = chosen[self.piece]
        known = np.zeros(int(self.run.max(initial=-1)) + 1, bool)
        known[self.run[among]] = True
        found = np.zeros(self.n, bool)
        found[self.piece[known[self.run] & ~among]] = True
        return found


def containing(sequences: Sequences, short: Ints) -> tuple[Ints, Ints]:
    """Where the longest part of a short piece stands whole in another piece.

    Args:
        short: numbers of pieces; those with fewer than ``SHORTEST_CONTAINED``
            intervals are left out.

    Returns:
        (short piece, piece that contains it), every place once.
    """
    parts = {int(piece): longest_part(sequences.piece(piece)) for piece in short}
    pieces = np.array([piece for piece, part in parts.items() if len(part) >= SHORTEST_CONTAINED], np.int64)
    lengths = np.array([len(parts[piece]) for piece in pieces.tolist()], np.int64)
    values, owner = sequences.values, owners(sequences.offsets)
    if not len(pieces) or len(values) < SHORTEST_CONTAINED:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    whole = np.full((len(pieces), lengths.max()), BREAK, np.int8)
    for row, piece in enumerate(pieces.tolist()):
        whole[row, : lengths[row]] = parts[piece]
    heads = _pack(whole[:, :SHORTEST_CONTAINED])[:, 0]
    windows = _pack(np.lib.stride_tricks.sliding_window_view(values, SHORTEST_CONTAINED))[:, 0]
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
    found &= pieces[which] != owner[at]
    return pieces[which[found]], owner[at[found]]


def _portions(piece: Ints, matches: Ints) -> Iterator[tuple[int, int]]:
    """Stretches of whole pieces with about PAIRS_AT_ONCE matches each."""
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


def _words(length: int) -> int:
    return -(-length // 8)


def _pack(windows: NDArray[np.int8]) -> NDArray[np.uint64]:
    """(N, length) int8 to (N, W) uint64, eight intervals a word."""
    n, length = windows.shape
    padded = np.zeros((n, 8 * _words(length)), np.int8)
    padded[:, :length] = windows
    return padded.view("<u8").astype(np.uint64)


def _distinct(runs: Runs) -> Runs:
    order = np.lexsort((*runs.words.T, runs.piece))
    piece, words = runs.piece[order], runs.words[order]
    once = run_starts(piece, *words.T)
    return Runs(runs.n, piece[once], words[once])
