"""What the page tells of the notes and pieces of the data sets."""

import pytest

from pipeline.report.distributions import distributions
from pipeline.report.inputs import Inputs
from tests.helpers.report import rows_of

CARD = {
    "examples": {"train": {"examples": 5}},
    "steps_per_quarter": 4,
    "meters": {"4/4": 6, "none": 2},
    "distributions": {
        "pitch": [[60, 3000], [61, 1], [62, 1000]],
        "duration": [[1, 10], [4, 30]],
        "interval": [[-2, 20], [2, 12]],
        "length": [[16, 8]],
    },
}


@pytest.fixture
def body() -> str:
    eighths = {**CARD, "steps_per_quarter": 2, "meters": {"3/4": 5}}
    return distributions(Inputs({"tunes": CARD, "eighths": eighths}, [], [], {}, {})).body


def test_every_feature_is_drawn_once_for_all_data_sets(body: str) -> None:
    assert body.count("<svg") == 4
    assert "Lines: shares of every duration of notes in tunes, eighths." in body


def test_a_data_set_of_a_few_pieces_is_not_drawn() -> None:
    few = {**CARD, "examples": {"train": {"examples": 1}}}
    drawn = distributions(Inputs({"tunes": CARD, "one": few}, [], [], {}, {})).body
    assert "Lines: shares of every duration of notes in tunes." in drawn


def test_metres_are_counted_by_data_set(body: str) -> None:
    rows = rows_of(body)
    assert "data set 4/4 3/4 none, or it changes others" in rows
    assert "tunes 6 0 2 0" in rows
    assert "eighths 0 5 0 0" in rows
