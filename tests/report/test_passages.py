"""What the page tells of music statistics and of novelty."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.report.inputs import Experiment, Inputs
from pipeline.report.novelty import novelty
from pipeline.report.statistics import statistics
from tests.helpers.passages import figures_of_passages
from tests.helpers.report import rows_of


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    figures: dict[str, Any] = figures_of_passages()
    return Inputs({}, [], [Experiment("first", {}, {}, {"split": "test", **figures}, {}, (), ())], {}, {})


def test_model_and_training_tunes_are_compared_with_held_out_tunes(inputs: Inputs) -> None:
    # the true tune ends F E D C, the training tune G A B C D, and the model says D E F G A B
    areas = rows_of(statistics(inputs).body)
    assert "people, training tunes 1 0.000 0.400 0.000 1.000 1.000 1.000 1.000" in areas
    assert "model 1 0.500 0.500 0.000 1.000 1.000 1.000 1.000" in areas


def test_histograms_are_drawn(inputs: Inputs) -> None:
    body = statistics(inputs).body
    assert body.count("<svg") == 2
    assert "Lines: share of every interval in people, held-out tunes" in body


def test_the_share_of_runs_stands_beside_that_of_people(inputs: Inputs) -> None:
    rows = rows_of(novelty(inputs).body)
    # two of six runs of four intervals; the held-out tune falls where the training tune rises
    assert "model 1 5.000 5 0.333 0.000 0.000" in rows
    assert "people, held-out tunes 1 0.000 0 0.000 0.000" in rows


def test_where_no_run_is_so_long_it_is_said(inputs: Inputs) -> None:
    assert "the model shares nothing (none is so long)" in novelty(inputs).body


def test_the_nearest_tune_is_named_by_title_and_id(inputs: Inputs) -> None:
    body = novelty(inputs).body
    assert "The heard/1 (heard/1)" in body
    assert "The tune/1 (tune/1)" in body


def test_it_is_stated_that_tunes_of_the_initial_weights_are_not_searched(inputs: Inputs) -> None:
    tuned = replace(inputs.experiments[0], settings={"init_from": "melodies"})
    body = novelty(replace(inputs, experiments=[tuned])).body
    assert "The training tunes of melodies are not searched" in body
    assert "are not searched" not in novelty(inputs).body
