"""Beam search, guidance and revision of harmonies."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from pipeline.core.vocabulary import START, STOP, decode
from pipeline.decoding.beam_search import search
from pipeline.decoding.continuation import continue_melodies
from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.harmony_search import search_harmonies
from pipeline.decoding.revision import revise
from pipeline.decoding.sampling import PredictionError, Sampling
from pipeline.decoding.scoring import log_probs
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.decoding.voice_leading.keys import WrittenKey
from pipeline.evaluation.metrics.voice_leading import total, voice_leading
from pipeline.models.base.examples import ContinueExample, HarmonizeExample, give_voices
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.registry import build
from tests.helpers.melodies import lstm, stepwise

TUNES = [
    [START, 64, 60, 65, 62, 67, 59, 195, 187, 69, 55, STOP],
    [START, 72, 55, 71, 183, 200 - 128, 57, STOP],
    [START, 67, 52, 195, 53, STOP],
]


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    torch.manual_seed(1)
    return build(stepwise())


def duets() -> list[HarmonizeExample]:
    return [give_voices(tune, [0], 2) for tune in TUNES]


def guidance(n: int, **nats: float) -> Guidance:
    guided = Guidance.at("default", [WrittenKey()] * n)
    assert guided
    return Guidance({name: nats.get(name, 0.0) for name in guided.nats}, guided.keys)


def score(model: Seq2Seq, example: HarmonizeExample, tokens: np.ndarray) -> float:
    """Log-probability of the predicted tokens."""
    (rows,) = log_probs(model, [example.with_tokens(example.source, tokens)])
    return float(rows[np.arange(len(tokens)), tokens][example.predicted].sum())


def test_a_beam_of_one_is_greedy_decoding(model: Seq2Seq) -> None:
    examples, costs = duets(), guidance(3, crossings=5.0, leaps=5.0)
    for each in (None, costs):
        greedy = harmonize(model, examples, guidance=each)
        found = search_harmonies(model, examples, 1, guidance=each)
        assert [a.tolist() for a in found] == [b.tolist() for b in greedy]


def test_a_wide_beam_finds_the_most_probable_harmony(model: Seq2Seq) -> None:
    example = duets()[2]
    (found,) = search_harmonies(model, [example], 300)
    greedy = harmonize(model, [example])[0]
    others = [np.array([67, first, 195, first + 128, STOP], np.uint16) for first in range(1, 128)]
    best = score(model, example, found)
    assert best >= max(score(model, example, each) for each in [greedy, *others]) - 1e-4


def test_found_harmonies_do_not_depend_on_the_batch_and_keep_the_given_voice(model: Seq2Seq) -> None:
    examples = duets()
    together = search_harmonies(model, examples, 3)
    for example, tokens in zip(examples, together, strict=True):
        (alone,) = search_harmonies(model, [example], 3)
        assert tokens.tolist() == alone.tolist()
        assert tokens[:-1:2].tolist() == example.target[:-1:2].tolist()
        decode([START, *tokens.tolist()], voices=2)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_guided_harmonies_break_fewer_rules(model: Seq2Seq, temperature: float) -> None:
    examples, sampling = duets(), Sampling(temperature)
    costs = guidance(3, crossings=100.0)
    free, guided = (harmonize(model, examples, sampling, 1, guidance=each) for each in (None, costs))
    crossed = [
        total(voice_leading(decode([START, *each.tolist()], 2)) for each in made).crossings
        for made in (free, guided)
    ]
    assert crossed[1] == 0 < crossed[0]


def test_guided_continuations_of_several_voices_break_fewer_rules() -> None:
    torch.manual_seed(1)
    model = build(lstm())
    example = ContinueExample(np.array([72, 48, 200, 176], np.uint16), np.array([STOP], np.uint16), voices=2)
    costs = guidance(1, crossings=100.0)
    made = [
        continue_melodies(model, [example], 12, guidance=each, seed=2)[0].tokens for each in (None, costs)
    ]
    made.append(search(model, example, 12, 3, costs).tokens)
    grids = [decode([START, *example.source, *tokens[tokens != STOP], STOP], 2) for tokens in made]
    assert [voice_leading(grid).crossings for grid in grids[1:]] == [0, 0]


def test_revised_harmonies_keep_the_given_voices_and_obey_the_grammar(model: Seq2Seq) -> None:
    examples = [give_voices(TUNES[0], [0], 2), give_voices(TUNES[1], [1], 2)]
    first = harmonize(model, examples)
    revised = revise(model, examples, first, 2, Sampling(1.0), seed=4)
    for example, tokens in zip(examples, revised, strict=True):
        (given,) = example.given
        assert tokens[given:-1:2].tolist() == example.target[given:-1:2].tolist()
        decode([START, *tokens.tolist()], voices=2)
    assert revise(model, examples, first, 0) == first


def test_revising_a_single_missing_voice_equals_harmonizing(model: Seq2Seq) -> None:
    examples = duets()
    first = harmonize(model, examples)
    assert [a.tolist() for a in revise(model, examples, first, 1)] == [b.tolist() for b in first]


@pytest.mark.parametrize(
    "predict",
    [
        lambda model: list(log_probs(model, duets())),
        lambda model: continue_melodies(model, duets(), 4),
        lambda model: search(model, duets()[0], 4, 2),
        lambda model: harmonize(model, duets()),
        lambda model: search_harmonies(model, duets(), 2),
    ],
)
def test_predictions_that_are_not_numbers_are_refused(predict: Callable[[Seq2Seq], object]) -> None:
    model = build(stepwise())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(3e38)  # finite, and sums of them are not
    with pytest.raises(PredictionError, match="its weights are too large"):
        predict(model)
