"""Overlapping notes: legato is a line of single notes, a held higher note covers lower notes."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.settings import parse_section
from pipeline.datasets.quantize import QuantizeSettings, quantize
from tests.helpers.notes_text import columns_of, ticks, tune
from tests.helpers.random_music import GRIDS, exhaustive

Timed = tuple[int, int, int]  # onset and end in ticks, MIDI note number

PLAIN = {
    "parts": {"default": ["top"]},
    "steps_per_quarter": 4,
    "chords": "top",
    "rests": "symbol",
    "edge_silence": "keep",
}


def notes_of(played: list[Timed]) -> pa.Table:
    ordered = sorted(played, key=lambda note: (note[0], -note[2]))
    end = max(end for _, end, _ in played)
    return tune("", **columns_of([(a, b - a, pitch, False) for a, b, pitch in ordered], end))


def row_of(played: list[Timed], **changes: Any) -> dict[str, Any]:
    (row,) = quantize(
        notes_of(played), parse_section(QuantizeSettings, {**PLAIN, **changes}, "quantize")
    ).grids.to_pylist()
    return dict(row)


def onsets(row: dict[str, Any]) -> list[tuple[int, int]]:
    """Step and pitch of every note of a grid of one voice."""
    cells = zip(row["pitch"], row["tied"], strict=True)
    return [(step, pitch) for step, (pitch, tied) in enumerate(cells) if pitch and not tied]


def at(onset: str, end: str, pitch: int) -> Timed:
    return ticks(onset), ticks(end), pitch


@pytest.mark.parametrize("pitches", [(72, 71, 69), (60, 62, 64), (60, 60, 60)])
def test_a_legato_overlap_deletes_no_note_whatever_the_direction(pitches: tuple[int, int, int]) -> None:
    first, second, third = pitches
    row = row_of([at("0", "49/48", first), at("1", "97/48", second), at("2", "3", third)])
    assert onsets(row) == [(0, first), (4, second), (8, third)]
    assert (row["n_covered"], row["n_collapsed"], row["n_moved"]) == (0, 0, 0)


def test_a_lower_note_under_one_that_still_sounds_on_the_grid_is_covered() -> None:
    row = row_of([at("0", "5/4", 72), at("1", "2", 71), at("2", "3", 69)])
    assert (onsets(row), row["n_covered"]) == ([(0, 72), (8, 69)], 1)


def test_the_grid_decides_whether_a_note_still_sounds() -> None:
    played = [at("0", "9/8", 72), at("1", "2", 71)]
    assert onsets(row_of(played, steps_per_quarter=2)) == [(0, 72), (2, 71)]
    assert onsets(row_of(played, steps_per_quarter=8)) == [(0, 72)]


def test_an_overlap_over_the_middle_of_a_step_is_legato() -> None:
    row = row_of([at("0", "17/16", 72), (ticks("17/16") - 1500, ticks("3"), 71)], steps_per_quarter=1)
    assert onsets(row) == [(0, 72), (1, 71)]
    middle = ticks("1/2")
    row = row_of([(0, middle + 1, 72), (middle - 1, ticks("2"), 71)], steps_per_quarter=1)
    assert onsets(row) == [(0, 71)]
    row = row_of(
        [(0, ticks("1") + middle + 1, 72), (ticks("1") + middle - 1, ticks("3"), 71)], steps_per_quarter=1
    )
    assert onsets(row) == [(0, 72), (1, 71)]


def test_the_highest_note_of_a_short_chord_that_is_not_quite_together_is_kept() -> None:
    row = row_of([(0, 1000, 72), (100, 1100, 67), (200, 1200, 64), at("1", "2", 71)])
    assert (onsets(row), row["n_covered"]) == ([(0, 72), (4, 71)], 2)


def test_a_short_note_before_a_long_lower_one_on_its_step_gives_way() -> None:
    row = row_of([(0, 800, 72), (600, ticks("1"), 71)])
    assert (onsets(row), row["n_covered"], row["n_collapsed"]) == ([(0, 71)], 0, 1)


def test_legato_is_no_chord() -> None:
    played = [at("0", "49/48", 72), at("1", "2", 71), at("2", "3", 74)]
    assert onsets(row_of(played, chords="reject")) == [(0, 72), (4, 71), (8, 74)]
    two = row_of(played, chords="voices", parts={"default": ["top", "top"]})
    assert two["pitch"][::2] == [72] * 4 + [71] * 4 + [74] * 4
    assert set(two["pitch"][1::2]) == {0}


def test_legato_voices_stay_in_their_voices() -> None:
    upper = [at("0", "49/48", 72), at("1", "2", 74)]
    lower = [at("0", "49/48", 60), at("1", "2", 59)]
    row = row_of(upper + lower, chords="voices", parts={"default": ["top", "top"]})
    assert (row["pitch"][::8], row["pitch"][1::8]) == ([72, 74], [60, 59])


words = st.tuples(st.integers(0, 3), st.integers(1, 6), st.integers(1, 127))


@st.composite
def lines_on_a_grid(draw: st.DrawFn) -> tuple[int, list[Timed], list[Timed]]:
    """Steps per quarter, a line that fits them exactly, and the same with each note longer or shorter."""
    quarter = draw(st.sampled_from(GRIDS))
    unit = TICKS_PER_QUARTER // quarter
    now, exact, played = 0, [], []
    for rest, length, pitch in draw(st.lists(words, min_size=1, max_size=12)):
        onset, end = (now + rest) * unit, (now + rest + length) * unit
        now += rest + length
        legato = st.integers(end, end + (unit - 1) // 2)
        staccato = st.integers(onset + 1, end)
        exact.append((onset, end, pitch))
        played.append((onset, draw(legato | staccato), pitch))
    return quarter, exact, played


@exhaustive
@given(lines_on_a_grid())
def test_a_line_played_legato_or_staccato_keeps_every_note_of_the_exact_line(
    line: tuple[int, list[Timed], list[Timed]],
) -> None:
    quarter, exact, played = line
    for chords in ("top", "reject"):
        row = row_of(played, steps_per_quarter=quarter, chords=chords)
        assert onsets(row) == onsets(row_of(exact, steps_per_quarter=quarter))
        assert (row["n_covered"], row["n_collapsed"]) == (0, 0)


@st.composite
def lines_off_the_grid(draw: st.DrawFn) -> tuple[int, list[Timed], list[Timed]]:
    """Steps per quarter, a line without rests at any ticks, and the same with short overlaps."""
    quarter = draw(st.sampled_from(GRIDS))
    half = (TICKS_PER_QUARTER // quarter - 1) // 2
    longest = 3 * TICKS_PER_QUARTER // quarter
    notes = draw(st.lists(st.tuples(st.integers(2, longest), st.integers(1, 127)), min_size=2, max_size=12))
    now, exact, played = 0, [], []
    for number, (length, pitch) in enumerate(notes):
        following = notes[number + 1][0] if number + 1 < len(notes) else 0
        overlap = draw(st.integers(0, max(min(half, (following - 1) // 2), 0)))
        exact.append((now, now + length, pitch))
        played.append((now, now + length + overlap, pitch))
        now += length
    return quarter, exact, played


@exhaustive
@given(lines_off_the_grid())
def test_a_legato_line_gives_the_grid_of_the_exact_line_wherever_its_notes_are(
    line: tuple[int, list[Timed], list[Timed]],
) -> None:
    quarter, exact, played = line
    assert row_of(played, steps_per_quarter=quarter) == row_of(exact, steps_per_quarter=quarter)
