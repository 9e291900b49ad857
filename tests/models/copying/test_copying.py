"""Predictions of an LSTM that only copies, with counted matches as its only features."""

import numpy as np
import pytest
import torch

from pipeline.core.vocabulary import START, STOP
from pipeline.decoding.continuation import continue_melodies
from pipeline.decoding.scoring import log_probs
from pipeline.models.base.bars import Bars
from pipeline.models.base.batches import collate
from pipeline.models.base.examples import ContinueExample, cut_at_note
from pipeline.models.base.registry import build
from pipeline.models.copying.network import CopyingNetwork
from tests.helpers.melodies import copying


def copyist(way: str) -> CopyingNetwork:
    """A model that copies from the longest matching passage and never uses the vocabulary."""
    model = build(copying(copies=[way]))
    assert isinstance(model, CopyingNetwork)
    with torch.no_grad():
        for weight in model.copies.parameters():
            weight.zero_()
        model.copies.sentinel.bias.fill_(-30.0)
        for agreed in (model.copies.same_symbols, model.copies.same_intervals):
            assert agreed is not None
            agreed.copy_(10 * torch.arange(len(agreed))[:, None])
    return model


def example_of(*source: int) -> ContinueExample:
    """A source; its continuation is the target."""
    return ContinueExample(np.array(source, np.uint16), np.array([STOP], np.uint16))


def in_bars_of(steps: int) -> Bars:
    return Bars(steps, np.arange(4, dtype=np.int16) % steps)


def continued(way: str, *source: int, steps: int = 1) -> list[int]:
    return continue_melodies(copyist(way), [example_of(*source)], max_steps=steps)[0].tokens.tolist()


@pytest.mark.parametrize("way", ["pitch", "interval"])
def test_a_repeated_motif_is_continued_as_before(way: str) -> None:
    assert continued(way, 60, 62, 64, 192, 67, 65, 60, 62, steps=4) == [64, 192, 67, 65]


def test_a_motif_a_fifth_higher_is_continued_a_fifth_higher() -> None:
    rising_third = [60, 62, 190, 64]
    assert continued("interval", *rising_third, 55, 67, 69, 197) == [71]
    assert continued("pitch", *rising_third, 55, 67, 69, 197) == [64]


def test_a_copied_tie_holds_the_current_note() -> None:
    assert continued("pitch", 60, 64, 192, 62, 67, 71) == [199]


def test_of_two_passages_the_longer_agreement_has_more_weight() -> None:
    assert continued("pitch", 60, 62, 64, 72, 65, 64, 71, 62, 60, 62, 64) == [72]


def test_a_known_bar_length_changes_the_prediction() -> None:
    torch.manual_seed(1)
    model, tune = build(copying()), [START, 60, 62, 64, 65, STOP]
    metres = (None, in_bars_of(3), in_bars_of(4), in_bars_of(500))
    examples = [cut_at_note(tune, 0.5, bars=bars) for bars in metres]
    unknown, waltz, march, too_long = log_probs(model, examples)
    assert not np.allclose(unknown, waltz)
    assert not np.allclose(waltz, march)
    np.testing.assert_allclose(too_long, unknown, rtol=1e-5)


def test_the_component_that_predicts_the_true_token_has_the_posterior_weight() -> None:
    higher = [60, 62, 190, 64, 55, 67, 69, 197]
    goes_up = ContinueExample(np.array(higher, np.uint16), np.array([71, STOP], np.uint16))
    maps = copyist("interval").attention(collate([goes_up]))
    assert maps is not None
    mixture, responsibilities = (
        {name: round(share[0, 0].item(), 3) for name, share in shares.items()}
        for shares in (maps.mixture_weights, maps.responsibilities)
    )
    assert mixture == {"vocabulary": 0.0, "interval": 1.0}
    assert responsibilities == {"vocabulary": 0.0, "interval": 1.0}
    assert maps.weights["interval"][0, 0].argmax() == 3  # the note after the similar passage a fifth lower


def test_the_vocabulary_has_the_posterior_weight_of_tokens_that_no_copy_predicts() -> None:
    new = ContinueExample(np.array([60, 62, 190], np.uint16), np.array([100, STOP], np.uint16))
    maps = copyist("pitch").attention(collate([new]))
    assert maps is not None
    assert maps.mixture_weights["vocabulary"][0, 0] < 0.001
    assert maps.responsibilities["vocabulary"][0, 0] == 1
