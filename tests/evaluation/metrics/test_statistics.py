"""Statistics of tunes, compared with hand-computed values."""

import numpy as np
import pytest

from pipeline.core.vocabulary import STOP
from pipeline.datasets.columns.ragged import offsets_of
from pipeline.evaluation.metrics.continuation import ContinuationError
from pipeline.evaluation.metrics.statistics import (
    FEATURES,
    Feature,
    PassageMusic,
    Pooled,
    divergence_bits,
    groove_similarity,
    inter_onset_intervals,
    intervals,
    on_grid,
    overlapped_area,
    pitch_class_entropy,
    scale_consistency,
)
from pipeline.models.base.bars import Bars

# C4 for two steps, D4, a silence, E4 for two steps
MOTIF = [60, 188, 62, 0, 64, 192, STOP]


def passage(continuation: list[int], source: list[int] | None = None, voices: int = 1) -> PassageMusic:
    return PassageMusic.after(source or [], continuation, voices)


def pooled(name: str, *tunes: PassageMusic) -> Pooled:
    found = [feature(name).of(tune) for tune in tunes]
    values = [np.atleast_1d(np.array([] if each is None else each, float)) for each in found]
    return Pooled.of(offsets_of([len(each) for each in values]), np.concatenate(values), feature(name).grid)


def bars_of(steps_per_bar: int, *places: int) -> Bars:
    return Bars(steps_per_bar, np.array(places, np.int16))


def feature(name: str) -> Feature:
    return next(each for each in FEATURES if each.name == name)


def test_notes_have_pitch_and_duration() -> None:
    notes = passage(MOTIF).notes
    assert notes.pitch.tolist() == [60, 62, 64]
    assert notes.duration.tolist() == [2, 1, 2]


def test_intervals_reach_over_a_silence() -> None:
    assert intervals(passage(MOTIF)).tolist() == [2, 2]
    assert inter_onset_intervals(passage(MOTIF)).tolist() == [2, 2]


def test_a_note_that_began_before_the_cut_does_not_count() -> None:
    held = passage([188, 188, 62, 190], source=[60])
    assert (held.notes.pitch.tolist(), held.notes.duration.tolist()) == ([62], [2])


def test_intervals_stay_within_a_voice() -> None:
    # above E D, below C B at the same time
    both = passage([64, 60, 62, 59], voices=2)
    assert intervals(both).tolist() == [-2, -1]
    assert inter_onset_intervals(both).tolist() == [1, 1]


def test_half_a_step_is_refused() -> None:
    with pytest.raises(ContinuationError, match="steps of 2 voices are not filled by 3 tokens"):
        passage([60, 62, 64], voices=2)


@pytest.mark.parametrize(
    ("pitches", "share"),
    [
        ([60, 62, 64, 65, 67, 69, 71, 72], 1),  # C major
        ([57, 59, 60, 62, 64, 65, 67], 1),  # A minor as it falls
        ([57, 59, 60, 62, 64, 65, 68], 6 / 7),  # with a raised seventh
        ([60, 61, 62, 63], 3 / 4),  # A flat major has C, D flat and E flat
        ([61, 66, 68], 1),  # D flat major, too
        (list(range(60, 72)), 7 / 12),
    ],
)
def test_scale_consistency_is_the_share_in_the_best_scale(pitches: list[int], share: float) -> None:
    assert scale_consistency(passage(pitches)) == pytest.approx(share)


def test_silence_is_in_no_scale() -> None:
    assert scale_consistency(passage([0, 128])) is None


def test_groove_similarity_counts_steps_on_which_both_bars_agree() -> None:
    # bars of four steps: x.x. and x.xx and x..., a step apart and then two
    continuation = [60, 188, 60, 188, 60, 188, 60, 60, 60, 188, 188, 188]
    tune = PassageMusic.after([60], continuation, bars=bars_of(4, 3))
    assert groove_similarity(tune) == pytest.approx(((1 - 1 / 4) + (1 - 2 / 4)) / 2)


