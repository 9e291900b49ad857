"""Measures of hand-written attention matrices over tunes of a few notes."""

import numpy as np
import pytest

from pipeline.core.vocabulary import STOP
from pipeline.evaluation.metrics.attention import intervals_in_common, means, measure
from pipeline.models.base.bars import Bars
from pipeline.models.base.examples import ContinueExample, Example

RISE = [60, 62, 64, 65]
RISE_AND_ON = [*RISE, 69]
FIFTH_HIGHER = [67, 69, 71, 72]


def example(source: list[int], target: list[int], voices: int = 1, bars: Bars | None = None) -> Example:
    return ContinueExample(np.array(source, np.uint16), np.array([*target, STOP], np.uint16), voices, bars)


def weights_on(column: int, n_columns: int, n_rows: int = 1) -> np.ndarray:
    """The attention of every row is on one column; the last row is that of STOP."""
    weights = np.zeros((n_rows + 1, n_columns))
    weights[:, column] = 1
    return weights


def measured(name: str, weights: np.ndarray, piece: Example, row: int = 0) -> list[float]:
    """The value of the matrix, and that of uniform attention."""
    return measure(weights, piece)[name][:, row].tolist()


def test_attention_to_one_column_has_no_entropy_and_uniform_attention_log2_of_the_columns() -> None:
    piece = example([60, 62, 64, 65], [67])
    assert measured("entropy_bits", weights_on(2, 4), piece) == [0, 2]


def test_two_equal_weights_are_one_bit() -> None:
    piece = example([60, 62, 64, 65], [67])
    assert measured("entropy_bits", (weights_on(0, 4) + weights_on(3, 4)) / 2, piece)[0] == 1


def test_rows_that_attend_to_the_target_have_one_more_column_each() -> None:
    piece = example([60, 62], [64, 65, 67])
    weights = weights_on(0, 4, n_rows=3)
    uniform = [measured("entropy_bits", weights, piece, row)[1] for row in range(3)]
    np.testing.assert_allclose(uniform, np.log2([2, 3, 4]))


def test_a_transposed_repetition_is_predicted() -> None:
    piece = example([*RISE_AND_ON, *FIFTH_HIGHER], [76])
    assert measured("repetition_share", weights_on(4, 9), piece) == [1, pytest.approx(1 / 9)]
    assert measured("repetition_share", weights_on(3, 9), piece)[0] == 0


def test_the_like_passage_ends_straight_before_its_repetition() -> None:
    piece = example([*RISE_AND_ON, *FIFTH_HIGHER], [76])
    assert measured("like_passage_share", weights_on(3, 9), piece) == [1, pytest.approx(1 / 9)]
    assert measured("like_passage_share", weights_on(8, 9), piece)[0] == 0  # the last note itself


def test_another_rhythm_is_no_repetition() -> None:
    piece = example([60, 62, 190, 64, 65, 69, *FIFTH_HIGHER], [76])
    assert np.isnan(measured("repetition_share", weights_on(5, 10), piece)).all()


def test_two_intervals_in_common_are_not_enough() -> None:
    piece = example([60, 62, 64, 69, 71, 73], [74])
    assert np.isnan(measured("repetition_share", weights_on(3, 6), piece)).all()


def test_a_motif_has_its_intervals_in_common_with_itself_later() -> None:
    common = intervals_in_common([*RISE_AND_ON, *FIFTH_HIGHER, 76])
    assert common[9, :6].tolist() == [0, 0, 0, 0, 3, 0]
    assert common[9, 9] == 8  # all before it, but for the first note, which is no interval


def test_a_held_note_is_one_interval_however_long() -> None:
    common = intervals_in_common([60, 62, 190, 190, 60, 62, 190, 190, 60])
    assert common[8, 4] == 1


def test_each_voice_has_its_own_intervals() -> None:
    upper, lower = [72, 74, 76, 77, 60, 62, 64, 65, 71], [48, 47, 45, 43, 60, 59, 57, 55, 40]
    both = [pitch for step in zip(upper, lower, strict=True) for pitch in step]
    piece = example(both[:16], both[16:], voices=2)
    assert measured("repetition_share", weights_on(8, 16, n_rows=2), piece, row=0)[0] == 1
    assert measured("repetition_share", weights_on(9, 16, n_rows=2), piece, row=0)[0] == 0


def test_the_same_position_in_the_bar() -> None:
    piece = example([60, 62, 64, 65, 67], [69], bars=Bars(2, np.array([0, 1, 0, 1, 0, 1], np.int16)))
    assert measured("same_position_share", weights_on(1, 5), piece) == [1, pytest.approx(2 / 5)]
    assert measured("same_position_share", weights_on(2, 5), piece)[0] == 0


def test_distance_is_in_bars() -> None:
    piece = example([60, 62, 64, 65], [67], bars=Bars(2, np.array([0, 1, 0, 1, 0], np.int16)))
    assert measured("distance_bars", weights_on(0, 4), piece) == [2, 1.25]


def test_without_bars_their_measures_are_undefined() -> None:
    found = measure(weights_on(0, 2), example([60, 62], [64]))
    assert np.isnan(found["distance_bars"]).all()
    assert np.isnan(found["same_position_share"]).all()


def test_figures_are_means_over_the_rows_that_define_them() -> None:
    short = measure(weights_on(0, 2), example([60, 62], [64]))
    long = measure(
        weights_on(0, 4, 2), example(RISE, [67, 69], bars=Bars(2, np.arange(6, dtype=np.int16) % 2))
    )
    found = means([short, long], [np.array([True]), np.array([True, True])])
    assert found["entropy_bits"] == {"rows": 3, "found": 0, "uniform": pytest.approx((1 + 2 + 2) / 3)}
    assert found["distance_bars"] == {"rows": 2, "found": 2.25, "uniform": 1.5}
    assert found["repetition_share"] == {"rows": 0, "found": None, "uniform": None}


def test_only_the_chosen_rows_count() -> None:
    piece = measure(
        weights_on(0, 4, 2), example(RISE, [67, 69], bars=Bars(2, np.arange(6, dtype=np.int16) % 2))
    )
    assert means([piece], [np.array([False, True])])["distance_bars"] == {
        "rows": 1,
        "found": 2.5,
        "uniform": 1.75,
    }
