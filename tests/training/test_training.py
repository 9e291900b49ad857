from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.core.settings import SettingsError, parse_section
from pipeline.core.vocabulary import PAD_ID, TIED
from pipeline.decoding.continuation import continue_melodies
from pipeline.models.base.batches import collate
from pipeline.models.base.devices import choose_device
from pipeline.models.base.examples import cut_at_note
from pipeline.models.base.pretrained import CheckpointError, Run, load_run, save_run
from pipeline.models.base.registry import build
from pipeline.models.base.tasks import TASK
from pipeline.training import loop
from pipeline.training.determinism import prepare
from pipeline.training.gradients import Workers
from pipeline.training.loop import DivergedError, train, write_learning_curve
from pipeline.training.losses import scheduled_sampling
from tests.helpers.melodies import ENTCHEN, continuing, lstm, scales, training, training_data


def trained_bytes(folder: Path, task: Mapping[str, object] | None = None, **changes: object) -> bytes:
    settings = training(**changes)
    prepare(settings)
    network = build(lstm(dropout=0.2))
    trained = train(network, training_data(scales(), **(task or {})), settings)
    save_run(
        folder, network, Run(lstm(dropout=0.2), "scales", "f00d", trained.best.epoch, trained.best.valid_nats)
    )
    return (folder / "weights.safetensors").read_bytes() + (folder / "config.json").read_bytes()


@pytest.mark.parametrize(
    "shape",
    [
        {"input": "onehot", "attention": "none", "bidirectional": False},
        {"input": "embedding", "attention": "none", "bidirectional": False},
        {"input": "embedding", "attention": "additive"},
    ],
    ids=["onehot", "embedding", "attention"],
)
def test_one_tune_is_memorized(shape: dict[str, object]) -> None:
    settings = training(epochs=150, learning_rate=0.01, threads=1)
    config = lstm(hidden_size=48, embedding_size=32, attention_size=32, **shape)
    entchen = cut_at_note(ENTCHEN, 0.5)
    prepare(settings)
    network = build(config)
    train(network, training_data([entchen]), settings)
    (continuation,) = continue_melodies(network, [entchen], max_steps=40)
    assert continuation.tokens.tolist() == entchen.target.tolist()
    assert continuation.complete


