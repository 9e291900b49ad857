"""A checkpoint that was edited together with its digest is reported, and training restarts."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.models.base.registry import build
from pipeline.training.checkpoints import DIGEST_LENGTH, STATE, Checkpoints
from pipeline.training.determinism import prepare
from pipeline.training.loop import TrainingResult, train
from tests.helpers.melodies import lstm, scales, training, training_data

LONG = 3600.0
State = dict[str, Any]


def trained(folder: Path, seconds: float = LONG, epochs: int = 2) -> TrainingResult:
    """A short training that saves its state after each batch, or never."""
    settings = training(epochs=epochs, ema_decay=0.9)
    prepare(settings)
    kept = Checkpoints(folder, "mine", seconds)
    return train(build(lstm()), training_data(scales()[:4], scales()[4:5]), settings, checkpoints=kept)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The state at the end of the training."""
    folder = tmp_path_factory.mktemp("state")
    trained(folder, 0.0)
    return (folder / STATE).read_bytes()[DIGEST_LENGTH:]


def first(tensors: Any) -> Any:
    return next(iter(tensors.values() if isinstance(tensors, dict) else tensors))


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.clear(),
        lambda state: state.update(weights=None),
        lambda state: first(state["weights"]).fill_(float("nan")),
        lambda state: first(state["best_weights"]).fill_(float("inf")),
        lambda state: state["best_weights"].popitem(),
        lambda state: state["average"].pop(),
        lambda state: first(state["average"]).fill_(float("nan")),
        lambda state: state["optimizer"]["state"].popitem(),
        lambda state: first(state["optimizer"]["state"])["exp_avg"].resize_(3, 3),
        lambda state: first(state["optimizer"]["state"])["exp_avg_sq"].fill_(float("nan")),
        lambda state: state["optimizer"]["param_groups"][0].update(betas=(2.0, 2.0)),
        lambda state: state["curve"].pop(0),
        lambda state: state.update(curve=[(1, float("nan"), 0.5)]),
        lambda state: state.update(best=(1,)),
        lambda state: state.update(nats=[torch.zeros(3)]),
        lambda state: state.update(nats=[torch.tensor(float("nan"))]),
        lambda state: state.update(n_steps="many"),
        lambda state: state.update(n_steps=-5),
        lambda state: state["random"].update(python=(3, (1, 2), None)),
        lambda state: state["random"].update(torch=torch.zeros(3)),
    ],
)
def test_a_state_that_does_not_fit_is_reported_and_training_restarts(
    state: bytes, change: Callable[[State], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = trained(tmp_path / "fresh")
    edited = dict(torch.load(io.BytesIO(state), weights_only=True)["state"])
    change(edited)
    Checkpoints(tmp_path, "mine", 0.0).save(edited)
    capsys.readouterr()
    assert trained(tmp_path) == expected
    assert "no state of this training; training starts from the beginning" in capsys.readouterr().err


def test_a_state_that_is_saved_again_is_used(
    state: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Checkpoints(tmp_path, "mine", 0.0).save(torch.load(io.BytesIO(state), weights_only=True)["state"])
    trained(tmp_path)
    assert "training resumes after epoch 2" in capsys.readouterr().err
