import numpy as np
import pytest

from pipeline.core.music import Grid
from pipeline.decoding.voice_leading.keys import UNKNOWN_KEY, WrittenKey
from pipeline.evaluation.metrics.broken_rules import broken_rules_of
from pipeline.evaluation.metrics.voice_leading import voice_leading
from tests.helpers.chords import chords

KEY = WrittenKey(2, 11)


def marks(*columns: str, key: WrittenKey = UNKNOWN_KEY) -> list[tuple[int, tuple[int, ...], str]]:
    return [tuple(each) for each in broken_rules_of(chords(*columns), key)]


def test_a_mark_names_step_voices_and_rule() -> None:
    assert marks("g4 c4", "g4 c4", "a4 d4") == [(2, (0, 1), "parallel_fifths")]
    assert marks("e4 c4", "e6 c4") == [(1, (0,), "leaps")]


def test_a_crossing_that_lasts_is_marked_once() -> None:
    found = marks("g4 c4", "c4 e4", "d4 f4", "g4 c4", "d4 f4")
    assert [step for step, _, rule in found if rule == "crossings"] == [1, 4]


def test_good_part_writing_has_no_mark() -> None:
    assert marks("e5 g4 c4 c3", "d5 g4 b3 g3", "c5 g4 e4 c3") == []


def random_grid() -> Grid:
    rng = np.random.default_rng(3)
    pitch = np.sort(rng.integers(38, 82, (60, 4)), axis=1)[:, ::-1]
    pitch[rng.random((60, 4)) < 0.05] = 0
    tied = np.zeros(pitch.shape, bool)
    tied[1:] = pitch[1:] == pitch[:-1]
    return Grid(pitch.astype(np.uint8), tied)


@pytest.mark.parametrize("rule", ["parallel_fifths", "parallel_octaves", "direct", "out_of_range", "leaps"])
def test_marks_are_as_many_as_the_counts(rule: str) -> None:
    found = [each for each in broken_rules_of(random_grid(), KEY) if each.rule == rule]
    assert len(found) == getattr(voice_leading(random_grid(), KEY), rule)