@pytest.mark.parametrize("changes", [{}, {"teacher_forcing": 0.5}, {"task": {"min_cut": 0.2}}])
def test_two_runs_give_the_same_bytes(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert trained_bytes(tmp_path / "a", **changes) == trained_bytes(tmp_path / "b", **changes)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    assert trained_bytes(tmp_path / "a", seed=1) != trained_bytes(tmp_path / "b", seed=2)


def test_slices_of_a_batch_add_up_to_its_gradient() -> None:
    torch.manual_seed(1)
    network = build(lstm())
    one, three = Workers(network, training(threads=1)), Workers(network, training(threads=3))
    nats, gradients = one.gradient(scales(), [1])
    sliced_nats, sliced_gradients = three.gradient(scales(), [1])
    torch.testing.assert_close(nats, sliced_nats)
    torch.testing.assert_close(gradients, sliced_gradients, rtol=1e-4, atol=1e-4)
    one.close()
    three.close()


def test_the_loss_does_not_depend_on_batches() -> None:
    torch.manual_seed(1)
    network = build(lstm())
    small, large = Workers(network, training(batch_tokens=10)), Workers(network, training(batch_tokens=1000))
    assert small.nats_per_token(scales()) == pytest.approx(large.nats_per_token(scales()), rel=1e-5)
    small.close()
    large.close()


def test_the_best_epoch_is_kept() -> None:
    settings = training(epochs=6, learning_rate=0.5)
    prepare(settings)
    network = build(lstm())
    trained = train(network, training_data(scales()[:4], scales()[4:]), settings)
    assert trained.best == min(trained.curve, key=lambda epoch: epoch.valid_nats)
    workers = Workers(network, settings)
    assert workers.nats_per_token(scales()[4:]) == pytest.approx(trained.best.valid_nats, rel=1e-5)
    workers.close()


def test_early_stopping_ends_training() -> None:
    settings = training(epochs=50, learning_rate=0.3, patience=2)
    prepare(settings)
    trained = train(build(lstm()), training_data(scales()[:4], scales()[4:]), settings)
    assert len(trained.curve) == trained.best.epoch + 2


def test_a_diverging_loss_is_an_error() -> None:
    settings = training(epochs=5).model_copy(update={"learning_rate": 1e30, "clip_norm": 1e30})
    prepare(settings)
    with pytest.raises(DivergedError, match="lower learning_rate"):
        train(build(lstm()), training_data(scales()), settings)


def test_scheduled_sampling_replaces_inputs_by_valid_predictions() -> None:
    torch.manual_seed(1)
    network, batch = build(lstm()), collate(scales())
    sampled = scheduled_sampling(network, batch, 0.0, torch.Generator().manual_seed(1))
    assert torch.equal(sampled.inputs[:, 0], batch.inputs[:, 0])
    assert not torch.equal(sampled.inputs, batch.inputs)
    assert torch.equal(sampled.target, batch.target)
    allowed = network.mask(torch.zeros(*batch.target.shape, 258), batch.previous, batch.stop_allowed)
    inputs, not_padding = sampled.inputs[:, 1:], batch.inputs[:, 1:] != PAD_ID
    assert allowed[:, :-1].gather(2, inputs.where(not_padding, 0)[..., None])[not_padding].isfinite().all()


def test_with_full_teacher_forcing_inputs_are_unchanged() -> None:
    batch = collate(scales())
    assert scheduled_sampling(build(lstm()), batch, 1.0, torch.Generator()) is batch


def test_pieces_have_new_cuts_in_every_epoch() -> None:
    task = continuing(min_cut=0.1)
    first, second = (task.varied(scales(), seed=1, epoch=epoch) for epoch in (1, 2))
    assert [len(e.source) for e in first] != [len(e.source) for e in second]
    for example, again in zip(scales(), first, strict=True):
        assert [*example.source, *example.target] == [*again.source, *again.target]
        assert len(again.source) <= len(example.source)


def test_with_cuts_of_0_everything_after_the_first_note_is_the_target() -> None:
    examples = continuing(min_cut=0.0, max_cut=0.0).varied(scales(), seed=1, epoch=1)
    assert [int((example.source < TIED).sum()) for example in examples] == [1] * 8


def test_the_learning_curve_grows_by_a_line_per_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    monkeypatch.setattr(loop, "write_learning_curve", lambda _, curve: written.append(len(curve)))
    settings = training(epochs=3)
    prepare(settings)
    train(build(lstm()), training_data(scales()), settings, curve=tmp_path / "learning.csv")
    assert written == [1, 2, 3]


def test_the_learning_rate_rises_and_falls() -> None:
    settings = training(learning_rate=1.0, warmup=0.2, schedule="linear")
    assert [settings.rate_at(p) for p in (0.1, 0.2, 0.6, 1.0)] == pytest.approx([0.5, 1.0, 0.5, 0.0])
    assert training(learning_rate=1.0, schedule="cosine").rate_at(0.5) == pytest.approx(0.5)
    assert training(learning_rate=1.0).rate_at(0.9) == 1.0


def test_min_cut_must_not_exceed_max_cut() -> None:
    section = {**continuing().model_dump(), "min_cut": 0.6}
    with pytest.raises(SettingsError, match="must not exceed max_cut"):
        parse_section(TASK, section, "experiments.mine.task")


def test_a_missing_device_is_named() -> None:
    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(SettingsError, match=f"'{missing}': this machine has none"):
        choose_device(missing)
    assert choose_device("cpu").type == "cpu"


def test_a_loaded_run_equals_the_saved_one(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = build(lstm())
    save_run(tmp_path, network, Run(lstm(), "scales", "f00d", 3, 0.5))
    again, run = load_run(tmp_path)
    assert run == Run(lstm(), "scales", "f00d", 3, 0.5)
    assert torch.equal(again(collate(scales())), network(collate(scales())))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("weights.safetensors", b"no weights", "damaged"),
        ("config.json", b"{", "not readable as JSON"),
        ("config.json", b"[" * 100_000, "not readable as JSON"),
        ("config.json", b"{}", "'model' is missing"),
        ("config.json", b"[]", "a JSON object is expected"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, file: str, content: bytes, message: str) -> None:
    save_run(tmp_path, build(lstm()), Run(lstm(), "scales", "f00d", 3, 0.5))
    (tmp_path / file).write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        load_run(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"hidden_size": 12', '"hidden_size": 13', "weights of another model"),
        ('"kind": "lstm"', '"kind": "gru"', "no model 'gru'"),
        ('"vocabulary_sha256": "fd', '"vocabulary_sha256": "00', "another vocabulary"),
    ],
)
def test_foreign_runs_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    save_run(tmp_path, build(lstm()), Run(lstm(), "scales", "f00d", 3, 0.5))
    config = tmp_path / "config.json"
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))
    with pytest.raises(CheckpointError, match=message):
        load_run(tmp_path)


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_run(tmp_path / "nowhere")


def test_the_learning_curve_is_a_table(tmp_path: Path) -> None:
    settings = training(epochs=2)
    prepare(settings)
    trained = train(build(lstm()), training_data(scales()), settings)
    write_learning_curve(tmp_path / "learning.csv", trained.curve)
    header, first, second = (tmp_path / "learning.csv").read_text().splitlines()
    assert header == "epoch,train_nats,valid_nats"
    assert first == f"1,{trained.curve[0].train_nats:.6f},{trained.curve[0].valid_nats:.6f}"
    assert second.startswith("2,")
