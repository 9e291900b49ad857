"""Properties of the transformer: relative positions, embeddings of voices, memorization."""

import pytest
import torch

from pipeline.core.settings import SettingsError
from pipeline.core.vocabulary import START, STOP
from pipeline.decoding.continuation import continue_melodies
from pipeline.models.base.batches import collate
from pipeline.models.base.examples import Example, cut_at_note
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.registry import build, parse_model
from pipeline.training.loop import train
from tests.helpers.melodies import ENTCHEN, training, training_data, transformer

MOTIF = [60, 62, 64, 60, 67, 65]


def network(**changes: object) -> Seq2Seq:
    torch.manual_seed(1)
    return build(transformer(**changes))


def test_a_tune_can_be_memorized() -> None:
    example = cut_at_note(ENTCHEN, 0.5)
    model = network(size=32, layers=2, distances=32)
    train(model, training_data([example]), training(epochs=80, learning_rate=0.01))
    (continuation,) = continue_melodies(model, [example], max_steps=40)
    assert continuation.tokens.tolist() == example.target.tolist()


def test_logits_do_not_depend_on_where_a_melody_begins() -> None:
    """Positions are relative: tokens outside the window change nothing."""
    model = network(bars=False)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("liking.weight"):
                weight[:] = -1e4
                weight[3:8] = 0.0  # up to two positions apart

    def first_places(example: Example) -> torch.Tensor:
        return model(collate([example]))[0, :2]

    short = cut_at_note([START, *MOTIF, *MOTIF, STOP], 0.5)
    late = cut_at_note([START, 70, 71, 72, 73, *MOTIF, *MOTIF, STOP], 10 / 16)
    assert late.target.tolist() == short.target.tolist()
    torch.testing.assert_close(first_places(short), first_places(late), rtol=1e-4, atol=1e-5)


def test_voices_have_different_embeddings() -> None:
    tokens = [START, *[60, 60, 188, 188] * 4, STOP]
    logits = network()(collate([cut_at_note(tokens, 0.5, voices=2)]))[0]
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)


def test_heads_share_the_vector_evenly() -> None:
    section = {**transformer().model_dump(), "heads": 5}
    with pytest.raises(SettingsError, match="size 12 must be a multiple of heads 5"):
        parse_model(section, "experiments.mine.model")
