"""Engravings match the grid: they are read back from their glyphs by the rules of notation."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.music import Grid
from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers.layout import Layout
from pipeline.formats.writers.musicxml import as_musicxml
from pipeline.formats.writers.spelling import MODES
from tests.helpers.bundled_rows import scores_of, spread
from tests.helpers.comparison import bundled
from tests.helpers.drawn import Drawing, differences, faults
from tests.helpers.random_music import exhaustive

RESOLUTIONS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24, 64)


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return Drawing()


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """One or four voices in the range of singers, and a little beyond."""
    n_steps, voices = draw(st.integers(1, 30)), draw(st.sampled_from([1, 4]))
    lines = []
    for _ in range(voices):
        line: list[int] = []
        for pitch, held in draw(
            st.lists(
                st.tuples(st.one_of(st.just(0), st.integers(21, 108)), st.integers(0, 8)), max_size=n_steps
            )
        ):
            if line and pitch == 0 and line[-1] % 128 == 0:
                continue
            line += [pitch, *[pitch + 128] * held]
        line = (line or [60])[:n_steps]
        lines.append(line + [line[-1] % 128 + 128] * (n_steps - len(line)))
    return decode([START, *(token for step in zip(*lines, strict=True) for token in step), STOP], voices)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    quarter = draw(st.sampled_from(RESOLUTIONS))
    bar = draw(st.sampled_from([None, 2 * quarter, 3 * quarter, 5]))
    return Layout(
        steps_per_quarter=quarter,
        steps_per_bar=bar,
        first_bar=draw(st.integers(0, (bar or 4 * quarter) - 1)),
        key_fifths=draw(st.one_of(st.none(), st.integers(-7, 7))),
        key_mode=draw(st.sampled_from(["", *MODES])),
        mark=draw(st.one_of(st.none(), st.integers(0, 30))),
    )


@exhaustive
@given(grid=grids(), layout=layouts())
def test_any_grid_in_any_key_is_read_back_from_its_drawing(
    drawing: Drawing, grid: Grid, layout: Layout
) -> None:
    assert faults(drawing, grid, layout) == []


@pytest.mark.parametrize(("n_per_corpus", "voices"), [(8, 1), (5, 4)])
def test_pieces_of_the_bundled_corpora_are_read_back(
    drawing: Drawing, n_per_corpus: int, voices: int
) -> None:
    pieces = [
        unread
        for unread in spread(list(bundled()), n_per_corpus)
        if voices == 1 or unread.name.startswith("bach/")
    ]
    scores = list(scores_of(pieces, 4, voices))
    assert len(scores) >= n_per_corpus
    assert {name: found for name, *score in scores if (found := faults(drawing, *score))} == {}


@pytest.mark.parametrize("sign", ["natural", "sharp", "flat"])
def test_a_drawing_without_its_accidentals_is_detected(drawing: Drawing, sign: str) -> None:
    grid = decode([START, 60, 61, 63, 66, 65, 70, 60, STOP], 1)
    musicxml = as_musicxml(grid, Layout(1, 4, key_fifths=2)).decode("utf-8")
    assert differences(drawing, musicxml, grid, 1) == []
    hidden = re.sub(rf"<accidental>{sign}</accidental>", "", musicxml)
    assert bool(differences(drawing, hidden, grid, 1)) == (hidden != musicxml)
