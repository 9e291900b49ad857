import numpy as np

from pipeline.core.vocabulary import START, STOP
from pipeline.models.base.bars import Bars
from pipeline.models.base.examples import ContinueExample, cut_at_note
from tests.helpers.melodies import scale


def in_bars(steps_per_bar: int, step_in_bar: list[int], voices: int = 1) -> ContinueExample:
    """A scale of as many steps, one note each, cut in the middle."""
    tokens = [60 + i // voices for i in range(len(step_in_bar) * voices)]
    bars = Bars(steps_per_bar, np.array(step_in_bar, np.int16))
    return cut_at_note([START, *tokens, STOP], 0.5, voices, bars)


def test_after_an_upbeat_bars_continue_up_to_the_stop() -> None:
    assert in_bars(3, [2, 0, 1, 2, 0, 1]).step_in_bar.tolist() == [2, 0, 1, 2, 0, 1, 2]


def test_an_early_bar_line_in_the_target_is_not_leaked() -> None:
    assert in_bars(4, [0, 1, 2, 3, 0, 1, 0, 1]).step_in_bar.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0]


def test_an_early_bar_line_in_the_source_is_used() -> None:
    assert in_bars(4, [0, 1, 0, 1, 2, 3]).step_in_bar.tolist() == [0, 1, 0, 1, 2, 3, 0]


def test_voices_share_their_step() -> None:
    assert in_bars(2, [0, 1, 0, 1], voices=2).step_in_bar.tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 0]


def test_without_bars_no_position_is_known() -> None:
    assert cut_at_note(scale(60, 3), 0.5).step_in_bar.tolist() == [-1] * 4


def test_a_piece_with_another_cut_is_the_same_piece() -> None:
    example = in_bars(4, [0, 1, 2, 3])
    other = example.recut(0.25)
    assert [other.source.tolist(), other.target.tolist()] == [[60], [61, 62, 63, STOP]]
    assert other.bars is example.bars
