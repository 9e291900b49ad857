import numpy as np
import pytest
import torch

from pipeline.core.settings import Section
from pipeline.core.vocabulary import START, STOP, decode
from pipeline.decoding.attention import attention
from pipeline.decoding.beam_search import search
from pipeline.decoding.continuation import continue_melodies
from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.sampling import Sampling
from pipeline.decoding.scoring import log_probs
from pipeline.models.base.examples import ContinueExample, Example, give_voices
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.registry import build
from tests.helpers.melodies import copying, decoder, lstm, scales, stepwise, transformer


@pytest.fixture(scope="module", params=[lstm(), copying()], ids=["lstm", "copying"])
def model(request: pytest.FixtureRequest) -> Seq2Seq:
    torch.manual_seed(1)
    return build(request.param)


def two_voices() -> Example:
    source = np.array([64, 60, 192, 188], np.uint16)
    return ContinueExample(source, np.array([STOP], np.uint16), voices=2)


def test_probabilities_sum_to_one_over_the_valid_tokens(model: Seq2Seq) -> None:
    for example, rows in zip(scales(), log_probs(model, scales()), strict=True):
        assert rows.shape == (len(example.target), 258)
        assert rows.dtype == np.float32
        assert np.array_equal(np.isfinite(rows), example.valid())
        np.testing.assert_allclose(np.exp(rows).sum(1), 1, rtol=1e-5)


def test_likelihoods_do_not_depend_on_batches(model: Seq2Seq) -> None:
    alone = log_probs(model, scales(), batch_tokens=1)
    together = log_probs(model, scales(), batch_tokens=10_000)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("temperature", [0.0, 1.0, 5.0])
def test_a_continuation_obeys_the_grammar(model: Seq2Seq, temperature: float) -> None:
    examples = [*scales(), two_voices()]
    found = continue_melodies(model, examples, max_steps=30, sampling=Sampling(temperature), seed=3)
    for example, continuation in zip(examples, found, strict=True):
        ending = [] if continuation.complete else [STOP]
        whole = [256, *example.source, *continuation.tokens, *ending]
        assert decode(whole, example.voices).n_steps <= len(example.source) + 30


def test_the_limit_of_steps_makes_a_continuation_incomplete(model: Seq2Seq) -> None:
    with torch.no_grad():
        model.output.bias[STOP] = -100.0
    short = continue_melodies(model, [*scales(), two_voices()], max_steps=3)
    assert [len(c.tokens) for c in short] == [3] * 8 + [6]
    assert not any(c.complete for c in short)


def test_a_sample_depends_only_on_its_seed_and_index(model: Seq2Seq) -> None:
    def sampled(seed: int, batch_size: int) -> list[list[int]]:
        found = continue_melodies(model, scales(), 20, Sampling(1.0), seed=seed, batch_size=batch_size)
        return [c.tokens.tolist() for c in found]

    assert sampled(1, 8) == sampled(1, 8)
    assert sampled(1, 8) == sampled(1, 3)
    assert sampled(1, 8) != sampled(2, 8)


def test_attention_has_one_row_per_target_token_in_any_batch(model: Seq2Seq) -> None:
    examples = scales()
    together = list(attention(model, examples))
    for example, seen in zip(examples, together, strict=True):
        (alone,) = attention(model, [example])
        for name, weights in seen.weights.items():
            assert len(weights) == len(example.target)
            np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
            np.testing.assert_allclose(weights, alone.weights[name], rtol=1e-3, atol=1e-5)


def likelihood(model: Seq2Seq, example: Example, tokens: np.ndarray) -> float:
    """Mean log-probability per token of a continuation."""
    (rows,) = log_probs(model, [ContinueExample(example.source, tokens, example.voices)])
    return float(rows[np.arange(len(tokens)), tokens].mean())


def test_a_beam_of_one_is_the_greedy_continuation(model: Seq2Seq) -> None:
    for example in [*scales(), two_voices()]:
        (greedy,) = continue_melodies(model, [example], max_steps=12)
        found = search(model, example, max_steps=12, width=1)
        assert found.tokens.tolist() == greedy.tokens.tolist()
        assert found.complete == greedy.complete


def test_a_wide_beam_finds_the_most_probable_short_continuation(model: Seq2Seq) -> None:
    example = scales()[0]
    with torch.no_grad():
        model.output.bias[STOP] = 4.0
    found = search(model, example, max_steps=2, width=300)
    valid = np.flatnonzero(example.valid()[0][:256])
    every = [np.array([token, STOP], np.uint16) for token in valid]
    assert (
        likelihood(model, example, found.tokens) >= max(likelihood(model, example, e) for e in every) - 1e-4
    )


def test_a_found_continuation_obeys_the_grammar(model: Seq2Seq) -> None:
    for example in [*scales(), two_voices()]:
        found = search(model, example, max_steps=15, width=4)
        ending = [] if found.complete else [STOP]
        decode([256, *example.source, *found.tokens, *ending], example.voices)


@pytest.mark.parametrize("shape", [stepwise(), decoder(), transformer()], ids=str)
def test_given_voices_are_unchanged_and_the_others_obey_the_grammar(shape: Section) -> None:
    torch.manual_seed(1)
    tunes = [[START, 64, 60, 192, 188, 67, 59, 195, 187, STOP], [START, 72, 55, 71, 183, STOP]]
    examples = [give_voices(tune, [0], 2) for tune in tunes]
    found = harmonize(build(shape), examples, Sampling(1.0), seed=3)
    for tokens, example in zip(found, examples, strict=True):
        assert tokens[:-1:2].tolist() == example.target[:-1:2].tolist()
        decode([START, *tokens.tolist()], voices=2)  # refuses an invalid tie
    alone = harmonize(build(shape), examples[:1])
    assert len(alone[0]) == len(examples[0].target)


def test_predicted_voices_do_not_depend_on_the_true_ones() -> None:
    torch.manual_seed(1)
    model = build(stepwise())
    one = give_voices([START, 64, 60, 192, 188, 67, 59, 195, 187, STOP], [0], 2)
    two = give_voices([START, 64, 50, 192, 178, 67, 40, 195, 168, STOP], [0], 2)
    assert harmonize(model, [one])[0].tolist() == harmonize(model, [two])[0].tolist()
