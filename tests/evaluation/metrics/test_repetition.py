from fractions import Fraction

import numpy as np
import pytest

from pipeline.core.vocabulary import STOP
from pipeline.evaluation.metrics.repetition import repetition, repetition_figures, wasserstein
from pipeline.models.base.bars import Bars
from pipeline.models.base.examples import ContinueExample, Example


def tune(*source: int, bar: int = 2, upbeat: int = 0) -> Example:
    places = ((np.arange(len(source)) - upbeat) % bar).astype(np.int16)
    return ContinueExample(np.array(source, np.uint16), np.array([STOP], np.uint16), 1, Bars(bar, places))


def after(*tokens: int) -> np.ndarray:
    return np.array(tokens, np.uint16)


def test_a_bar_is_repeated_where_source_or_continuation_had_it_before() -> None:
    found = repetition(tune(60, 62), after(60, 62, 64, 65, 64, 65, 67, 69, STOP), 1)
    assert (found.n_bars, found.n_repeated) == (4, 2)
    assert found.quarters == Fraction(8)
    assert found.complete


def test_only_whole_bars_after_the_cut_count() -> None:
    found = repetition(tune(60, 62, 64), after(65, 67, 69, 71), 2)
    assert (found.n_bars, found.quarters, found.complete) == (1, Fraction(2), False)
    upbeat = repetition(tune(59, 60, 62, upbeat=1), after(60, 62), 1)
    assert (upbeat.n_bars, upbeat.n_repeated) == (1, 1)


def test_entropy_is_1_of_different_bars_and_0_of_equal_ones() -> None:
    assert repetition(tune(50, 50), after(60, 62, 64, 65), 1).entropy == 1
    assert repetition(tune(50, 50), after(60, 62, 60, 62), 1).entropy == 0
    assert repetition(tune(50, 50), after(60, 62), 1).entropy is None


@pytest.mark.parametrize(
    ("bars", "looped"),
    [([1, 2, 2, 2], True), ([1, 2, 2], False), ([1, 2] * 3, True), ([1, 2] * 3 + [3], False)],
)
def test_a_loop_is_three_copies_at_the_end(bars: list[int], looped: bool) -> None:
    tokens = [each for bar in bars for each in (60 + bar, 70)]
    assert repetition(tune(50, 50), after(*tokens), 1).looped is looped


def test_without_bars_only_the_length_is_known() -> None:
    bare = ContinueExample(after(60, 62), after(STOP))
    assert repetition(bare, after(60, 62), 1).n_bars == 0


def test_figures_sum_before_they_divide() -> None:
    one = repetition(tune(60, 62), after(60, 62, STOP), 1)
    two = repetition(tune(60, 62), after(64, 65, 67, 69, 71, 72), 1)
    found = repetition_figures([one, two], [Fraction(2), Fraction(4)])
    assert found.repeated_bars == 1 / 4
    assert found.unfinished == 1 / 2
    assert found.mean_quarters == 4
    assert found.length_distance_quarters == 1


def test_equal_distributions_have_no_distance() -> None:
    values = np.array([1.0, 2.0, 5.0])
    assert wasserstein(values, values[::-1]) == 0
    assert wasserstein(np.array([0.0]), np.array([1.0, 3.0])) == 2
