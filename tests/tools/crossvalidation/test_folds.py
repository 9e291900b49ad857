"""Folds contain whole families and are about equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tools.crossvalidation.folds import FoldError, deal

GROUPS = st.lists(st.sampled_from("abcdefghij"), min_size=12, max_size=60)


@given(GROUPS.filter(lambda groups: len(set(groups)) >= 3), st.integers(2, 3))
def test_no_family_is_in_two_folds_and_no_fold_is_empty(groups: list[str], n_folds: int) -> None:
    dealt = deal(groups, n_folds)
    assert set(dealt.tolist()) == set(range(n_folds))
    for group in set(groups):
        assert len(set(dealt[np.array(groups) == group].tolist())) == 1


def test_folds_are_about_equal() -> None:
    groups = [str(number) for number in range(40) for _ in range(1 + number % 3)]
    sizes = np.bincount(deal(groups, 5))
    assert sizes.max() - sizes.min() <= 1


@given(GROUPS.filter(lambda groups: len(set(groups)) >= 2), st.randoms())
def test_the_order_of_pieces_does_not_matter(groups: list[str], chance: object) -> None:
    order = list(range(len(groups)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    assert deal([groups[i] for i in order], 2).tolist() == deal(groups, 2)[order].tolist()


@pytest.mark.parametrize(("groups", "found"), [([], "0 families"), (["a", "a"], "1 family")])
def test_fewer_than_two_families_are_refused(groups: list[str], found: str) -> None:
    with pytest.raises(FoldError, match=f"{found} of tunes: at least 2 are needed.*; add pieces"):
        deal(groups, 2)


@pytest.mark.parametrize("n_folds", [0, 1, 4])
def test_folds_that_cannot_be_filled_are_refused(n_folds: int) -> None:
    with pytest.raises(FoldError, match=f"{n_folds} folds? of 3 families: choose between 2 and 3 folds"):
        deal(["a", "b", "c", "a"], n_folds)
