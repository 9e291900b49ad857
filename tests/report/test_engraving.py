"""Drawings of scores for the page."""

import pytest

from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers.layout import Layout
from pipeline.formats.writers.musicxml import as_musicxml
from pipeline.report.engraving import Engraver, Engraving, EngravingError


def engraved(engraver: Engraver, n_quarters: int) -> Engraving:
    """A melody of quarter notes as the page shows it."""
    grid = decode([START, *[60, 72] * (n_quarters // 2), STOP], 1)
    score = as_musicxml(grid, Layout(1, 4)).decode("utf-8")
    return engraver.engrave(score, "tune", "a tune")


def test_a_score_of_several_pages_is_drawn_whole_and_the_next_one_as_before() -> None:
    engraver = Engraver(page_height=1000)
    short = engraved(engraver, 4)
    long = engraved(engraver, 200)
    assert len(long.notes) == long.svg.count('class="note"') == 200
    assert engraved(engraver, 4) == short


def test_a_score_that_is_too_long_for_a_page_is_an_error() -> None:
    with pytest.raises(EngravingError, match="tune: this score is too long"):
        engraved(Engraver(page_height=200), 1000)


@pytest.mark.parametrize(
    "layout",
    [Layout(2, 6, time_signature="6/8"), Layout(2, 8, time_signature="2/2"), Layout(3, 9), Layout(12)],
)
def test_notes_are_played_at_their_times_in_any_meter_and_tuplet(layout: Layout) -> None:
    grid = decode([START, 60, 61, 62, 190, 190, 63, 64, 192, STOP], 1)
    engraving = Engraver().engrave(as_musicxml(grid, layout).decode("utf-8"), "tune", "a tune")
    step = 1 / layout.steps_per_quarter
    assert [(note.begin, note.end, note.pitch) for note in engraving.notes] == [
        (pytest.approx(begin * step, abs=0.01), pytest.approx(end * step, abs=0.01), pitch)
        for begin, end, pitch in ((0, 1, 60), (1, 2, 61), (2, 5, 62), (5, 6, 63), (6, 8, 64))
    ]


def test_a_score_that_is_damaged_is_one_message() -> None:
    with pytest.raises(EngravingError, match="tune: Verovio cannot read this score"):
        Engraver().engrave("<score-partwise", "tune", "a tune")
