import numpy as np
import pytest

from pipeline.evaluation.novelty import Training, measure_novelty, nearest_tunes, novelty_figures
from pipeline.evaluation.passages import HELD_OUT, TRAINING
from pipeline.evaluation.samples import Sample
from tests.helpers.passages import SCALE, passages_of, pieces

# a minor arpeggio up and down, in no way like a scale
ARPEGGIO = [57, 60, 64, 69, 72, 69, 64, 60, 57, 60]


def training(*trained_on: list[int]) -> Training:
    return Training.of(*pieces(*trained_on, name="training"))


def measured(
    tunes: list[list[int]], trained_on: list[list[int]], **continuations: list[list[list[int]]]
) -> dict[str, dict]:
    table = measure_novelty(passages_of(tunes, trained_on, **continuations), training(*trained_on))
    return {row["predictor"]: row for row in table.to_pylist()}


def test_a_passage_copied_from_training_is_found_with_its_tune() -> None:
    # the scale continues as in the second training tune
    found = measured([ARPEGGIO], [ARPEGGIO[::-1], SCALE], model=[[[62, 64, 65, 67, 69, 71]]])["model"]
    assert (found["longest"], found["nearest"], found["nearest_title"]) == (5, "training/2", "The training/2")
    assert (found["inside_4"], found["inside_shared_4"]) == (2, 2)
    assert (found["runs_4"], found["shared_4"]) == (6, 2)


def test_repeating_the_prompt_is_no_copy_of_another_tune() -> None:
    again = measured([ARPEGGIO], [ARPEGGIO, SCALE], model=[[[*ARPEGGIO[:5]]]])["model"]
    assert again["longest_in_prompt"] == 4
    assert again["in_prompt_4"] == again["shared_4"] == 1
    assert (again["copied_4"], again["longest_copied"]) == (0, 0)


def test_human_held_out_tunes_are_measured_too() -> None:
    found = measured([SCALE], [[62, 64, 66, 67, 69]], model=[[[60]]])
    assert found[HELD_OUT]["longest"] == 4  # a major scale up to its fifth
    assert found[HELD_OUT]["shared_4"] == 1


def test_a_training_tune_is_looked_up_only_in_the_others() -> None:
    alone = measured([SCALE], [ARPEGGIO], model=[[[60]]])[TRAINING]
    assert (alone["longest"], alone["nearest"]) == (0, None)
    twice = measured([SCALE], [ARPEGGIO, ARPEGGIO], model=[[[60], [60]]])[TRAINING]
    assert twice["longest"] == len(ARPEGGIO) - 1


def test_shares_are_sums_divided_once() -> None:
    continuations = passages_of([SCALE, ARPEGGIO], [SCALE], model=[[SCALE[4:]], [[58, 61]]])
    table = measure_novelty(continuations, training(SCALE))
    four = novelty_figures(table, seed=1)["predictors"]["model"]["n_grams"]["4"]
    # all four runs of the scale, none of the two that follow the arpeggio
    assert (four["runs"], four["shared"]["value"]) == (6, pytest.approx(4 / 6))
    assert (four["shared"]["low"], four["shared"]["high"]) == (0, 1)
    assert (four["inside"], four["inside_shared"]) == (0, None)


def test_the_nearest_tune_of_every_written_sample_is_named() -> None:
    rows, (example,) = pieces(SCALE)
    endings = {"greedy": np.array(SCALE[4:], np.uint16), "sampled": np.array([66, 67], np.uint16)}
    found = nearest_tunes([Sample(rows.to_pylist()[0], example, endings)], training(ARPEGGIO, SCALE))
    assert [(row["decoding"], row["longest"], row["nearest"]) for row in found] == [
        ("greedy", 7, "training/2"),
        ("sampled", 1, "training/2"),
    ]
    assert found[0]["title"] == "The tune/1"
