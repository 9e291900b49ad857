"""Dropout with a generator."""

import pytest
import torch

from pipeline.models.base.layers.dropout import LEVELS, dropout

ONES = torch.ones(300, 301, 7)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.999])
def test_the_share_is_dropped_and_the_mean_kept(share: float) -> None:
    dropped = dropout(ONES, share, torch.Generator().manual_seed(1))
    assert float((dropped == 0).float().mean()) == pytest.approx(share, abs=0.003)
    assert float(dropped.mean()) == pytest.approx(1, abs=5 * (share / (1 - share) / ONES.numel()) ** 0.5)
    assert len(dropped.unique()) == 2


def test_neighbours_are_dropped_independently() -> None:
    kept = (dropout(ONES, 0.5, torch.Generator().manual_seed(2)) > 0).flatten().double()
    for distance in range(1, 9):
        both = torch.corrcoef(torch.stack([kept[distance:], kept[:-distance]]))
        assert abs(float(both[0, 1])) < 5 / len(kept) ** 0.5


def test_equal_generators_drop_the_same_activations() -> None:
    first, second = (dropout(ONES, 0.3, torch.Generator().manual_seed(seed)) for seed in (3, 3))
    assert torch.equal(first, second)
    assert not torch.equal(first, dropout(ONES, 0.3, torch.Generator().manual_seed(4)))


def test_without_a_generator_or_a_share_nothing_changes() -> None:
    assert dropout(ONES, 0.5, None) is ONES
    assert dropout(ONES, 0.1 / LEVELS, torch.Generator()) is ONES


def test_the_largest_share_is_finite() -> None:
    assert dropout(ONES, 1 - 1e-9, torch.Generator().manual_seed(5)).isfinite().all()
