import numpy as np
import pytest

from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.baselines.predictors import Copy, Memory, NGram
from pipeline.models.base.chord_numbers import numbers_of
from pipeline.models.base.examples import Example, cut_at_note


def piece(*tokens: int) -> Example:
    return cut_at_note([START, *tokens, STOP], 0.5)


def next_probs(order: int, trained_on: Example, predicted: Example) -> np.ndarray:
    """Probabilities of the first target token of ``predicted``."""
    return np.exp(next(NGram.fit([trained_on], order).log_probs([predicted]))[0])


def test_the_empty_context_leaves_a_share_to_what_never_occurred() -> None:
    # 60, 60, 62, STOP: 4 tokens of 3 types; after an onset 130 tokens are valid, 127 of them new
    probs = next_probs(0, piece(60, 60, 62), piece(60, 60))
    for token, count in {60: 2, 62: 1, STOP: 1, 64: 0}.items():
        new = 0 if count else 3 / 7 / 127
        assert probs[token] == pytest.approx(4 / 7 * count / 4 + new)


def test_a_known_context_is_mixed_with_the_shorter_ones() -> None:
    # after 60: 60 and 62 once each, T = t = 2; in all 60 60 62 STOP, t = 3, and
    # T = 1: STOP alone, because 60 and 62 are counted after 60 already
    probs = next_probs(1, piece(60, 60, 62), piece(60, 62))
    counts = {60: (1, 2), 62: (1, 1), STOP: (0, 1), 64: (0, 0)}
    new = {60: 0, 62: 0, STOP: 0, 64: 3 / 127}
    raw = {s: (after + 2 * (ever + new[s]) / (1 + 3)) / (2 + 2) for s, (after, ever) in counts.items()}
    total = raw[60] + raw[62] + raw[STOP] + 127 * raw[64]
    for token, share in raw.items():
        assert probs[token] == pytest.approx(share / total)


def test_scoring_begins_at_the_shortest_context_that_leaves_no_choice() -> None:
    # after 64 only 65 is known: the context before 64 adds nothing
    trained_on = piece(60, 62, 64, 65, 62, 67, 62, 64, 65)
    predicted = piece(62, 64, 65, 65)
    given_64 = [np.exp(next(NGram.fit([trained_on], order).log_probs([predicted]))[0]) for order in (1, 2, 5)]
    assert given_64[0].argmax() == 65
    assert np.array_equal(given_64[0], given_64[1])
    assert np.array_equal(given_64[0], given_64[2])


def test_an_unknown_context_leaves_the_shorter_one_as_it_is() -> None:
    trained_on, predicted = piece(60, 60, 62), piece(64, 60)
    assert next_probs(3, trained_on, predicted) == pytest.approx(next_probs(0, trained_on, predicted))


def test_invalid_tokens_are_left_out_and_the_rest_sums_to_one() -> None:
    trained_on = piece(60, 188, 62, 190, 60)
    for predicted in (piece(64, 60, 188, 0, 128, 62), piece(0, 60, 60, 0)):
        for row, valid in zip(
            next(NGram.fit([trained_on], 4).log_probs([predicted])), predicted.valid(), strict=True
        ):
            assert np.exp(row).sum() == pytest.approx(1)
            assert np.isneginf(row[~valid]).all()
            assert np.isfinite(row[valid]).all()


def test_a_piece_begins_with_start_and_ends_where_the_next_one_begins() -> None:
    # if contexts ran over the border, 72 would be known to follow STOP or 62
    alone = NGram.fit([piece(60, 62)], 2)
    twice = NGram.fit([piece(60, 62), piece(72, 74)], 2)
    predicted = piece(60, 62)
    after_60 = [np.exp(next(model.log_probs([predicted]))[0]) for model in (alone, twice)]
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
    predicted = piece(60, 188, 62, 0)
    after_note, after_onset, after_silence = np.exp(next(Copy(0.2).log_probs([predicted])))
    assert after_note[188] == pytest.approx(0.8)
    assert after_note[[0, 60, 61, STOP]] == pytest.approx(0.2 / 129)
    assert after_onset[190] == pytest.approx(0.8)
    assert after_silence[128] == pytest.approx(0.8)
    assert after_silence[0] == 0
    assert after_silence[60] == pytest.approx(0.2 / 128)


def test_each_voice_copies_itself() -> None:
    predicted = cut_at_note([START, 72, 60, 74, 188, 74, 62, STOP], 0.5, voices=2)
    assert np.exp(next(Copy(0.1).log_probs([predicted]))).argmax(axis=1)[:4].tolist() == [200, 188, 202, 188]


def recalled(predicted: Example, known: Example, mixing_b: float = 2.0) -> np.ndarray:
    """Probabilities of each target token of a piece, from the piece so far."""
    return Memory.fit([known], None, mixing_b).probs(predicted)


