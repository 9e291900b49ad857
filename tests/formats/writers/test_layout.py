"""The layout of a row: its bars, time signature and key; and layouts that notation cannot show."""

from typing import Any

import pytest

from pipeline.errors import PipelineError
from pipeline.formats.writers.layout import Layout, layout_of


def row(**columns: Any) -> dict[str, Any]:
    known = {"piece_id": "songs/1", "title": "A Song", "steps_per_quarter": 2, "steps_per_bar": 6}
    return {**known, "step_in_bar": [*range(6)] * 2, "key_fifths": 0, "key_mode": "major", **columns}


@pytest.mark.parametrize(
    ("meter", "steps_per_bar", "expected"),
    [
        ("6/8", 6, (6, 8)),
        ("3/4", 6, (3, 4)),
        ("12/8", 12, (12, 8)),
        ("3/2", 12, (3, 2)),
        ("2/2", 8, (2, 2)),
        ("2/1", 16, (2, 1)),
        (None, 6, (3, 4)),
        ("4/4", 6, (3, 4)),
        ("6/7", 6, (3, 4)),
        (None, None, None),
        ("3/16", None, None),
    ],
)
def test_the_time_signature_is_that_of_the_source(
    meter: str | None, steps_per_bar: int | None, expected: tuple[int, int] | None
) -> None:
    assert layout_of(row(meter=meter, steps_per_bar=steps_per_bar), None).meter == expected


def test_a_row_without_the_column_has_the_time_signature_of_its_bars() -> None:
    assert layout_of(row(), None).meter == (3, 4)


def test_regular_bars_need_no_list() -> None:
    layout = layout_of(row(step_in_bar=[4, 5, *range(6), *range(6), 0]), None)
    assert (layout.first_bar, layout.bar_lines, layout.upbeat(15)) == (2, (), 2)
    assert layout.bars(15) == [0, 2, 8, 14, 15]
    assert layout.bars(22) == [0, 2, 8, 14, 20, 22]


def test_bars_of_other_lengths_stay_where_the_source_has_them() -> None:
    layout = layout_of(row(step_in_bar=[5, *range(6), *range(3), *range(6)]), None)
    assert layout.bars(16) == [0, 1, 7, 10, 16]
    assert layout.bars(30) == [0, 1, 7, 10, 16, 22, 28, 30]
    assert layout.regular_from(7).bars(16) == [0, 1, 7, 13, 16]


def test_bars_without_a_meter_stay_where_the_source_has_them() -> None:
    places = [*range(6), *range(4), *range(6)]
    layout = layout_of(row(steps_per_bar=None, step_in_bar=places), None)
    assert (layout.meter, layout.upbeat(16), layout.bars(16)) == (None, 0, [0, 6, 10, 16])


def test_a_first_bar_line_that_comes_late_ends_regular_bars() -> None:
    layout = layout_of(row(step_in_bar=[*range(4, 18), *range(6)]), None)
    assert layout.bars(20) == [0, 2, 8, 14, 20]


def test_the_key_used_is_the_key_shown() -> None:
    minor = layout_of(row(key_fifths=3, tonic_pc=9, mode_used="minor"), None)
    assert (minor.key_fifths, minor.key_mode) == (0, "minor")
    unknown = layout_of(row(key_fifths=None, key_mode=""), None)
    assert (unknown.key_fifths, unknown.key_mode) == (None, "")


def test_bars_that_no_time_signature_has_are_left_out_of_a_row() -> None:
    layout = layout_of(row(steps_per_bar=30_000, step_in_bar=[0, 1, 2]), None)
    assert (layout.meter, layout.bars(10)) == (None, [0, 8, 10])


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"steps_per_bar": 4_000_000}, "bars of 4,000,000 steps at 4 steps per quarter: .* 1 to 128 beats"),
        ({"steps_per_bar": 0}, "bars of 0 steps"),
        ({"steps_per_bar": -4}, "bars of -4 steps"),
        ({"steps_per_bar": 1, "steps_per_quarter": 64}, "a 1/64 note or longer"),
        ({"steps_per_quarter": 100}, "100 steps per quarter"),
        ({"time_signature": "6/7", "steps_per_bar": 12}, "time signature '6/7': two numbers are expected"),
        ({"time_signature": "6/8", "steps_per_bar": 16}, "bars have 12 steps; .* found 16"),
        ({"time_signature": "3/8", "steps_per_quarter": 1}, "bars have 3/2 steps; .* found None"),
        ({"first_bar": 16}, "an anacrusis of 16 steps: it must be shorter than a bar of 16"),
        ({"first_bar": -1}, "an anacrusis of -1 steps"),
        ({"bar_lines": (4, 4)}, r"bar lines at steps \[4, 4\]"),
        ({"bar_lines": (0, 4)}, r"bar lines at steps \[0, 4\]"),
        ({"key_fifths": 8}, "a key signature of 8 fifths"),
        ({"key_mode": "moll"}, "mode 'moll': a score allows lydian, major"),
    ],
)
def test_layouts_that_notation_cannot_show_are_refused(facts: dict[str, Any], error: str) -> None:
    with pytest.raises(PipelineError, match=error):
        Layout(**{"steps_per_quarter": 4, **facts})
