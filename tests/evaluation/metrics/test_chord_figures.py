import pytest

from pipeline.evaluation.metrics.chord_figures import chord_figures
from tests.helpers.chords import chords


@pytest.mark.parametrize(
    ("chord", "root", "quality", "figure"),
    [
        ("c5 g4 e4 c3", 0, "major", ""),
        ("c5 g4 e4 e3", 0, "major", "6"),
        ("c5 a4 e4 e3", 9, "minor", "64"),
        ("d5 b4 g4 f3", 7, "dominant seventh", "42"),
        ("c5 a4 f4 d3", 2, "minor seventh", "7"),
        ("d5 b4 f4 d3", 11, "diminished", "6"),
        ("c5 e4 c4 c3", 0, "major", ""),  # without its fifth
    ],
)
def test_a_chord_has_root_quality_and_figure(chord: str, root: int, quality: str, figure: str) -> None:
    assert [tuple(each) for each in chord_figures(chords(chord))] == [(0, root, quality, figure)]


def test_chords_that_have_no_name_are_passed_over() -> None:
    assert chord_figures(chords("c5 f4 d4 g3")) == []
    assert chord_figures(chords("c5 g4 g4 c3")) == []
    assert chord_figures(chords("c5 g4 - c3")) == []


def test_a_chord_is_named_where_it_changes_on_a_beat() -> None:
    grid = chords("e5 g4 c3", "d5 g4 b2", "e5 g4! c3!", "d5 g4 b2")
    assert [each.step for each in chord_figures(grid, steps_per_beat=2)] == [0]
    assert [each.step for each in chord_figures(grid)] == [0, 1, 2, 3]
