import numpy as np
import pytest

from pipeline.decoding.sampling import Sampling, SamplingError

LOG_PROBS = np.log(np.array([[0.5, 0.3, 0.15, 0.05]]))


def chances(n: int, seed: int = 0) -> list[np.random.Generator]:
    return [np.random.default_rng([seed, i]) for i in range(n)]


def shares_of(sampling: Sampling, n: int = 2000) -> list[float]:
    """How often each of the four tokens is sampled."""
    chosen = sampling.choose(np.repeat(LOG_PROBS, n, axis=0), chances(n))
    return (np.bincount(chosen, minlength=4) / n).tolist()


def test_temperature_0_selects_the_most_probable_token_and_the_lowest_of_equal_ones() -> None:
    assert Sampling(0).choose(np.log([[0.2, 0.4, 0.4]]), chances(1)).tolist() == [1]


def test_at_temperature_1_token_frequencies_match_the_probabilities() -> None:
    assert shares_of(Sampling()) == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)


def test_a_low_temperature_sharpens_the_distribution() -> None:
    squares = np.array([0.25, 0.09, 0.0225, 0.0025])
    assert Sampling(0.5).probabilities(LOG_PROBS)[0] == pytest.approx(squares / squares.sum())


def test_top_k_keeps_the_most_probable_in_their_proportion() -> None:
    assert Sampling(top_k=2).probabilities(LOG_PROBS)[0] == pytest.approx([0.625, 0.375, 0, 0])


def test_top_p_keeps_the_token_that_reaches_the_share() -> None:
    assert Sampling(top_p=0.6).probabilities(LOG_PROBS)[0] == pytest.approx([0.625, 0.375, 0, 0])
    assert Sampling(top_p=0.5).probabilities(LOG_PROBS)[0] == pytest.approx([1, 0, 0, 0])


def test_top_p_counts_the_shares_that_top_k_left() -> None:
    # of two remaining tokens (0.625, 0.375) the first alone reaches 0.6
    assert Sampling(top_k=2, top_p=0.6).probabilities(LOG_PROBS)[0] == pytest.approx([1, 0, 0, 0])


def test_an_invalid_token_is_never_sampled() -> None:
    forbidden = np.array([[-np.inf, 0.0, -np.inf, -5.0]])
    chosen = Sampling(5.0, top_k=4).choose(np.repeat(forbidden, 500, axis=0), chances(500))
    assert set(chosen.tolist()) == {1, 3}


def test_each_row_is_sampled_from_its_own_stream() -> None:
    three = Sampling().choose(np.repeat(LOG_PROBS, 3, axis=0), chances(3))
    last = Sampling().choose(LOG_PROBS, chances(3)[2:])
    assert last[0] == three[2]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"temperature": -1}, "temperature -1"),
        ({"temperature": float("nan")}, "temperature nan"),
        ({"temperature": float("inf")}, "temperature inf"),
        ({"temperature": 1e-9}, "temperature 1e-09"),
        ({"temperature": 1e4}, "temperature 10000"),
        ({"top_k": 259}, "top-k 259"),
        ({"top_p": float("nan")}, "top-p nan"),
        ({"top_k": -2}, "top-k -2"),
        ({"top_p": 0}, "top-p 0"),
        ({"top_p": 1.5}, "top-p 1.5"),
    ],
)
def test_sampling_parameters_out_of_range_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(SamplingError, match=message):
        Sampling(**wrong)  # type: ignore[arg-type]
