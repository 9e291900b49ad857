import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.core.settings import Section, SettingsError
from pipeline.core.vocabulary import IGNORE_INDEX, PAD_ID, START, STOP
from pipeline.models.base.bars import Bars
from pipeline.models.base.batches import Batch, collate
from pipeline.models.base.examples import Example, cut_at_note, give_voices
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.layers.dropout import dropout
from pipeline.models.base.registry import build, known_kinds, parse_model
from pipeline.models.stepwise.network import TaskError
from tests.helpers.melodies import ENTCHEN, copying, decoder, lstm, scales, stepwise, transformer

SHAPES = [
    lstm(input="onehot", attention="none", bidirectional=False),
    lstm(input="embedding", attention="none"),
    lstm(attention="dot", layers=2),
    lstm(attention="additive", bidirectional=False),
    lstm(tied=True, bars=True, copy_source=True),
    copying(),
    copying(layers=2, copies=["interval"], bars=False),
    copying(copies=["pitch"], matches=False),
    copying(meter=True),
    copying(chords=True),
    lstm(chords=True, bars=True),
    transformer(),
    transformer(layers=3, heads=3, distances=2, bars=False),
    transformer(meter=True),
    decoder(),
    decoder(layers=2),
    decoder(meter=True),
]
HARMONIZE = [
    lstm(attention="dot"),
    lstm(tied=True, bars=True, copy_source=True),
    lstm(chords=True),
    transformer(),
    transformer(layers=2, distances=3, bars=False),
    decoder(layers=2),
    stepwise(),
    stepwise(layers=2),
    stepwise(meter=True),
]


def network(shape: Section) -> Seq2Seq:
    torch.manual_seed(1)
    return build(shape)


def waltz() -> Example:
    """Three bars of 3/4 after an upbeat, the second a second above the first, with a silence."""
    tokens = [60, 64, 192, 60, 65, 0, 128, 66, 194, 62, 65]
    bars = Bars(3, np.array([2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0], np.int16), "3/4")
    return cut_at_note([START, *tokens, STOP], 0.5, bars=bars)


def duet() -> Example:
    tokens = [64, 60, 192, 188, 67, 59, 66, 187, 0, 60, 67, 188, 69, 188]
    return cut_at_note([START, *tokens, STOP], 0.4, voices=2, bars=Bars(2, np.tile(np.int16([0, 1]), 4)[:7]))


def in_meter(meter: str) -> Example:
    """Two bars of six eighths."""
    tokens = [60, 62, 64, 65, 67, 69, 71, 69, 67, 65, 64, 62]
    bars = Bars(6, np.tile(np.arange(6, dtype=np.int16), 2), meter)
    return cut_at_note([START, *tokens, STOP], 0.5, bars=bars)


def harmonies() -> list[Example]:
    """The duet and a shorter one, each with another voice given, and one with none."""
    longer = duet()
    tokens = np.concatenate([[START], longer.whole])
    bars = Bars(2, np.tile(np.int16([0, 1]), 4)[:7])
    short = [START, 72, 55, 71, 183, STOP]
    return [give_voices(tokens, [0], 2, bars), give_voices(tokens, [], 2), give_voices(short, [1], 2)]


