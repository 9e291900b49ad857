"""Pairs of pieces that have runs of intervals in common, against sets of tuples."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.datasets.columns.ngrams import BREAK, Sequences, distinct_runs
from pipeline.datasets.columns.ragged import offsets_of
from pipeline.datasets.families.ngram_overlap import Pairs, SharedRuns, related


def sequences(lists: list[list[int]]) -> Sequences:
    flat = [value for values in lists for value in values]
    return Sequences(offsets_of([len(values) for values in lists]), np.array(flat, np.int8))


def rows_of(pairs: Pairs) -> list[tuple[int, ...]]:
    return [*zip(*(each.tolist() for each in pairs), strict=True)]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(-1, 1) | st.just(BREAK), max_size=12), min_size=1, max_size=6),
    st.integers(1, 8),
)
def test_shared_runs_are_counted_as_by_hand(lists: list[list[int]], length: int) -> None:
    def runs(values: list[int]) -> set[tuple[int, ...]]:
        windows = {tuple(values[i : i + length]) for i in range(len(values) - length + 1)}
        return {window for window in windows if BREAK not in window}

    expected = {
        (a, b): len(runs(left) & runs(right))
        for a, left in enumerate(lists)
        for b, right in enumerate(lists)
        if runs(left) & runs(right)
    }
    mine = sequences(lists)
    found = related(mine, mine, length)
    assert {(int(a), int(b)): int(n) for a, b, n, _ in zip(*found, strict=True)} == expected
    sizes = [len(runs(values)) for values in lists]
    assert all(int(least) == min(sizes[a], sizes[b]) for a, b, _, least in zip(*found, strict=True))


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(-1, 1) | st.just(BREAK), max_size=12), min_size=1, max_size=8),
    st.integers(1, 4),
    st.integers(0, 8),
    st.integers(0, 8),
    st.sampled_from([1, 5, 1000]),
)
def test_a_range_of_pieces_is_compared_with_all_later_ones(
    lists: list[list[int]], length: int, begin: int, end: int, at_once: int
) -> None:
    begin, end = sorted((min(begin, len(lists)), min(end, len(lists))))
    mine = sequences(lists)
    every = rows_of(related(mine, mine, length))
    expected = {(a, b, n, least) for a, b, n, least in every if begin <= a < end and a < b}
    shared = SharedRuns(mine, length, np.zeros(0, np.uint64), windows_at_once=at_once)
    found = [
        row for some in shared.pairs(begin, end) for row in zip(*map(np.ndarray.tolist, some), strict=True)
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_runs_that_are_idiom_are_no_common_runs() -> None:
    mine = sequences([[1, 2, 3, 4], [1, 2, 3], [3, 4]])
    idiom = distinct_runs(sequences([[1, 2]]), 2)[1]
    (found,) = SharedRuns(mine, 2, idiom).pairs(0, 3)
    assert rows_of(found) == [(0, 1, 1, 2), (0, 2, 1, 1)]
