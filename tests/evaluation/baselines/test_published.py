"""The n-gram beside what others measured on the same melodies (BENCHMARKS, section 1)."""

import pytest

from tests.benchmarks.ngram import mean, melodies_of, on_pitch


def test_the_figures_of_the_kinder_songs_come_out_again() -> None:
    melodies = list(melodies_of("kinder")[0].values())
    assert (len(melodies), sum(len(melody.pitch) for melody in melodies)) == (213, 8393)
    found = mean([on_pitch(melodies, seed) for seed in (1, 2, 3, 4, 5)])
    # another draw of folds moves the long-term figure by 0.009 (standard deviation of 20 draws)
    assert found["long_term"] == pytest.approx(2.428, abs=0.015)
    assert found["mixed"] == pytest.approx(2.10, abs=0.025)
    assert found["mixed_second_half"] == pytest.approx(1.93, abs=0.01)