def test_the_bar_of_the_cut_is_filled_up_by_the_source() -> None:
    # the source ends in the middle of a bar: C C | then D D, and a bar of two longer notes
    tune = PassageMusic.after([60, 60], [62, 62, 64, 192, 65, 193], bars=bars_of(4, 0, 1))
    assert groove_similarity(tune) == pytest.approx(1 - 2 / 4)
    assert pitch_class_entropy(tune) == pytest.approx(1)  # C C D D, then E F: two halves each


def test_an_upbeat_and_an_unfinished_bar_are_no_bars() -> None:
    # the source is an upbeat of one step, and its bar began before the piece
    tune = PassageMusic.after([67], [60, 62, 64, 65, 67], bars=bars_of(4, 2))
    assert tune.grooves is not None
    assert len(tune.grooves) == 1
    assert tune.bars[0].tolist() == [2, 4, 5, 7]
    assert groove_similarity(tune) is None


def test_without_bars_there_is_neither_groove_nor_entropy() -> None:
    assert groove_similarity(passage(MOTIF)) is None
    assert pitch_class_entropy(passage(MOTIF)) is None


def test_pitch_class_entropy_is_the_mean_over_bars_with_a_note() -> None:
    # one note: 0 bits; a bar of silence; C and an octave and two others: 1.5 bits
    continuation = [60, 188, 188, 188, 0, 128, 128, 128, 60, 72, 62, 64]
    tune = PassageMusic.after([67], continuation, bars=bars_of(4, 3))
    assert pitch_class_entropy(tune) == pytest.approx((0 + 1.5) / 2)


def test_a_value_between_two_points_is_shared_by_both() -> None:
    found = on_grid(np.array([0.25]), np.array([1.0]), np.array([0.0, 1.0, 2.0]))
    assert found.tolist() == [0.75, 0.25, 0]


def test_a_value_beyond_the_grid_counts_at_its_end() -> None:
    found = on_grid(np.array([-5.0, 7.0]), np.array([1.0, 1.0]), np.array([0.0, 1.0, 2.0]))
    assert found.tolist() == [1, 0, 1]


def test_long_and_short_tunes_weigh_the_same() -> None:
    both = pooled("pitch_class", passage([60]), passage([62, 62, 62, 62]))
    assert (both.n, both.shares[[0, 2]].tolist()) == (2, [0.5, 0.5])


def test_a_tune_without_a_value_is_left_out() -> None:
    both = pooled("interval", passage([60]), passage([60, 62]))
    assert both.n == 1
    assert both.shares.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", [each.name for each in FEATURES])
def test_the_same_set_overlaps_wholly_and_diverges_nowhere(name: str) -> None:
    tune = PassageMusic.after([60], [62, 64, 65, 67, 69, 71, 72, 74], bars=bars_of(4, 3))
    alone = pooled(name, tune)
    assert overlapped_area(alone.shares, alone.shares) == pytest.approx(1)
    assert divergence_bits(alone.smoothed, alone.smoothed) == 0


def test_overlap_and_divergence_by_hand() -> None:
    a, b = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    assert overlapped_area(a, b) == pytest.approx(0.5)
    assert divergence_bits(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == pytest.approx(
        0.5 * np.log2(2) + 0.5 * np.log2(2 / 3)
    )


def test_smoothing_adds_one_even_tune() -> None:
    pooled = Pooled(n=3, shares=np.array([1.0, 0.0, 0.0, 0.0]))
    assert pooled.smoothed.tolist() == pytest.approx([3.25 / 4, 0.25 / 4, 0.25 / 4, 0.25 / 4])


@pytest.mark.parametrize("name", [each.name for each in FEATURES])
def test_no_notes_have_no_share(name: str) -> None:
    silent = pooled(name, PassageMusic.after([60], [0, 128], bars=bars_of(2, 1)))
    assert (silent.n, silent.shares.sum()) == (0, 0)
