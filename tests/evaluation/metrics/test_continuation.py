import numpy as np
import pytest

from pipeline.core.vocabulary import STOP
from pipeline.evaluation.metrics.continuation import (
    ContinuationError,
    edit_distance,
    edit_distances,
    last_steps,
    pattern_match,
    pattern_matches,
    pitch_overlaps,
    points,
    within,
)

# C4 held, D4, silence, E4: onsets at steps 0, 2, 4
MOTIF = [60, 188, 62, 0, 64]


def test_points_are_onsets_that_sound() -> None:
    assert points([*MOTIF, STOP], first_step=10).tolist() == [[10, 60], [12, 62], [14, 64]]


def test_voices_of_a_step_have_one_onset() -> None:
    assert points([67, 60, 195, 62], voices=2).tolist() == [[0, 60], [0, 67], [1, 62]]


def test_half_a_step_is_refused() -> None:
    with pytest.raises(ContinuationError, match="steps of 2 voices are not filled by 3 tokens"):
        points([60, 62, 64], voices=2)


def test_the_horizon_counts_from_the_last_onset_of_the_prime() -> None:
    prime = points([60, 188, 188])  # its one onset is step 0, though it sounds to step 3
    assert within(points(MOTIF, first_step=3), *last_steps(prime, [5]))[:, 0].tolist() == [3, 5]


def test_a_prime_of_silence_has_no_last_onset() -> None:
    with pytest.raises(ContinuationError, match="source without a note"):
        last_steps(points([0, 128]), [4])


def test_the_same_music_matches_wholly() -> None:
    match = pattern_match(points(MOTIF), points(MOTIF))
    assert match is not None
    assert (match.recall, match.precision, match.f1) == (1, 1, 1)


def test_the_same_shape_a_fifth_higher_and_later_matches_wholly() -> None:
    higher = [0, 128, *(p + 7 if p % 128 else p for p in MOTIF)]
    match = pattern_match(points(MOTIF), points(higher))
    assert match is not None
    assert match.f1 == 1


def test_a_match_computed_by_hand() -> None:
    # true C D E F, generated C D G: two coincide in place, so recall 1/3, precision 1/2
    match = pattern_match(points([60, 62, 64, 65]), points([60, 62, 67]))
    assert match is not None
    assert (match.matched, match.recall, match.precision) == (2, pytest.approx(1 / 3), 1 / 2)
    assert match.f1 == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))


def test_one_point_in_common_is_chance() -> None:
    match = pattern_match(points([60, 72]), points([60, 188, 61]))
    assert match is not None
    assert (match.matched, match.f1) == (1, 0)


@pytest.mark.parametrize(("true", "generated"), [([60], [60, 62]), ([60, 62], [60]), ([60, 62], [0])])
def test_fewer_than_two_notes_have_no_score(true: list[int], generated: list[int]) -> None:
    assert pattern_match(points(true), points(generated)) is None


def test_pitch_overlap_is_the_common_area() -> None:
    # shares C 1/2, D 1/2 against C 1/4, E 3/4
    true, generated = points([60, 62]), points([60, 64, 64, 64])
    assert pitch_overlaps(true, generated) == [pytest.approx(1 / 4)]


def test_pitch_classes_ignore_the_octave() -> None:
    assert pitch_overlaps(points([60, 62]), points([72, 50])) == [0]
    assert pitch_overlaps(points([60, 62]), points([72, 50]), modulo=12) == [1]


def test_no_note_has_no_pitch_overlap() -> None:
    assert pitch_overlaps(points([60]), points([0, 128])) == [None]


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ([], [], 0),
        ([60, 62], [60, 62], 0),
        ([], [60, 62], 2),
        ([60, 62, 64], [62, 64], 1),
        ([60, 62, 64], [60, 65, 64, 67], 2),
        ([62, 60], [60, 62], 2),
    ],
)
def test_edit_distance_by_hand(a: list[int], b: list[int], distance: int) -> None:
    assert edit_distance(a, b) == distance
    assert edit_distance(b, a) == distance


def test_edit_distance_agrees_with_its_definition() -> None:
    rng = np.random.default_rng(4)

    def slow(a: list[int], b: list[int]) -> int:
        if not a or not b:
            return len(a) + len(b)
        return min(slow(a[1:], b) + 1, slow(a, b[1:]) + 1, slow(a[1:], b[1:]) + (a[0] != b[0]))

    for _ in range(30):
        a, b = (rng.integers(60, 63, rng.integers(0, 6)).tolist() for _ in range(2))
        assert edit_distance(a, b) == slow(a, b)


def test_edit_distances_of_first_tokens_are_those_of_cut_tokens() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        a, *others = (rng.integers(60, 64, rng.integers(0, 12)).tolist() for _ in range(4))
        lengths = sorted(rng.integers(0, 14, 5).tolist())
        expected = [[edit_distance(a[:n], other[:n]) for n in lengths] for other in others]
        assert edit_distances(a, others, lengths).tolist() == expected


def test_scores_up_to_several_steps_are_those_of_cut_points() -> None:
    rng = np.random.default_rng(6)
    for _ in range(50):
        true, generated = (points(rng.choice([0, 60, 62, 64, 67, 190], 12)) for _ in range(2))
        ends = sorted(rng.choice(14, 4, replace=False).tolist())
        cut = [(within(true, end), within(generated, end)) for end in ends]
        assert pattern_matches(true, generated, ends) == [pattern_match(*sides) for sides in cut]
        for modulo in (12, 128):
            expected = [pitch_overlaps(*sides, modulo=modulo)[0] for sides in cut]
            assert pitch_overlaps(true, generated, ends, modulo) == expected
