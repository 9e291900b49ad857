import numpy as np
import pytest

from pipeline.evaluation.metrics.cadences import Cadences, add, cadences
from tests.helpers.chords import chords


@pytest.mark.parametrize(
    ("chord", "root_position"),
    [
        ("c5 g4 e4 c3", 1),
        ("c5 e4 c4 a2", 1),
        ("c5 c4 e4 c3", 1),  # the fifth may be missing
        ("c5 g4 e4 e3", 0),
        ("c5 g4 g4 c3", 0),  # the third may not
        ("f5 b4 d4 g3", 0),
    ],
)
def test_a_closing_chord_is_a_triad_on_its_root(chord: str, root_position: int) -> None:
    assert cadences(chords(chord), np.array([True])) == Cadences(1, root_position)


def test_only_the_ends_of_phrases_close() -> None:
    grid = chords("c5 g4 e4 e3", "c5 g4 e4 c3", "d5 - g4 b3")
    assert cadences(grid, np.array([False, True, True])) == Cadences(1, 1)  # the last is no whole chord
    assert cadences(grid, np.zeros(3, bool)) == Cadences(0, 0)


def test_shares_are_of_all_pieces_together() -> None:
    assert add([Cadences(3, 3), Cadences(1, 0)]).share == 0.75
    assert add([]).share is None
