"""Options of training: transposition, label smoothing, averaged weights."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.core.settings import SettingsError
from pipeline.core.vocabulary import START, STOP, TIED
from pipeline.models.base.batches import collate
from pipeline.models.base.devices import supports_bfloat16
from pipeline.models.base.examples import Example, cut_at_note
from pipeline.models.base.registry import build
from pipeline.training import determinism
from pipeline.training.augmentation import transposed
from pipeline.training.averaging import MovingAverage
from pipeline.training.data import refuse_long_pieces
from pipeline.training.determinism import prepare
from pipeline.training.loop import train
from pipeline.training.losses import losses
from tests.helpers.melodies import ENTCHEN, lstm, scale, scales, training, training_data, write_shard
from tests.helpers.paths import ROOT


def test_a_piece_of_too_many_tokens_is_refused_before_training(tmp_path: Path) -> None:
    for split, n_notes in (("train", 5), ("valid", 5), ("test", 30)):
        write_shard(tmp_path / "tunes" / split / "00000.parquet", [scale(50, n_notes, 2)])
    refuse_long_pieces(tmp_path / "tunes", 60)
    with pytest.raises(SettingsError, match="has 60 tokens, training.max_piece_tokens is 59; set filter"):
        refuse_long_pieces(tmp_path / "tunes", 59)


def whole(example: Example) -> list[int]:
    return [*example.source.tolist(), *example.target.tolist()]


def moved(tokens: list[int], shift: int) -> list[int]:
    """The same tune in another key: silence and STOP are unchanged."""
    return [s if s in (0, TIED, STOP) else s + shift for s in tokens]


RESTS = [START, 60, 60 + TIED, 0, TIED, 64, 67, 0, STOP]


@pytest.mark.parametrize("tune", [ENTCHEN, RESTS])
def test_a_tune_is_transposed_by_every_allowed_interval_and_no_other(tune: list[int]) -> None:
    original = cut_at_note(tune, 0.5)
    keys = set()
    for epoch in range(60):
        (example,) = transposed([original], training(transpose_semitones=2), epoch)
        shift = whole(example)[0] - whole(original)[0]
        assert whole(example) == moved(whole(original), shift)
        assert len(example.source) == len(original.source)
        keys.add(shift)
    assert keys == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize(("pitches", "allowed"), [([1, 3], {0, 1, 2, 3}), ([120, 127], {-3, -2, -1, 0})])
def test_no_note_leaves_1_to_127(pitches: list[int], allowed: set[int]) -> None:
    original = cut_at_note([START, *pitches, STOP], 0.5)
    settings = training(transpose_semitones=3)
    first_pitches = {whole(transposed([original], settings, epoch)[0])[0] for epoch in range(60)}
    assert {pitch - pitches[0] for pitch in first_pitches} == allowed


def test_a_resumed_epoch_has_the_same_keys() -> None:
    settings = training(transpose_semitones=5)
    first, again, later = (transposed(scales(), settings, epoch) for epoch in (1, 1, 2))
    assert [whole(e) for e in first] == [whole(e) for e in again]
    assert [whole(e) for e in first] != [whole(e) for e in later]


def test_label_smoothing_is_over_valid_tokens_only() -> None:
    torch.manual_seed(1)
    network, example = build(lstm()), cut_at_note(ENTCHEN, 0.5)
    batch = collate([example])
    nats, loss = losses(network, batch, training(label_smoothing=0.2))
    log_probs = network.mask(network(batch), batch.previous, batch.stop_allowed).log_softmax(-1)[0]
    spread = -sum(
        log_probs[t, torch.from_numpy(valid)].mean() for t, valid in enumerate(np.asarray(example.valid()))
    )
    torch.testing.assert_close(loss, 0.8 * nats + 0.2 * spread)


def test_smoothing_leaves_padding_out() -> None:
    torch.manual_seed(1)
    network, settings = build(lstm()), training(label_smoothing=0.2)
    _, together = losses(network, collate(scales()), settings)
    alone = [losses(network, collate([example]), settings)[1] for example in scales()]
    torch.testing.assert_close(together, torch.stack(alone).sum())


def test_an_average_counts_later_weights_more() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
        average = MovingAverage(model, 0.9)
        for step, weight in ((1, 3.0), (2, 5.0)):
            model.weight.fill_(weight)
            average.update(step)
    first = 2 / 11 * 1.0 + 9 / 11 * 3.0
    with average.in_place():
        assert model.weight.item() == pytest.approx(3 / 12 * first + 9 / 12 * 5.0)
    assert model.weight.item() == 5.0


@pytest.mark.parametrize(
    "changes", [{"ema_decay": 0.9}, {"label_smoothing": 0.1}, {"transpose_semitones": 4}]
)
def test_every_feature_changes_the_learning_curve(changes: dict[str, object]) -> None:
    curves = []
    for settings in (training(), training(**changes)):
        prepare(settings)
        curves.append(train(build(lstm()), training_data(scales()), settings).curve)
    assert curves[0] != curves[1]


def test_bfloat16_is_close_to_float32_or_refused_before_training() -> None:
    settings = training(precision="bfloat16")
    if not supports_bfloat16(torch.device("cpu")):
        with pytest.raises(SettingsError, match="set precision: float32"):
            prepare(settings)
        return
    prepare(settings)
    network, batch = build(lstm()), collate(scales())
    nats, _ = losses(network, batch, training())
    halved, loss = losses(network, batch, settings)
    assert halved.dtype == torch.float32
    assert halved.item() != nats.item()
    assert halved.item() == pytest.approx(nats.item(), rel=0.01)
    gradients = torch.autograd.grad(loss, list(network.parameters()))
    assert all(gradient.dtype == torch.float32 for gradient in gradients)


@pytest.mark.parametrize("supported", [True, False])
def test_bfloat16_needs_a_device_that_supports_it(monkeypatch: pytest.MonkeyPatch, supported: bool) -> None:
    monkeypatch.setattr(determinism, "supports_bfloat16", lambda _: supported)
    prepare(training(precision="float32"))
    if supported:
        assert prepare(training(precision="bfloat16")).type == "cpu"
        return
    message = r"training.precision is bfloat16, but this device \(cpu .*\) can train only in float32"
    with pytest.raises(SettingsError, match=message):
        prepare(training(precision="bfloat16"))


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="an instruction set of x86-64")
def test_a_processor_with_avx2_alone_has_no_bfloat16() -> None:
    code = (
        "import torch\n"
        "from pipeline.models.base.devices import supports_bfloat16\n"
        "print(supports_bfloat16(torch.device('cpu')))"
    )
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
