"""Grids from annotated beats."""

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.settings import parse_section
from pipeline.datasets.quantize import Quantized, QuantizeSettings, quantize
from tests.helpers.notes_text import notes_table, ticks, tune
from tests.helpers.performances import LEAD_IN, TUNES, played, tune_text
from tests.helpers.sections import QUANTIZE

KINDS = st.sampled_from(list(TUNES))
SEEDS = st.integers(0, 10**6)
TEXT = "60:1 62:1/2 64:1/2 65:1 67:1 " * 4
BARS = {"meters": [{"onset": 0, "numerator": 3, "denominator": 4}], "bar_onsets": [0, ticks("3")]}


def quantized(*rows: dict[str, Any], quarter: int = 4, **changes: Any) -> Quantized:
    section = {**QUANTIZE, "steps_per_quarter": quarter, "grid": "beats", **changes}
    return quantize(notes_table(*rows), parse_section(QuantizeSettings, section, "quantize"))


def the_grid(row: dict[str, Any], quarter: int = 4, **changes: Any) -> dict[str, Any]:
    (grid,) = quantized(row, quarter=quarter, **changes).grids.to_pylist()
    return dict(grid)


def at_beats(beats: Sequence[int]) -> Callable[[int], int]:
    """A performance with quarter n at the n-th beat, and constant tempo between beats."""

    def change(time: int) -> int:
        n = min(time // ticks("1"), len(beats) - 2)
        rest = Fraction(time - n * ticks("1"), ticks("1"))
        return beats[n] + round(rest * (beats[n + 1] - beats[n]))

    return change


def annotated(beats: Sequence[int], bar: int = 0, upbeat: int = 0) -> list[dict[str, Any]]:
    """The column ``beats`` for a performance; a downbeat every ``bar`` beats after the upbeat."""
    return [
        {"onset": LEAD_IN + beat, "downbeat": bool(bar) and n % bar == upbeat} for n, beat in enumerate(beats)
    ]


def constant(length: int, n: int = 40) -> list[int]:
    return [length * k for k in range(n)]


@given(KINDS, SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_tune_at_any_tempo_curve_has_the_grid_of_the_exact_one(kind: str, seed: int) -> None:
    quarter, text = tune_text(kind)
    exact = the_grid(tune(text).to_pylist()[0], quarter, grid="score")
    dice = random.Random(seed)
    beats = [0]
    while len(beats) < 120:
        beats.append(beats[-1] + dice.randint(ticks("1/3"), ticks("3")))
    found = the_grid(played(text, at_beats(beats), beats=annotated(beats)), quarter)
    assert found["grid_method"] == "beats"
    assert (found["pitch"], found["tied"]) == (exact["pitch"], exact["tied"])
    assert found["n_moved"] == 0


def test_notes_before_and_after_the_beats_continue_the_nearest_tempo() -> None:
    beats = constant(ticks("5/4"))
    exact = the_grid(tune(TEXT).to_pylist()[0], grid="score")
    found = the_grid(played(TEXT, at_beats(beats), beats=annotated(beats)[3:10]))
    assert (found["pitch"], found["tied"]) == (exact["pitch"], exact["tied"])


def test_bars_come_from_the_downbeats() -> None:
    beats = constant(ticks("7/6"))
    found = the_grid(played(TEXT, at_beats(beats), beats=annotated(beats, bar=3, upbeat=1), **BARS))
    assert (found["meter"], found["steps_per_bar"]) == ("3/4", 12)
    assert found["step_in_bar"] == [(8 + n) % 12 for n in range(found["n_steps"])]


def test_bars_continue_where_no_beat_is_annotated() -> None:
    beats = constant(ticks("7/6"))
    found = the_grid(played(TEXT, at_beats(beats), beats=annotated(beats, bar=2)[5:12]))
    assert found["step_in_bar"] == [n % 8 for n in range(found["n_steps"])]


def test_bars_of_the_file_do_not_apply_to_beats_without_downbeats() -> None:
    beats = constant(ticks("7/6"))
    found = the_grid(played(TEXT, at_beats(beats), beats=annotated(beats), **BARS))
    assert (found["meter"], found["steps_per_bar"], found["step_in_bar"]) == (None, None, None)


def test_bars_of_different_lengths_are_no_time_signature() -> None:
    beats = constant(ticks("1"))
    marked = annotated(beats)
    for n in (0, 4, 7, 11):
        marked[n]["downbeat"] = True
    found = the_grid(played(TEXT, at_beats(beats), beats=marked))
    assert (found["meter"], found["steps_per_bar"]) == (None, None)
    assert [n for n, step in enumerate(found["step_in_bar"]) if step == 0] == [0, 16, 28, 44]


def test_a_piece_without_beats_is_rejected_and_the_others_are_kept() -> None:
    beats = constant(ticks("1"))
    rows = [
        {**played(TEXT, at_beats(beats), beats=own), "piece_id": f"songs/{name}"}
        for name, own in (("a", None), ("b", annotated(beats)), ("c", annotated(beats)[:1]))
    ]
    made = quantized(*rows)
    assert made.kept == ["songs/b"]
    assert [(each.piece_id, each.rule) for each in made.rejections] == [
        ("songs/a", "no_beats"),
        ("songs/c", "no_beats"),
    ]


def test_beats_that_end_long_before_the_tune_are_rejected() -> None:
    beats = constant(ticks("1"))
    for n, n_outside in ((9, 0), (6, 3)):  # the last onsets are at 13, 13 1/2, 14 and 15 quarters
        made = quantized(played(TEXT, at_beats(beats), beats=annotated(beats)[:n]))
        assert [(each.rule, each.value) for each in made.rejections] == [("beats_too_short", n_outside)] * (
            n_outside > 0
        )


def test_beats_change_nothing_unless_the_grid_uses_them() -> None:
    beats = constant(ticks("1"), n=20)
    row = played(TEXT, at_beats(beats))
    for grid in ("auto", "score", "shift", "estimate"):
        assert the_grid({**row, "beats": annotated(beats, bar=4)}, grid=grid) == the_grid(row, grid=grid)


def test_the_row_describes_the_beats() -> None:
    beats = constant(ticks("5/4"))
    found = the_grid(played(TEXT, at_beats(beats), beats=annotated(beats)))
    assert (found["grid_shift"], found["grid_period"], found["error_after"]) == (LEAD_IN, "3150", 0.0)
    assert found["error_before"] > 0.05
