import pytest

from pipeline.evaluation.metrics.statistics import FEATURES
from pipeline.evaluation.passages import HELD_OUT, TRAINING
from pipeline.evaluation.statistics import measure_statistics, statistics_figures
from tests.helpers.passages import SCALE, passages_of

FALLING = SCALE[::-1]
CHROMATIC = [61, 63, 66, 68]


def test_a_row_holds_all_values_of_a_passage() -> None:
    table = measure_statistics(passages_of([SCALE], [FALLING], model=[[[67, 195, 71]]]))
    held_out, training, model = table.to_pylist()
    assert (held_out["predictor"], held_out["pitch"]) == (HELD_OUT, [67, 69, 71, 72])
    assert (training["predictor"], training["interval"]) == (TRAINING, [-1, -2, -2])
    assert (model["n_notes"], model["pitch_class"], model["duration"]) == (2, [7, 11], [2, 1])
    assert (model["inter_onset_interval"], model["scale_consistency"]) == ([2], 1)
    assert model["groove_similarity"] is None  # three steps are no bar
    assert held_out["pitch_class_entropy"] == pytest.approx(2)  # four notes in the only bar


def test_identical_passages_overlap_completely() -> None:
    figures = statistics_figures(measure_statistics(passages_of([SCALE], [FALLING], model=[[SCALE[4:]]])))
    for name in ("pitch", "interval", "duration", "scale_consistency"):
        own = figures["predictors"]["model"][name]
        assert (own["overlapped_area"], own["divergence_bits"]) == (pytest.approx(1), 0)


def test_human_training_tunes_are_the_reference() -> None:
    figures = statistics_figures(measure_statistics(passages_of([SCALE], [FALLING], model=[[CHROMATIC]])))
    ceiling, model = (figures["predictors"][name] for name in (TRAINING, "model"))
    assert ceiling["pitch_class"]["overlapped_area"] == pytest.approx(1 / 4)  # G A B C, F E D C
    assert model["pitch_class"]["overlapped_area"] == 0
    assert ceiling["pitch_class"]["divergence_bits"] < model["pitch_class"]["divergence_bits"]
    assert model["scale_consistency"]["mean"] == 1  # of D flat major
    assert "mean" not in model["pitch"]


def test_silent_passages_have_no_figures() -> None:
    figures = statistics_figures(measure_statistics(passages_of([SCALE], [FALLING], model=[[[0, 128]]])))
    silent = figures["predictors"]["model"]
    assert (silent["n_passages"], silent["n_notes"]) == (1, 0)
    for feature in FEATURES:
        assert silent[feature.name]["n_passages"] == 0
        assert silent[feature.name]["overlapped_area"] is None


def test_shares_for_charts_are_complete() -> None:
    figures = statistics_figures(measure_statistics(passages_of([SCALE], [FALLING], model=[[CHROMATIC]])))
    shares = figures["shares"]["interval"]
    assert dict(zip(shares["grid"], shares[HELD_OUT], strict=True))[2] == pytest.approx(2 / 3)
