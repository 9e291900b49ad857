import math

import numpy as np
import pytest

from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.metrics.likelihood import figures, interval, measure, total
from pipeline.evaluation.metrics.surprisal import LikelihoodError, classes
from pipeline.models.base.examples import Example, cut_at_note

# target: onset D4, tied D4, silence, its tie, onset E4, STOP
TUNE = cut_at_note([START, 60, 62, 190, 0, 128, 64, STOP], 0.34)


def evenly(example: Example) -> np.ndarray:
    """Every valid token is equally probable."""
    valid = example.valid()
    shares = valid / valid.sum(axis=1, keepdims=True)
    return np.log(shares, out=np.full(shares.shape, -np.inf), where=valid)


def anyhow(example: Example, seed: int) -> np.ndarray:
    raw = np.where(
        example.valid(), np.random.default_rng(seed).normal(size=(len(example.target), 258)), -np.inf
    )
    return raw - np.logaddexp.reduce(raw, axis=1, keepdims=True)


def test_silence_is_no_note() -> None:
    assert classes([0, 1, 127, 128, 129, 255, STOP]).tolist() == [2, 0, 0, 2, 1, 1, 3]


def test_a_uniform_prediction_has_the_logarithm_of_the_number_of_valid_tokens() -> None:
    # valid: 128 onsets, one tie, STOP = 130 after a note; one onset fewer after a silence
    got = figures(measure(evenly(TUNE), TUNE), 2)
    note, silence = math.log2(130), math.log2(129)
    assert (got["n_tokens"], got["n_onsets"], got["n_pieces"]) == (5, 2, 1)
    assert got["bits_per_token"] == pytest.approx((3 * note + 2 * silence) / 5)
    assert got["nats_per_token"] == pytest.approx((3 * note + 2 * silence) / 5 * math.log(2))
    assert got["bits_per_onset"] == pytest.approx((3 * note + 2 * silence) / 2)
    assert got["bits_per_quarter"] == pytest.approx((3 * note + 2 * silence) / 2.5)  # 5 steps of an eighth
    assert got["nats_per_quarter"] == pytest.approx((3 * note + 2 * silence) / 2.5 * math.log(2))
    assert got["pitch_bits_per_onset"] == pytest.approx(math.log2(127))
    assert got["silence_bits_per_onset"] == pytest.approx((note + silence) / 2)
    rhythm = (math.log2(130 / 127) + note + math.log2(129 / 127)) / 2
    assert got["rhythm_bits_per_onset"] == pytest.approx(rhythm)
    assert got["stop_bits_per_piece"] == pytest.approx(note)


@pytest.mark.parametrize("seed", range(5))
def test_rhythm_pitch_and_silence_are_all_of_it(seed: int) -> None:
    got = figures(total([measure(anyhow(TUNE, seed), TUNE), measure(evenly(TUNE), TUNE)]), 2)
    parts = [got[f"{part}_bits_per_onset"] for part in ("rhythm", "pitch", "silence")]
    by_class = [got[f"{part}_bits_per_onset"] for part in ("onset_class", "tied_class", "silence")]
    assert sum(parts) == pytest.approx(got["bits_per_onset"], abs=1e-9)
    assert sum(by_class) == pytest.approx(got["bits_per_onset"], abs=1e-9)


def test_pieces_are_added_before_dividing() -> None:
    short = cut_at_note([START, 60, 62, STOP], 0.5)
    certain = np.full((2, 258), -np.inf)
    certain[[0, 1], short.target] = 0.0
    got = figures(total([measure(certain, short), measure(evenly(TUNE), TUNE)]), 2)
    alone = figures(measure(evenly(TUNE), TUNE), 2)
    assert got["bits_per_onset"] == pytest.approx(alone["bits_per_onset"] * 2 / 3)
    assert got["bits_per_token"] == pytest.approx(alone["bits_per_token"] * 5 / 6)


def test_accuracy_counts_the_most_probable_token_by_class() -> None:
    guess = np.where(TUNE.valid(), -50.0, -np.inf)
    guess[np.arange(6), [62, 190, 65, 128, 65, STOP]] = 0.0
    got = figures(measure(guess, TUNE), 2)
    assert [got[f"{name}_accuracy"] for name in ("onset", "tied", "silence", "stop")] == [0.5, 1, 0.5, 1]
    assert got["token_accuracy"] == 3 / 5


def test_a_class_that_does_not_occur_has_no_accuracy() -> None:
    short = cut_at_note([START, 60, 62, STOP], 0.5)
    assert figures(measure(evenly(short), short), 2)["silence_accuracy"] is None


def test_an_invalid_distribution_is_refused() -> None:
    with pytest.raises(LikelihoodError, match="add up to"):
        measure(evenly(TUNE) + 0.1, TUNE)
    with pytest.raises(LikelihoodError, match=r"expected \(6, 258\)"):
        measure(evenly(TUNE)[:-1], TUNE)
    certain = np.full((6, 258), -np.inf)
    certain[:, 60] = 0.0
    with pytest.raises(LikelihoodError, match="token 0 has probability 0"):
        measure(certain, TUNE)


def test_one_family_has_no_spread_and_equal_pieces_neither() -> None:
    got = interval(["a", "a", "a"], [1.0, 2.0, 6.0], [1, 1, 1], seed=1)
    assert (got.value, got.low, got.high, got.n_families) == (3.0, 3.0, 3.0, 1)
    even = interval(["a", "b", "c"], [2.0, 4.0, 6.0], [1, 2, 3], seed=1)
    assert (even.value, even.low, even.high) == (2.0, 2.0, 2.0)


def test_the_interval_holds_the_value_and_is_the_same_every_time() -> None:
    rng = np.random.default_rng(5)
    families = [f"f{index // 2}" for index in range(200)]
    bits, onsets = rng.normal(60, 10, 200), rng.integers(10, 30, 200)
    first, second = (interval(families, bits, onsets, seed=1) for _ in range(2))
    assert first == second
    assert first.low < first.value < first.high
    assert first.n_families == 100
