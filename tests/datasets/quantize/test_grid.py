"""The grid of displaced files and performances."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.settings import parse_section
from pipeline.datasets.quantize import QuantizeSettings, quantize
from tests.helpers.notes_text import notes_table, ticks, tune
from tests.helpers.performances import TUNES, displaced, played, stretched, tune_text, uneven
from tests.helpers.sections import QUANTIZE

KINDS = st.sampled_from(list(TUNES))
SEEDS = st.integers(0, 10**6)
RATIOS = st.integers(810, 1230).map(lambda n: Fraction(n, 997))  # no ratio that a score could write
STEP = ticks("1/4")


def gridded(row: dict[str, Any], quarter: int, **changes: Any) -> dict[str, Any]:
    """The grid of one piece."""
    section = {**QUANTIZE, "steps_per_quarter": quarter, **changes}
    (grid,) = quantize(
        notes_table(row), parse_section(QuantizeSettings, section, "quantize")
    ).grids.to_pylist()
    return dict(grid)


def score_of(kind: str) -> tuple[int, str, dict[str, Any]]:
    """Steps per quarter, text and grid of an exact tune."""
    quarter, text = tune_text(kind)
    return quarter, text, gridded(tune(text).to_pylist()[0], quarter)


def same(found: dict[str, Any], exact: dict[str, Any]) -> bool:
    return all(found[name] == exact[name] for name in ("pitch", "tied"))


def noticed(found: dict[str, Any]) -> bool:
    """Whether the row is flagged as uncertain, so that the default filter rejects it."""
    return bool(found["n_moved"] > 0.1 * found["n_notes"])


@pytest.mark.parametrize("kind", TUNES)
def test_exact_tunes_are_left_as_they_are(kind: str) -> None:
    grid = score_of(kind)[2]
    assert (grid["grid_method"], grid["grid_shift"], grid["error_after"]) == ("score", 0, 0.0)
    assert grid["grid_period"] == str(Fraction(ticks("1"), grid["steps_per_quarter"]))


@given(KINDS, st.integers(0, ticks("2")), st.sampled_from(["1/10", "1/5", "1/4"]), SEEDS)
@settings(max_examples=15, deadline=None)
def test_a_displaced_uneven_tune_has_the_grid_of_the_exact_one(
    kind: str, shift: int, jitter: str, seed: int
) -> None:
    quarter, text, exact = score_of(kind)
    unevenness = int(Fraction(jitter) * ticks(Fraction(1, quarter)))
    found = gridded(played(text, uneven(displaced(shift), unevenness, seed)), quarter)
    assert found["grid_method"] in ("score", "shift")
    assert same(found, exact)


@given(KINDS, RATIOS, st.integers(0, 5000), st.sampled_from(["0", "1/20", "1/10"]), SEEDS)
@settings(max_examples=15, deadline=None)
def test_a_tune_at_another_tempo_has_the_grid_of_the_exact_one(
    kind: str, ratio: Fraction, shift: int, jitter: str, seed: int
) -> None:
    quarter, text, exact = score_of(kind)
    unevenness = int(Fraction(jitter) * ratio * ticks(Fraction(1, quarter)))
    found = gridded(played(text, uneven(stretched(ratio, shift), unevenness, seed)), quarter)
    assert same(found, exact)
    near = Fraction(found["grid_period"]) / (ratio * ticks(Fraction(1, quarter)))
    assert abs(near - 1) < Fraction(1, 100)


@given(KINDS, RATIOS, st.integers(2, 6), SEEDS)
@settings(max_examples=15, deadline=None)
def test_a_wrong_grid_is_always_flagged(kind: str, ratio: Fraction, tenths: int, seed: int) -> None:
    quarter, text, exact = score_of(kind)
    unevenness = int(tenths * ratio * ticks(Fraction(1, quarter)) / 10)
    found = gridded(played(text, uneven(stretched(ratio), unevenness, seed)), quarter)
    assert same(found, exact) or noticed(found)


def test_the_row_describes_the_grid_found() -> None:
    quarter, text = tune_text("dotted")
    found = gridded(played(text, displaced(700)), quarter)
    assert (found["grid_method"], found["grid_shift"], found["grid_period"]) == ("shift", 700, "2520")
    assert (found["error_before"], found["error_after"]) == (pytest.approx(700 / 2520), 0.0)


def test_a_displacement_that_changes_within_the_piece_is_followed() -> None:
    quarter, text, exact = score_of("dotted")
    found = gridded(played(text, lambda time: time + (500 if time < ticks("24") else 1500)), quarter)
    assert (found["grid_sections"], found["grid_shift"], found["n_moved"]) == (2, 500, 0)
    assert same(found, exact)


def test_a_displacement_of_a_tenth_of_a_step_is_ignored() -> None:
    quarter, text = tune_text("dotted")
    assert gridded(played(text, displaced(STEP // 10)), quarter)["grid_method"] == "score"


def test_triplets_at_the_tempo_of_the_file_are_no_other_tempo() -> None:
    _, text = tune_text("triplets")
    for change in (displaced(0), displaced(611)):
        found = gridded(played(text, change), 4)
        assert found["grid_method"] != "estimate"
        assert noticed(found)


def test_half_a_step_between_known_bar_lines_is_a_rhythm() -> None:
    text = "60:1 62:1 64:1 65:1 " * 6
    barred = {"meters": [{"onset": 0, "numerator": 2, "denominator": 4}], "bar_onsets": [0, ticks("2")]}
    late = displaced(ticks("1/2"))
    assert gridded(played(text, late, **barred), 1)["grid_method"] == "score"
    assert gridded(played(text, late), 1)["grid_method"] == "shift"


@pytest.mark.parametrize("share", ["3/5", "13/20", "2/3"])
def test_swing_is_not_straightened(share: str) -> None:
    text = f"60:{share} 62:{1 - Fraction(share)} " * 30
    assert noticed(gridded(played(text, uneven(displaced(333), 60, seed=1)), 4))


def test_a_tempo_that_drifts_is_not_found() -> None:
    quarter, text = tune_text("dotted")
    slowing = gridded(played(text, lambda time: time + time * time // ticks("200")), quarter)
    assert slowing["grid_method"] == "unknown"
    assert slowing["error_after"] == slowing["error_before"]
    assert noticed(slowing)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_too_few_notes_show_no_grid(n: int) -> None:
    found = gridded(played("60:1 62:1 64:1/2 " * 3, displaced(777)), 4)
    assert found["grid_method"] == "shift"
    words = " ".join(("60:1 62:1 64:1/2 " * 3).split()[:n])
    few = gridded(played(words, displaced(777)), 4)
    assert (few["grid_method"], few["grid_shift"]) == ("unknown", 0)


@pytest.mark.parametrize(
    ("grid", "method"), [("score", "score"), ("shift", "unknown"), ("estimate", "estimate")]
)
def test_the_setting_limits_what_is_looked_for(grid: str, method: str) -> None:
    quarter, text = tune_text("dotted")
    assert gridded(played(text, stretched(Fraction(1071, 997))), quarter, grid=grid)["grid_method"] == method


def test_bars_stay_with_a_shift_and_are_unknown_at_another_tempo() -> None:
    quarter, text = tune_text("6/8")
    bars = [ticks("3") * n for n in range(40)]
    barred = {"meters": [{"onset": 0, "numerator": 6, "denominator": 8}], "bar_onsets": bars}
    shifted = gridded(played(text, displaced(500), **barred), quarter)
    assert (shifted["meter"], shifted["steps_per_bar"]) == ("6/8", 12)
    assert shifted["step_in_bar"][:14] == [*((8 + n) % 12 for n in range(14))]
    other = gridded(played(text, stretched(Fraction(1071, 997)), **barred), quarter)
    assert (other["meter"], other["steps_per_bar"], other["step_in_bar"]) == (None, None, None)


def test_bars_are_unknown_where_the_shift_grows_beyond_half_a_step() -> None:
    quarter, text, exact = score_of("6/8")
    bars = [ticks("3") * n for n in range(40)]
    barred = {"meters": [{"onset": 0, "numerator": 6, "denominator": 8}], "bar_onsets": bars}
    found = gridded(
        played(text, lambda time: time + (600 if time < ticks("24") else 1600), **barred), quarter
    )
    assert (found["grid_sections"], found["meter"], found["step_in_bar"]) == (2, None, None)
    assert same(found, exact)


def test_a_note_within_the_tolerance_is_not_moved() -> None:
    text = "60:1/4 62:119/480 64:1/4 65:121/480 67:1/4"
    row = tune(text).to_pylist()[0]
    assert gridded(row, 4)["n_moved"] == 0
    assert gridded(row, 4, move_tolerance=0.0)["n_moved"] == 3


def test_a_triplet_is_moved_on_a_grid_of_sixteenths() -> None:
    row = tune("60:1/3 62:1/3 64:1/3 65:1").to_pylist()[0]
    assert gridded(row, 4)["n_moved"] == 3


def test_ends_from_articulation_are_counted_separately() -> None:
    row = gridded(tune("60:107/128 r:21/128 62:75/128 r:53/128 " * 4).to_pylist()[0], 4)
    assert (row["n_moved"], row["n_ends_moved"]) == (0, 8)


def test_ends_that_a_score_writes_are_moved_notes() -> None:
    row = gridded(tune("60:2/3 r:1/3 62:2/3 r:1/3 64:1").to_pylist()[0], 4)
    assert (row["n_moved"], row["n_ends_moved"]) == (2, 0)