def step_by_step(model: Seq2Seq, batch: Batch) -> torch.Tensor:
    state = model.start(batch)
    rows = []
    for tokens in batch.inputs.masked_fill(batch.inputs == PAD_ID, 0).T:
        logits, state = model.step(state, tokens)
        rows.append(logits)
    return torch.stack(rows, dim=1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_logits_of_a_piece_do_not_depend_on_its_batch(shape: Section) -> None:
    model, examples = network(shape), scales()
    together = model(collate(examples))
    for row, example in zip(together, examples, strict=True):
        alone = model(collate([example]))[0]
        torch.testing.assert_close(row[: len(example.target)], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_pass_equals_step_by_step_decoding(shape: Section) -> None:
    model = network(shape)
    for examples in (scales(), [waltz()], [duet()]):
        batch = collate(examples)
        there = batch.target != IGNORE_INDEX
        torch.testing.assert_close(
            model(batch)[there], step_by_step(model, batch)[there], rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_later_tokens_do_not_change_earlier_logits(shape: Section) -> None:
    model, batch = network(shape), collate(scales()[:1])
    other = batch.inputs.clone()
    other[:, 2:] = 40
    torch.testing.assert_close(model(batch)[:, :2], model(replace(batch, inputs=other))[:, :2])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_weight_learns(shape: Section) -> None:
    model = network(shape)
    model(collate(scales())).sum().backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize("kind", [copying, transformer, decoder])
def test_bars_of_equal_length_differ_by_their_meter_where_a_model_reads_it(kind: Any) -> None:
    waltz, jig = collate([in_meter("3/4")]), collate([in_meter("6/8")])
    reads, does_not = network(kind(meter=True)), network(kind(meter=False))
    assert not torch.allclose(reads(waltz), reads(jig))
    torch.testing.assert_close(does_not(waltz), does_not(jig))


def test_a_harmonizer_reads_the_meter() -> None:
    model, tokens = network(stepwise(meter=True)), [START, *[64, 60] * 6, STOP]
    waltz, jig = (
        model(collate([give_voices(tokens, [0], 2, Bars(6, np.arange(6, dtype=np.int16), meter))]))
        for meter in ("3/4", "6/8")
    )
    assert not torch.allclose(waltz[:, :-1], jig[:, :-1])


@pytest.mark.parametrize("shape", HARMONIZE, ids=str)
def test_the_logits_of_a_harmony_do_not_depend_on_its_batch_and_equal_step_by_step_decoding(
    shape: Section,
) -> None:
    model, examples = network(shape), harmonies()
    batch = collate(examples)
    together, stepped = model(batch), step_by_step(model, batch)
    for row, again, example in zip(together, stepped, examples, strict=True):
        predicted = torch.from_numpy(example.predicted)
        alone = model(collate([example]))[0][predicted]
        torch.testing.assert_close(row[: len(predicted)][predicted], alone, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(again[: len(predicted)][predicted], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", HARMONIZE, ids=str)
def test_missing_voices_are_not_used_before_they_are_predicted(shape: Section) -> None:
    model = network(shape)
    tokens = [START, 64, 60, 192, 188, 67, 59, 195, 187, STOP]
    other = [START, 64, 60, 192, 188, 67, 55, 195, 183, STOP]
    one, two = (model(collate([give_voices(each, [0], 2)]))[0] for each in (tokens, other))
    torch.testing.assert_close(one[:6], two[:6])  # up to the note that differs


@pytest.mark.parametrize("shape", [transformer(), stepwise(), lstm(attention="dot")], ids=str)
def test_the_future_of_a_given_voice_is_used(shape: Section) -> None:
    model = network(shape)
    tokens = [START, 64, 60, 192, 188, 67, 59, 195, 187, STOP]
    other = [START, 64, 60, 192, 188, 67, 59, 72, 187, STOP]
    one, two = (model(collate([give_voices(each, [0], 2)]))[0, 1] for each in (tokens, other))
    assert not torch.allclose(one, two)


def test_the_decoder_only_model_uses_no_later_tokens() -> None:
    model = network(decoder())
    tokens = [START, 64, 60, 192, 188, 67, 59, 195, 187, STOP]
    other = [START, 64, 60, 192, 188, 67, 59, 72, 187, STOP]
    one, two = (model(collate([give_voices(each, [0], 2)]))[0] for each in (tokens, other))
    torch.testing.assert_close(one[:7], two[:7])


@pytest.mark.parametrize("shape", HARMONIZE, ids=str)
def test_every_weight_that_harmonizes_learns(shape: Section) -> None:
    model = network(shape)
    model(collate(harmonies())).sum().backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


def test_a_model_that_harmonizes_refuses_to_continue() -> None:
    with pytest.raises(TaskError, match="needs pieces with given voices"):
        network(stepwise())(collate(scales()))


@pytest.mark.parametrize("shape", [lstm(attention="additive"), copying(), transformer()], ids=str)
def test_attention_weights_exclude_padding_and_sum_to_one(shape: Section) -> None:
    batch = collate(scales())
    maps, predicted = network(shape).attention(batch), batch.target != IGNORE_INDEX
    assert maps is not None
    for weights in maps.weights.values():
        torch.testing.assert_close(weights.sum(-1), torch.ones(batch.target.shape))
        for row, length in zip(weights, batch.source_lengths, strict=True):
            assert (row[:, length : batch.source.shape[1]] == 0).all()
    for components in (maps.mixture_weights, maps.responsibilities):
        if components:
            shares = torch.stack(list(components.values())).sum(0)[predicted]
            torch.testing.assert_close(shares, torch.ones(shares.shape))


@pytest.mark.parametrize("shape", [lstm(attention="dot"), copying(), transformer()], ids=str)
def test_the_attention_of_a_piece_does_not_depend_on_its_batch(shape: Section) -> None:
    model, examples = network(shape), scales()
    together = model.attention(batch := collate(examples))
    assert together is not None
    for i, example in enumerate(examples):
        alone = model.attention(collate([example]))
        assert alone is not None
        length, places = len(example.source), len(example.target)
        for name, weights in alone.weights.items():
            own = together.weights[name][i, :places]
            own = torch.cat([own[:, :length], own[:, batch.source.shape[1] :]], dim=1)
            torch.testing.assert_close(own[:, : weights.shape[2]], weights[0], rtol=1e-4, atol=1e-5)
        for name, responsibility in alone.responsibilities.items():
            torch.testing.assert_close(
                together.responsibilities[name][i, :places], responsibility[0], rtol=1e-4, atol=1e-5
            )


def test_copies_attend_to_all_earlier_tokens_and_to_no_later_one() -> None:
    batch = collate([cut_at_note(ENTCHEN, 0.5)])
    maps, n_source = network(copying()).attention(batch), batch.source.shape[1]
    assert maps is not None
    assert list(maps.weights) == ["attention", "pitch", "interval"]
    for weights in maps.weights.values():
        reach = [n_source + place for place in range(len(weights[0]))]
        assert [(row > 0).sum().item() for row in weights[0]] == reach
        assert all((row[length:] == 0).all() for row, length in zip(weights[0], reach, strict=True))


def test_without_attention_there_are_no_weights() -> None:
    assert network(lstm(attention="none")).attention(collate(scales())) is None


def test_the_mask_leaves_what_the_grammar_allows() -> None:
    example = cut_at_note(ENTCHEN, 0.5)
    batch = collate([example])
    masked = network(lstm()).mask(
        torch.zeros(1, len(example.target), 258), batch.previous, batch.stop_allowed
    )
    assert np.array_equal(masked[0].isfinite().numpy(), example.valid())


def test_the_mask_depends_on_voices() -> None:
    tokens = [START, 64, 60, 65, 188, 67, 188, STOP]
    example: Example = cut_at_note(tokens, 0.5, voices=2)
    batch = collate([example])
    masked = network(lstm()).mask(
        torch.zeros(1, len(example.target), 258), batch.previous, batch.stop_allowed
    )
    assert np.array_equal(masked[0].isfinite().numpy(), example.valid())


def test_without_a_generator_nothing_is_dropped() -> None:
    ones = torch.ones(100)
    assert torch.equal(dropout(ones, 0.5, None), ones)
    noisy = dropout(ones, 0.5, torch.Generator().manual_seed(1))
    assert sorted(set(noisy.tolist())) == [0.0, 2.0]


def test_an_unknown_kind_gives_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="no model 'lstmm'; did you mean 'lstm'"):
        parse_model({"kind": "lstmm"}, "experiments.mine.model")


def test_an_unknown_parameter_gives_the_nearest_name() -> None:
    section = {**lstm().model_dump(), "hiden_size": 3}
    with pytest.raises(SettingsError, match="did you mean 'hidden_size'"):
        parse_model(section, "experiments.mine.model")


def test_settings_are_read_without_torch() -> None:
    code = (
        "import importlib, sys\n"
        "import pipeline.training.settings\n"
        "from pipeline.models.base.registry import config_of, known_kinds\n"
        "for kind in known_kinds(): config_of(kind)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_kind_implements_the_interface() -> None:
    assert {shape.model_dump()["kind"] for shape in [*SHAPES, *HARMONIZE]} == set(known_kinds())


@pytest.mark.parametrize("shape", [*SHAPES, *HARMONIZE], ids=str)
def test_a_state_selects_examples_and_counts_predicted_tokens(shape: Section) -> None:
    model = network(shape)
    batch = collate(harmonies() if shape in HARMONIZE else scales()[:3])
    rows, tokens = torch.tensor([2, 0, 2]), batch.inputs.masked_fill(batch.inputs == PAD_ID, 0)
    state = chosen = model.start(batch)
    for position in range(3):
        logits, state = model.step(state, tokens[:, position])
        expected = logits[rows]
        selected, _ = model.step(chosen.select(rows), tokens[rows, position])
        torch.testing.assert_close(selected, expected, rtol=1e-4, atol=1e-5)
        chosen = state
        assert getattr(state, "n_predicted", position + 1) == position + 1
