"""What the page tells of likelihood by place, family and confidence."""

from dataclasses import replace

import pytest

from pipeline.report.inputs import Experiment, Inputs
from pipeline.report.likelihood import likelihood
from tests.helpers.report import rows_of, sides_of_likelihood


@pytest.fixture
def inputs() -> Inputs:
    figures = {"split": "test", **sides_of_likelihood()}
    return Inputs({}, [], [Experiment("first", {}, {}, figures, {}, (), ())], {}, {})


def test_places_families_and_calibration_are_told(inputs: Inputs) -> None:
    rows = rows_of(likelihood(inputs).body)
    assert "model " + " ".join(["2.500"] * 9) in rows
    assert "notes that begin " + " ".join(["4"] * 9) + " 0" in rows
    assert "2 or 3 7 3 2.750 2.750 2.750 2.750 2.750" in rows
    assert "n-gram with memory 0.062 0.062" in rows


def test_one_chart_of_places_and_two_of_confidence_are_drawn(inputs: Inputs) -> None:
    body = likelihood(inputs).body
    assert body.count("<svg") == 3
    assert "share of right choices by confidence, pitches of first" in body


def test_what_was_measured_on_its_training_pieces_is_left_out(inputs: Inputs) -> None:
    experiment = inputs.experiments[0]
    learned = replace(experiment, figures={**experiment.figures, "split": "train"})
    assert likelihood(replace(inputs, experiments=[learned])).body == ""
