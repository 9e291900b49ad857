"""Mixtures of several distributions."""

import numpy as np
import pytest

from pipeline.evaluation.baselines.mixing import mix, mix_by_product, relative_entropy

VALID = np.array([[True, True, True, True, False]])
EVEN = np.array([[0.25, 0.25, 0.25, 0.25, 0.0]])
HALVES = np.array([[0.5, 0.5, 0.0, 0.0, 0.0]])
SURE = np.array([[1.0, 0.0, 0.0, 0.0, 0.0]])


def test_entropy_is_relative_to_a_uniform_choice_of_valid_tokens() -> None:
    assert relative_entropy(EVEN, VALID) == pytest.approx(1)
    assert relative_entropy(HALVES, VALID) == pytest.approx(1 / 2)
    assert relative_entropy(SURE, VALID) < 1e-3


def test_without_b_all_distributions_have_equal_weight() -> None:
    assert mix([EVEN, HALVES], VALID, 0.0)[0] == pytest.approx([3 / 8, 3 / 8, 1 / 8, 1 / 8, 0])


def test_half_the_entropy_gives_a_weight_of_two_to_the_b() -> None:
    # b = 2: weights 1 and 4
    assert mix([EVEN, HALVES], VALID, 2.0)[0] == pytest.approx([0.45, 0.45, 0.05, 0.05, 0])


def test_a_certain_prediction_is_unchanged() -> None:
    only = np.array([[False, True, False]])
    certain = np.array([[0.0, 1.0, 0.0]])
    assert mix([certain, certain], only, 2.0) == pytest.approx(certain)


def test_a_product_of_equal_weights_is_the_geometric_mean() -> None:
    one, other = np.array([[0.8, 0.2]]), np.array([[0.2, 0.8]])
    both = np.array([[True, True]])
    assert mix_by_product([one, other], both, 2.0)[0] == pytest.approx([0.5, 0.5])
    assert mix_by_product([one, np.array([[0.5, 0.5]])], both, 0.0)[0, 0] == pytest.approx(2 / 3)


def test_one_distribution_can_veto_in_a_product_and_not_in_a_sum() -> None:
    veto = np.array([[0.98, 0.01, 0.01]])
    even, all_valid = np.full((1, 3), 1 / 3), np.ones((1, 3), dtype=bool)
    assert mix_by_product([veto, even], all_valid, 0.0)[0, 1] < mix([veto, even], all_valid, 0.0)[0, 1]
