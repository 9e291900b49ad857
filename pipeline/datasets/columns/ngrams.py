"""Runs of intervals (interval n-grams), compared exactly over thousands of pieces.

A piece is a sequence of intervals in semitones: its parts one after the other
with ``BREAK`` between them. A run is a sequence of a given length inside one
part. Runs are compared by their bytes, never by a hash alone, so no collision can
join two pieces. A hash only partitions them, so that memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.lists import as_lists, flatten
from pipeline.datasets.columns.ragged import Bools, Ints, offsets_of, run_starts

BREAK = -128  # no interval of two note numbers
WINDOWS_AT_ONCE = 1_000_000  # that are sorted at once: each takes about 100 bytes
OUTSIDE = 255  # of windows in no partition; also the largest number of partitions
WORD = 8  # intervals that are compared at once
MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio


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

    @classmethod
    def join(cls, several: list[Sequences]) -> Sequences:
        """Concatenate the pieces of several collections."""
        lengths = [np.diff(each.offsets) for each in several]
        return cls(offsets_of(np.concatenate(lengths)), np.concatenate([each.values for each in several]))

    def slices(self, intervals: int) -> Iterator[tuple[int, Sequences]]:
        """Groups of consecutive pieces with about so many intervals: (first piece, pieces)."""
        for begin, end in self.portions(intervals):
            yield begin, self.range(begin, end)

    def portions(self, intervals: int) -> Iterator[tuple[int, int]]:
        """Ranges of consecutive pieces with about so many intervals: (first piece, end)."""
        starts = np.arange(0, len(self.values) + 1, intervals)
        borders = np.unique(np.append(np.searchsorted(self.offsets[:-1], starts), len(self)))
        yield from pairwise(borders.tolist())

    def range(self, begin: int, end: int) -> Sequences:
        """The pieces from begin to before end."""
        offsets = self.offsets[begin : end + 1]
        return Sequences(offsets - offsets[0], self.values[offsets[0] : offsets[-1]])

    def where(self, chosen: Bools) -> Sequences:
        """The chosen pieces."""
        lengths = np.diff(self.offsets)
        return Sequences(offsets_of(lengths[chosen]), self.values[np.repeat(chosen, lengths)])

    def piece(self, number: int) -> NDArray[np.int8]:
        """The sequence of one piece."""
        return self.values[self.offsets[number] : self.offsets[number + 1]]


@dataclass(frozen=True)
class Holders:
    """Which pieces contain which runs; every run of a piece is listed once.

    Attributes:
        piece: (N,) number of a piece; increases within one run.
        run: (N,) number of a run, never decreases; equal runs have the same number.
    """

    piece: Ints
    run: Ints

    def links(self) -> tuple[Ints, Ints]:
        """Pairs of pieces that share a run: enough pairs to connect all pieces that share runs."""
        same = np.diff(self.run) == 0
        return self.piece[:-1][same], self.piece[1:][same]


def holders(sequences: Sequences, length: int) -> Iterator[Holders]:
    """Find which pieces contain which runs of a given length, or are equal as a whole.

    A piece without a part of that length is represented by its whole longest part,
    which is equal to no run.

    Yields:
        Partitions of bounded size; equal runs are in the same partition.
    """
    part, n_parts = _parts(sequences, length)
    has_run = np.zeros(len(sequences), bool)
    for number in range(n_parts):
        found = _distinct(*_runs_at(sequences, length, _places_of(number, part)))
        has_run[found.piece] = True
        yield found
    short = np.flatnonzero(~has_run)
    whole = as_rows([longest_part(sequences.piece(piece)) for piece in short.tolist()], length)
    yield _distinct(short, pack(whole))


def longest_part(sequence: NDArray[np.int8]) -> NDArray[np.int8]:
    """The part with the most intervals; of several, the first."""
    borders = np.flatnonzero(sequence == BREAK)
    parts = np.split(sequence, borders)
    return max((part[part != BREAK] for part in parts), key=len)


def components(n: int, links: Iterable[tuple[Ints, Ints]]) -> Ints:
    """Connected components of n pieces: for every piece the smallest member of its component."""
    root = np.arange(n)
    for left, right in links:
        while True:
            a, b = root[left], root[right]
            apart = a != b
            if not apart.any():
                break
            left, right, a, b = left[apart], right[apart], a[apart], b[apart]
            np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
            while (root[root] != root).any():
                root = root[root]
    return root


@dataclass(frozen=True)
class RunIndex:
    """Index of the runs that several pieces contain.

    Attributes:
        n: number of pieces.
        parts: (piece, begins), (N,) each: pieces by run, True where the next run begins.
    """

    n: int
    parts: tuple[tuple[NDArray[np.int32], Bools], ...]

    @classmethod
    def of(cls, sequences: Sequences, length: int) -> RunIndex:
        """The index of all runs of a length, short pieces as a whole."""
        return cls(len(sequences), tuple(_several(part) for part in holders(sequences, length)))

    def related_to(self, chosen: Bools) -> Bools:
        """(n,) True for the other pieces that share a run with any of the chosen pieces."""
        found = np.zeros(self.n, bool)
        for piece, begins in self.parts:
            starts = np.flatnonzero(begins)
            known = np.logical_or.reduceat(chosen[piece], starts) if len(starts) else begins
            found[piece[np.repeat(known, np.diff(np.append(starts, len(piece))))]] = True
        return found & ~chosen


def _several(part: Holders) -> tuple[NDArray[np.int32], Bools]:
    """The runs of more than one piece, computed in little memory."""
    kept = np.bincount(part.run)[part.run] > 1
    begins = np.zeros(int(kept.sum()), bool)
    begins[run_starts(part.run[kept])] = True
    return part.piece[kept].astype(np.int32), begins


def distinct_runs(sequences: Sequences, length: int) -> tuple[Ints, NDArray[np.uint64]]:
    """Every run of every piece once, pieces in order, the runs of a piece in any order.

    Args:
        length: at most WORD, so that a run is one word.

    Returns:
        (piece, run), (N,) each.
    """
    pieces, runs = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
    for begin, some in sequences.slices(WINDOWS_AT_ONCE):
        piece, run = _distinct_runs(some, length)
        pieces.append(piece + begin)
        runs.append(run)
    return np.concatenate(pieces), np.concatenate(runs)


def _distinct_runs(sequences: Sequences, length: int) -> tuple[Ints, NDArray[np.uint64]]:
    at = np.flatnonzero(_windows_inside(sequences, length))
    piece, words = _runs_at(sequences, length, at)
    run = words[:, 0]
    bits = np.uint64(64 - len(sequences).bit_length())
    keys = piece.astype(np.uint64) << bits | (run * MIX) >> (np.uint64(64) - bits)  # one sort instead of two
    order = np.argsort(keys)
    keys, sorted_run = keys[order], run[order]
    same = keys[1:] == keys[:-1]
    if (same & (sorted_run[1:] != sorted_run[:-1])).any():  # two runs with the same key, which is rare
        order = np.lexsort((run, piece))
        sorted_run = run[order]
    piece = piece[order]
    once = run_starts(piece, sorted_run)
    return piece[once], sorted_run[once]


def _windows_inside(sequences: Sequences, length: int) -> Bools:
    """True where a window of the given length begins that lies inside one part of one piece."""
    values = sequences.values
    n = max(len(values) - length + 1, 0)
    stops = values == BREAK
    begins = np.zeros(len(values) + 1, bool)
    begins[sequences.offsets] = True
    inside = np.ones(n, bool)
    for place in range(length):
        inside &= ~stops[place : place + n]
        if place:
            inside &= ~begins[place : place + n]
    return inside


def _parts(sequences: Sequences, length: int) -> tuple[NDArray[np.uint8], int]:
    """Partition the windows of a length; equal windows are in the same partition.

    One byte per interval is all that is kept of it.

    Returns:
        (N,) the partition of the window that begins at each interval, OUTSIDE if it is in no single part
        of a piece; number of partitions.
    """
    n_parts = min(len(sequences.values) // WINDOWS_AT_ONCE + 1, OUTSIDE)
    part = np.full(len(sequences.values), OUTSIDE, np.uint8)
    for begin, some in sequences.slices(WINDOWS_AT_ONCE):
        inside = _windows_inside(some, length)
        n, values = len(inside), some.values.view(np.uint8)
        hashed = np.zeros(n, np.uint16)
        for place in range(length) if n_parts > 1 else ():
            hashed *= np.uint16(40503)
            hashed += values[place : place + n]
        number = (hashed.astype(np.uint32) * np.uint32(n_parts) >> np.uint32(16)).astype(np.uint8)
        first = sequences.offsets[begin]
        part[first : first + n][inside] = number[inside]
    return part, n_parts


def _places_of(number: int, part: NDArray[np.uint8]) -> Ints:
    """The places of one partition, found slice by slice."""
    starts = range(0, len(part), WINDOWS_AT_ONCE)
    found = [np.flatnonzero(part[start : start + WINDOWS_AT_ONCE] == number) + start for start in starts]
    return np.concatenate([np.zeros(0, np.int64), *found])


def _runs_at(sequences: Sequences, length: int, at: Ints) -> tuple[Ints, NDArray[np.uint64]]:
    """The windows that begin at the given places: (piece, run in words)."""
    piece = np.searchsorted(sequences.offsets, at, side="right") - 1
    if not len(at):
        return piece, np.zeros((0, -(-length // WORD)), np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(sequences.values, length)
    return piece, pack(windows[at])


def as_rows(parts: list[NDArray[np.int8]], length: int) -> NDArray[np.int8]:
    """Parts of different lengths as rows, padded with BREAK."""
    rows = np.full((len(parts), length), BREAK, np.int8)
    for row, part in enumerate(parts):
        rows[row, : len(part)] = part
    return rows


def _distinct(piece: Ints, words: NDArray[np.uint64]) -> Holders:
    """Number the runs; piece numbers must not decrease."""
    order = _order(words)
    piece, words = piece[order], words[order]
    starts = np.zeros(len(piece), bool)
    starts[run_starts(*words.T)] = True
    run = np.cumsum(starts) - 1
    once = run_starts(piece, run)
    return Holders(piece[once], run[once])


def _order(words: NDArray[np.uint64]) -> Ints:
    """A stable order in which equal runs are adjacent: by a hash, which is fast.

    If different runs have the same hash, they are ordered by their values.
    """
    mixed = words[:, 0].copy()
    for word in words.T[1:]:
        mixed = (mixed ^ (mixed >> np.uint64(29))) * MIX ^ word
    order = np.argsort(mixed, kind="stable")
    mixed, sorted_words = mixed[order], words[order]
    torn = (mixed[1:] == mixed[:-1]) & (sorted_words[1:] != sorted_words[:-1]).any(axis=1)
    return np.lexsort(words.T) if torn.any() else order


def pack(windows: NDArray[np.int8]) -> NDArray[np.uint64]:
    """Convert (N, length) int8 to (N, W) uint64, WORD intervals per word."""
    n, length = windows.shape
    padded = np.zeros((n, WORD * -(-length // WORD)), np.int8)
    padded[:, :length] = windows
    return padded.view("<u8").astype(np.uint64)
