"""The vocabulary of time signatures, and its embedding."""

import pytest
import torch

from pipeline.models.base.layers.positions import MeterEmbedding
from pipeline.models.base.meters import BEATS, N_METERS, UNKNOWN, meter_number


def test_every_time_signature_has_its_own_number() -> None:
    numbers = [meter_number(f"{n}/{d}") for d in (1, 2, 4, 8, 16, 32) for n in range(1, 25)]
    assert numbers == list(range(1, N_METERS))
    assert len(BEATS) == N_METERS


@pytest.mark.parametrize("meter", [None, "", "0/4", "25/4", "4/3", "4/64", "common"])
def test_others_are_unknown(meter: str | None) -> None:
    assert meter_number(meter) == UNKNOWN


def beat_rows(meter: str, steps_per_bar: int, steps: list[int]) -> list[int]:
    """The rows of the table of positions in the beat that the steps get; 0 is unknown."""
    layer = MeterEmbedding(1)
    with torch.no_grad():
        layer.meter.weight.zero_()
        layer.step_in_beat.weight.copy_(torch.arange(len(layer.step_in_beat.weight))[:, None])
    numbers = torch.tensor([meter_number(meter)])
    rows = layer(torch.tensor([steps]), torch.tensor([steps_per_bar]), numbers)
    return [int(row) for row in rows.flatten().tolist()]


def test_a_beat_of_six_eight_has_three_eighths_and_one_of_three_four_two() -> None:
    steps = [0, 1, 2, 3, 4, 5]
    assert beat_rows("6/8", 6, steps) == [1, 2, 3, 1, 2, 3]
    assert beat_rows("3/4", 6, steps) == [1, 2, 1, 2, 1, 2]


def test_a_position_in_the_beat_is_unknown_where_bar_or_beat_is_no_number_of_steps() -> None:
    assert beat_rows("3/4", 6, [-1, 0]) == [0, 1]
    assert beat_rows("6/8", 3, [0, 1]) == [0, 0]
    assert beat_rows("4/4", 0, [0, 1]) == [0, 0]
    assert beat_rows("5/3", 5, [0, 1]) == [0, 0]
