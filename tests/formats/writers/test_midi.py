"""Events of written MIDI files: time signatures with the upbeat, and keys."""

import pytest

from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers.layout import Layout
from pipeline.formats.writers.midi import TICKS_PER_STEP, as_midi

TIME_SIGNATURE, KEY_SIGNATURE = 0x58, 0x59


def events(content: bytes, kind: int) -> list[tuple[int, tuple[int, ...]]]:
    """(step, data) of the meta events of a kind in the first track."""
    place = content.index(b"MTrk") + 8
    now, found = 0, []
    while True:
        wait = 0
        while content[place] & 0x80:
            wait, place = (wait << 7) + (content[place] & 0x7F), place + 1
        wait, place = (wait << 7) + content[place], place + 1
        now += wait
        assert content[place] == 0xFF, "the first track holds meta events alone"
        this, length = content[place + 1], content[place + 2]
        if this == kind:
            found.append((now // TICKS_PER_STEP, tuple(content[place + 3 : place + 3 + length])))
        if this == 0x2F:
            return found
        place += 3 + length


def signatures(layout: Layout, n_steps: int) -> list[tuple[int, str]]:
    """Time signatures as (step, "3/4")."""
    grid = decode([START, *[60] * n_steps, STOP], 1)
    found = events(as_midi(grid, layout), TIME_SIGNATURE)
    return [(step, f"{data[0]}/{1 << data[1]}") for step, data in found]


@pytest.mark.parametrize(
    ("signature", "steps_per_bar", "clicks"),
    [("6/8", 12, 36), ("12/8", 24, 36), ("3/2", 24, 48), ("2/2", 16, 48), ("3/4", 12, 24), ("4/1", 64, 96)],
)
def test_the_time_signature_is_written_as_it_is(signature: str, steps_per_bar: int, clicks: int) -> None:
    layout = Layout(4, steps_per_bar, time_signature=signature)
    assert signatures(layout, 100) == [(0, signature)]
    ((_, data),) = events(as_midi(decode([START, 60, STOP], 1), layout), TIME_SIGNATURE)
    assert data[2:] == (clicks, 8)


def test_an_upbeat_has_a_time_signature_of_its_length() -> None:
    assert signatures(Layout(4, 12, 4), 40) == [(0, "1/4"), (4, "3/4")]
    assert signatures(Layout(4, 12, 2, time_signature="6/8"), 40) == [(0, "1/8"), (2, "6/8")]
    assert signatures(Layout(4, 16, 8), 40) == [(0, "2/4"), (8, "4/4")]


def test_an_upbeat_that_no_time_signature_has_is_left_without_one() -> None:
    assert signatures(Layout(3, 9, 1), 40) == [(1, "3/4")]


def test_bars_of_other_lengths_keep_later_bar_lines_in_place() -> None:
    layout = Layout(2, 4, bar_lines=(4, 6, 8, 12))
    assert signatures(layout, 16) == [(0, "2/4"), (4, "1/4"), (8, "2/4")]
    assert signatures(Layout(3, 6, bar_lines=(6, 10)), 16) == [(0, "2/4"), (10, "2/4")]


def test_an_incomplete_last_bar_is_no_change() -> None:
    assert signatures(Layout(4, 16), 18) == [(0, "4/4")]
    assert signatures(Layout(4, 16), 3) == [(0, "4/4")]


def test_without_a_meter_there_is_no_time_signature() -> None:
    assert signatures(Layout(4), 40) == []
    assert signatures(Layout(3, 4), 40) == []


@pytest.mark.parametrize(
    ("fifths", "mode", "expected"),
    [
        (-3, "minor", [(0, (253, 1))]),
        (2, "major", [(0, (2, 0))]),
        (1, "dorian", [(0, (1, 0))]),
        (0, "aeolian", [(0, (0, 1))]),
        (0, "", [(0, (0, 0))]),
        (None, "", []),
    ],
)
def test_a_minor_key_is_minor_and_an_unknown_key_is_left_out(
    fifths: int | None, mode: str, expected: list[tuple[int, tuple[int, ...]]]
) -> None:
    layout = Layout(4, key_fifths=fifths, key_mode=mode)
    assert events(as_midi(decode([START, 60, STOP], 1), layout), KEY_SIGNATURE) == expected
