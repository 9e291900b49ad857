"""Warnings about data sets with too few held-out pieces."""

import pytest

from pipeline.datasets.splits.held_out import warnings


@pytest.mark.parametrize(
    ("valid", "test", "expected"),
    [
        (20, 20, []),
        (100, 1, ["only 1 test piece: figures on it measure nothing"]),
        (100, 19, ["only 19 test pieces: figures on them measure nothing"]),
        (1, 20, ["only 1 valid piece: the choice of the best epoch depends on chance"]),
        (0, 20, ["no valid piece: the best epoch is chosen by the training pieces"]),
        (20, 0, ["no test piece: figures are measured on the training pieces"]),
        (0, 0, ["no piece is held out: figures are measured on the training pieces"]),
    ],
)
def test_a_small_split_gives_a_warning(valid: int, test: int, expected: list[str]) -> None:
    assert warnings({"train": 900, "valid": valid, "test": test}) == expected


def test_both_splits_may_be_small() -> None:
    assert len(warnings({"train": 15, "valid": 7, "test": 6})) == 2
