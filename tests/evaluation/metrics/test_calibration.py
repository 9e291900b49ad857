import numpy as np
import pytest

from pipeline.evaluation.metrics.calibration import BINS, reliability


def test_the_error_is_the_distance_of_accuracy_and_confidence_weighed_by_choices() -> None:
    # four choices at 0.9, three of them right; six at 0.5, all right
    found = reliability([0.9] * 4 + [0.5] * 6, [1, 1, 1, 0] + [1] * 6)
    assert found.n[[7, 13]].tolist() == [6, 4]
    assert found.accuracy[13] == 0.75
    assert found.confidence[7] == 0.5
    assert found.error == pytest.approx((4 * 0.15 + 6 * 0.5) / 10)


def test_a_calibrated_predictor_has_no_error() -> None:
    assert reliability([0.5, 0.5, 1.0, 1.0], [True, False, True, True]).error == 0


def test_a_confidence_on_a_border_belongs_to_the_bin_below_and_none_is_lost() -> None:
    found = reliability(np.array([0.0, 1 / BINS, 2 / BINS, 1.0]), [False] * 4)
    assert found.n[[0, 1, BINS - 1]].tolist() == [2, 1, 1]
    assert np.isnan(found.accuracy[5])


def test_without_a_choice_there_is_no_error() -> None:
    assert reliability([], []).error is None
