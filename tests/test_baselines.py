import numpy as np
import pytest

from pipeline.baselines import Copy, NGram
from pipeline.examples import Example, cut_at_note
from pipeline.vocabulary import START, STOP


def piece(*symbols: int) -> Example:
    return cut_at_note([START, *symbols, STOP], 0.5)


def next_probs(order: int, heard: Example, told: Example) -> np.ndarray:
    """Probabilities of the first target symbol of ``told``."""
    return np.exp(next(NGram.fit([heard], order).log_probs([told]))[0])


def test_the_empty_context_mixes_counts_with_a_uniform_choice() -> None:
    # 60, 60, 62, STOP: 4 tokens of 3 types; after an onset 130 symbols are valid
    probs = next_probs(0, piece(60, 60, 62), piece(60, 60))
    for symbol, count in {60: 2, 62: 1, STOP: 1, 64: 0}.items():
        assert probs[symbol] == pytest.approx(4 / 7 * count / 4 + 3 / 7 / 130)


def test_a_known_context_is_mixed_with_the_shorter_ones() -> None:
    # after 60: 60 and 62 once each, T = t = 2; in all 60 60 62 STOP, t = 3, and
    # T = 1: STOP alone, because 60 and 62 are counted after 60 already
    probs = next_probs(1, piece(60, 60, 62), piece(60, 62))
    counts = {60: (1, 2), 62: (1, 1), STOP: (0, 1), 64: (0, 0)}
    raw = {s: (after + 2 * (ever + 3 / 130) / (1 + 3)) / (2 + 2) for s, (after, ever) in counts.items()}
    total = raw[60] + raw[62] + raw[STOP] + 127 * raw[64]
    for symbol, share in raw.items():
        assert probs[symbol] == pytest.approx(share / total)


def test_scoring_begins_at_the_shortest_context_that_leaves_no_choice() -> None:
    # after 64 only 65 is known: what stands before 64 adds nothing
    heard = piece(60, 62, 64, 65, 62, 67, 62, 64, 65)
    told = piece(62, 64, 65, 65)
    given_64 = [np.exp(next(NGram.fit([heard], order).log_probs([told]))[0]) for order in (1, 2, 5)]
    assert given_64[0].argmax() == 65
    assert np.array_equal(given_64[0], given_64[1])
    assert np.array_equal(given_64[0], given_64[2])


def test_an_unknown_context_leaves_the_shorter_one_as_it_is() -> None:
    heard, told = piece(60, 60, 62), piece(64, 60)
    assert next_probs(3, heard, told) == pytest.approx(next_probs(0, heard, told))


def test_symbols_that_cannot_follow_are_left_out_and_the_rest_sums_to_one() -> None:
    heard = piece(60, 188, 62, 190, 60)
    for told in (piece(64, 60, 188, 0, 128, 62), piece(0, 60, 60, 0)):
        for row, valid in zip(next(NGram.fit([heard], 4).log_probs([told])), told.valid(), strict=True):
            assert np.exp(row).sum() == pytest.approx(1)
            assert np.isneginf(row[~valid]).all()
            assert np.isfinite(row[valid]).all()


def test_a_piece_begins_with_start_and_ends_where_the_next_one_begins() -> None:
    # if contexts ran over the border, 72 would be known to follow STOP or 62
    alone = NGram.fit([piece(60, 62)], 2)
    twice = NGram.fit([piece(60, 62), piece(72, 74)], 2)
    told = piece(60, 62)
    after_60 = [np.exp(next(model.log_probs([told]))[0]) for model in (alone, twice)]
    assert after_60[1][62] > after_60[1][72]
    assert after_60[0].argmax() == after_60[1].argmax() == 62


def test_scoring_many_pieces_is_scoring_each_alone() -> None:
    rng = np.random.default_rng(3)
    pieces = [piece(*rng.integers(60, 64, size=rng.integers(2, 900))) for _ in range(20)]
    model = NGram.fit(pieces[:10], 3)
    for example, together in zip(pieces, model.log_probs(pieces), strict=True):
        assert together.shape == (len(example.target), 258)
        assert np.array_equal(together, next(model.log_probs([example])))


def test_copy_learns_how_often_a_voice_moves_on() -> None:
    # targets 62 190 190 190 STOP: three of five hold; one of each is added
    assert Copy.fit([piece(60, 62, 190, 190, 190)]).epsilon == pytest.approx(3 / 7)


def test_copy_holds_and_shares_the_rest_evenly() -> None:
    told = piece(60, 188, 62, 0)
    after_note, after_onset, after_silence = np.exp(next(Copy(0.2).log_probs([told])))
    assert after_note[188] == pytest.approx(0.8)
    assert after_note[[0, 60, 61, STOP]] == pytest.approx(0.2 / 129)
    assert after_onset[190] == pytest.approx(0.8)
    assert after_silence[128] == pytest.approx(0.8)
    assert after_silence[0] == 0
    assert after_silence[60] == pytest.approx(0.2 / 128)


def test_each_voice_copies_itself() -> None:
    told = cut_at_note([START, 72, 60, 74, 188, 74, 62, STOP], 0.5, voices=2)
    assert np.exp(next(Copy(0.1).log_probs([told]))).argmax(axis=1)[:4].tolist() == [200, 188, 202, 188]