def test_without_repetition_all_known_tokens_are_equally_probable() -> None:
    # 60 has occurred once: half; training knows 60, 62, STOP, and all others share one token
    (first, *_) = recalled(piece(60, 62), known=piece(60, 62))
    assert first[60] == pytest.approx(1 / 2)
    assert first[[62, STOP]] == pytest.approx(1 / 2 * 1 / (2 + 127 / 255))
    assert first[64] == pytest.approx(1 / 2 * 1 / 255 / (2 + 127 / 255))


def test_memory_predicts_the_continuation_of_a_repeated_passage() -> None:
    predicted = piece(60, 62, 64, 65, 67, 60, 62, 64, 65, 67)
    after_60 = recalled(predicted, known=predicted)[1]
    assert after_60.argmax() == 62
    assert after_60[62] > 1 / 2


def test_memory_includes_the_true_target_so_far() -> None:
    # the figure 71 72 is in the target only: its second occurrence is predicted
    predicted = piece(60, 62, 64, 65, 67, 71, 72, 71, 72, 71)
    first, second = recalled(predicted, known=predicted)[[1, 3]]
    assert second.argmax() == 72
    assert second[72] > 2 * first[72]


def test_memory_uses_no_later_tokens() -> None:
    one, other = piece(60, 62, 64, 62, 60, 62), piece(60, 62, 64, 62, 60, 67)
    assert recalled(one, known=one)[:3] == pytest.approx(recalled(other, known=one)[:3])


def test_a_predictor_without_doubt_outweighs_the_memory() -> None:
    predicted = piece(60, 62, 64, 62, 60, 62)
    sure = np.where(np.arange(258) == predicted.target[:, None], 1.0, 0.0)
    with np.errstate(divide="ignore"):
        reminded = np.exp(Memory.fit([predicted], None, 2.0).mixed_with(np.log(sure), predicted))
    assert reminded == pytest.approx(sure, abs=1e-9)


def test_a_mixture_lies_between_its_components() -> None:
    predicted = piece(60, 188, 62, 190, 60, 188, 62, 190, 64)
    ngram, memory = NGram.fit([piece(60, 62, 60, 64, 62)], 3), Memory.fit([predicted], 3, 1.0)
    scores = next(ngram.log_probs([predicted]))
    low, high = np.sort([np.exp(scores), memory.probs(predicted)], axis=0)
    mixed = np.exp(memory.mixed_with(scores, predicted))
    assert mixed.sum(axis=1) == pytest.approx(1)
    assert (mixed >= low - 1e-12).all()
    assert (mixed <= high + 1e-12).all()


def over(chords: list[str], *symbols: int) -> Example:
    return cut_at_note([START, *symbols, STOP], 0.5, chords=numbers_of(chords))


def test_an_ngram_with_chords_predicts_by_the_chord_of_the_step() -> None:
    known = [over(["C:maj"] * 3 + ["G:7"], 60, 60, 60, 67), over(["C:maj"] * 4, 60, 60, 60, 64)] * 4
    predicted = over(["C:maj", "C:maj", "C:maj", "G:7"], 60, 60, 60, 67)
    with_chords, without = (
        next(NGram.fit(known, None, chords).log_probs([predicted])) for chords in (True, False)
    )
    assert with_chords[1].argmax() == 67
    assert with_chords[1][67] > without[1][67]


def test_an_ngram_with_chords_gives_distributions_over_valid_tokens_of_any_group() -> None:
    rng = np.random.default_rng(5)
    pieces = [over(["C:maj", "N"] * 4, *rng.integers(60, 64, size=8)) for _ in range(5)]
    model, memory = NGram.fit(pieces, None, True), Memory.fit(pieces, None, 1.0, True)
    for example, scores in zip(pieces, model.log_probs(pieces), strict=True):
        assert np.array_equal(scores, next(model.log_probs([example])))
        for found in (scores, memory.mixed_with(scores, example)):
            assert found.shape == (len(example.target), 258)
            assert np.exp(found).sum(axis=1) == pytest.approx(np.ones(len(example.target)))


def test_a_piece_without_chords_has_contexts_with_an_unknown_chord() -> None:
    model = NGram.fit([piece(60, 62, 60, 62, 60, 62)], None, True)
    assert np.exp(next(model.log_probs([piece(60, 62, 60, 62)])))[0].argmax() == 60


def test_a_memory_with_chords_recalls_what_followed_under_the_same_chord() -> None:
    chords = ["C:maj", "G:7", "C:maj", "G:7", "C:maj", "G:7"]
    predicted = over(chords, 60, 67, 60, 67, 60, 67)
    probs = Memory.fit([predicted], None, 1.0, True).probs(predicted)
    assert probs[:-1].argmax(axis=1).tolist() == [67, 60, 67]
