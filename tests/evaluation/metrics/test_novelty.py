"""Shared interval n-grams in tunes of a few notes."""

import numpy as np
import pytest

from pipeline.evaluation.metrics.novelty import MelodyIntervals, Shared, longest_shared

# C D E F G A B C, and the arpeggio C E G C
SCALE = [60, 62, 64, 65, 67, 69, 71, 72]
ARPEGGIO = [60, 64, 67, 72]


def melodies(*tunes: list[int], voices: int = 1) -> MelodyIntervals:
    return MelodyIntervals.of([np.array(tune, np.uint16) for tune in tunes], voices)


def shared(continuation: list[int], begin: int, *tunes: list[int]) -> Shared:
    return longest_shared(melodies(continuation), np.array([begin]), melodies(*tunes).intervals)


def test_a_tune_is_its_intervals_without_rhythm_silence_and_repeats() -> None:
    held = melodies([60, 188, 62, 62, 0, 128, 62, 65])
    assert held.intervals.values.tolist() == [2, 3]
    assert held.step.tolist() == [2, 7]


def test_only_the_top_voice_counts() -> None:
    assert melodies([72, 60, 74, 59], voices=2).intervals.values.tolist() == [2]


def test_no_interval_joins_two_tunes() -> None:
    both = melodies([60, 62], [72], [50, 51, 52])
    assert both.intervals.offsets.tolist() == [0, 1, 1, 3]
    assert both.intervals.values.tolist() == [2, 1, 1]


def test_a_copy_in_another_key_is_found() -> None:
    copied = shared([67, 69, 71, 72], 1, ARPEGGIO, SCALE)  # G A B C: two tones and a semitone
    assert copied.length.tolist() == [1, 2, 3]
    assert copied.holder.tolist() == [1, 1, 1]


def test_only_runs_that_end_in_the_continuation_count() -> None:
    # all of the scale is the prompt; F sharp, foreign to it, comes after
    assert shared([*SCALE, 78], 8, SCALE).length.tolist() == [0]
    assert shared([*SCALE, 78], 8, SCALE).history.tolist() == [8]


def test_a_run_may_reach_back_into_the_prompt() -> None:
    # C D E are given and F is predicted, as after a scale in training
    assert shared(SCALE[:4], 3, SCALE).length.tolist() == [3]


def test_a_run_ends_where_the_other_tune_does() -> None:
    tune = [*SCALE, 74]  # it ends G A B C D, which is C D E F G a fifth higher
    assert shared(tune, 1, SCALE).length.tolist() == [1, 2, 3, 4, 5, 6, 7, 4]


def test_a_run_of_two_tunes_is_no_run_of_either() -> None:
    assert shared([60, 62, 67], 1, [60, 62], [60, 65]).length.tolist() == [1, 1]


def test_of_several_holders_the_first_is_named_and_all_are_counted() -> None:
    found = shared([60, 64, 67], 1, SCALE, ARPEGGIO, [50, 54, 57], [55, 59, 62, 55])
    assert (found.length[-1], found.holder[-1], found.n_holders[-1]) == (2, 1, 3)


def test_a_tune_is_compared_with_all_others_but_itself() -> None:
    tunes = melodies(SCALE, ARPEGGIO, SCALE[2:6])
    begins, own = np.array([1, 1, 1]), np.arange(3)
    found = longest_shared(tunes, begins, tunes.intervals, own)
    longest = [int(found.length[found.owner == number].max()) for number in range(3)]
    assert longest == [3, 0, 3]  # E F G A is in the scale
    assert found.holder[found.length == 3].tolist() == [2, 0]
    assert found.n_holders[found.length == 3].tolist() == [1, 1]


def test_repeats_of_the_prompt_are_separate() -> None:
    # two pieces: the first repeats its own prompt, the second the prompt of the first
    continuation = melodies([*ARPEGGIO, *ARPEGGIO], [60, 61, 62, *ARPEGGIO])
    begins = np.array([4, 3])
    prompts = melodies(ARPEGGIO, [60, 61, 62]).intervals
    found = longest_shared(continuation, begins, prompts, np.arange(2), "own")
    longest = [int(found.length[found.owner == number].max()) for number in range(2)]
    assert longest == [3, 0]
    assert found.holder[found.owner == 1].max() == -1


def test_intervals_are_counted_from_the_beginning_of_the_tune_and_of_the_continuation() -> None:
    found = shared(SCALE, 3, ARPEGGIO)
    assert found.history.tolist() == [3, 4, 5, 6, 7]
    assert found.inside.tolist() == [0, 1, 2, 3, 4]  # from E to F the first note is the prompt's


@pytest.mark.parametrize("tune", [[], [60], [0, 128]])
def test_an_empty_continuation_shares_nothing(tune: list[int]) -> None:
    assert len(shared(tune, 0, SCALE).length) == 0


def test_without_tunes_nothing_is_shared() -> None:
    assert shared(SCALE, 1).length.tolist() == [0] * 7


def test_runs_are_as_long_as_in_a_brute_force_search() -> None:
    rng = np.random.default_rng(5)
    tunes = [rng.integers(60, 64, rng.integers(2, 30)).tolist() for _ in range(12)]
    continuation = rng.integers(60, 64, 40).tolist()
    texts = ["".join(map(chr, part + 200)) for part in _parts(melodies(*tunes))]
    (whole,) = ["".join(map(chr, part + 200)) for part in _parts(melodies(continuation))]
    found = shared(continuation, 1, *tunes)
    for end, length in enumerate(found.length.tolist(), start=1):
        longest = max(
            (n for n in range(1, end + 1) if any(whole[end - n : end] in t for t in texts)), default=0
        )
        assert length == longest


def _parts(tunes: MelodyIntervals) -> list[np.ndarray]:
    return [tunes.intervals.piece(number).astype(int) for number in range(len(tunes.intervals))]
