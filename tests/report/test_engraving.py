"""Drawings of scores for the page."""

import pytest

from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers.layout import Layout
from pipeline.formats.writers.musicxml import as_musicxml
from pipeline.report.engraving import Engraver, Engraving


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


def test_a_score_that_no_page_holds_is_an_error() -> None:
    with pytest.raises(ValueError, match="tune: this score is too long"):
        engraved(Engraver(page_height=200), 1000)
