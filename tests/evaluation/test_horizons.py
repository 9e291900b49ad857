import numpy as np
import pyarrow as pa
import pytest

from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.horizons import figures_by_horizon, measure_continuations, steps_to_predict
from pipeline.models.base.examples import Example, cut_at_note

# quarters on a grid of one step a quarter: C D E F G A, cut in the middle
TUNE = cut_at_note([START, 60, 62, 64, 65, 67, 69, 71, 72, STOP], 0.5)


def rows(n: int) -> pa.Table:
    return pa.table(
        {
            "piece_id": [f"songs/{i}" for i in range(n)],
            "corpus": ["songs"] * n,
            "tune_family": [f"family {i}" for i in range(n)],
            "soft_relative": [False] * n,
            "steps_per_quarter": pa.array([1] * n, pa.int16()),
        }
    )


def tokens(*continuation: int) -> np.ndarray:
    return np.array(continuation, np.uint16)


def at(table: pa.Table, horizon: int, predictor: str) -> dict[str, object]:
    (row,) = (
        row
        for row in table.to_pylist()
        if row["horizon_quarters"] == horizon and row["predictor"] == predictor
    )
    return row


def test_the_true_continuation_scores_one_everywhere() -> None:
    table = measure_continuations({"true": [[TUNE.target]]}, rows(1), [TUNE])
    for row in table.to_pylist():
        assert (row["f1"], row["pitch_overlap"], row["edit_share"]) == (1, 1, 0)


def test_only_notes_up_to_the_horizon_count() -> None:
    # F4 is the last note of the prompt; two quarters later only G4 and A4 have begun
    continuation = tokens(67, 69, 50, 50)
    table = measure_continuations({"near": [[continuation]]}, rows(1), [TUNE])
    assert at(table, 2, "near")["f1"] == 1
    assert at(table, 4, "near")["f1"] == pytest.approx(1 / 3)  # G4 and A4 of four and four
    assert at(table, 4, "near")["edit_share"] == pytest.approx(2 / 4)


def test_samples_are_averaged_within_their_piece() -> None:
    table = measure_continuations({"drawn": [[TUNE.target, tokens(60, 60, 60, 60)]]}, rows(1), [TUNE])
    row = at(table, 4, "drawn")
    assert (row["n_samples"], row["n_undefined"]) == (2, 0)
    assert row["f1"] == pytest.approx(1 / 2)


def test_a_continuation_of_one_note_is_undefined_and_counted() -> None:
    held = tokens(67, 195, 195, 195)
    table = measure_continuations({"held": [[held]]}, rows(1), [TUNE])
    row = at(table, 10, "held")
    assert (row["f1"], row["n_undefined"]) == (None, 1)
    assert row["pitch_overlap"] == pytest.approx(1 / 4)
    assert figures_by_horizon(table, seed=1)["held"]["10"]["f1"] is None


def test_figures_are_means_over_pieces_with_intervals() -> None:
    continuation = {"half": [[TUNE.target], [tokens(60, 60, 60, 60)]]}
    table = measure_continuations(continuation, rows(2), [TUNE, TUNE])
    got = figures_by_horizon(table, seed=1)["half"]["10"]
    assert (got["n_pieces"], got["n_undefined"], got["f1"]) == (2, 0, pytest.approx(1 / 2))
    assert (got["f1_interval"]["low"], got["f1_interval"]["high"]) == (0, 1)


def test_continuations_reach_the_last_horizon() -> None:
    # the prompt's last note begins 2 steps before the cut: 10 quarters of 2 steps later is step 18 after it
    held: Example = cut_at_note([START, 60, 62, 190, 64, 65, STOP], 0.5)
    assert steps_to_predict(held, 2) == 10 * 2 - 2 + 1
