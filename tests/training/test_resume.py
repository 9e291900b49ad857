"""A killed training resumes from its checkpoint and ends with the same weights."""

import hashlib
import os
import random
import subprocess
import time
from pathlib import Path

import pytest
import torch

from pipeline.models.base.pretrained import CheckpointError
from pipeline.models.base.registry import build
from pipeline.training.checkpoints import DIGEST_LENGTH, STATE, Checkpoints, TrainingState, checkpoints
from pipeline.training.determinism import prepare
from pipeline.training.loop import TrainingResult, train
from tests.helpers.melodies import lstm, scales, training, training_data
from tests.helpers.training_project import EVERY_FEATURE, results, start_training, write_project

KILLS_SEED = 20
KILLS = 3
CODE = ["pipeline.training.loop"]


class KilledError(Exception):
    pass


class Mortal(Checkpoints):
    """The process is killed as soon as it has saved its state."""

    def save(self, state: TrainingState) -> None:
        super().save(state)
        raise KilledError


def trained(kept: Checkpoints | None, **changes: object) -> tuple[TrainingResult, dict[str, torch.Tensor]]:
    settings = training(**{**EVERY_FEATURE, "epochs": 4, **changes})
    prepare(settings)
    network = build(lstm(dropout=0.3))
    result = train(
        network, training_data(scales()[:6], scales()[6:], min_cut=0.2), settings, checkpoints=kept
    )
    return result, network.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("changes", [{}, {"patience": 1, "learning_rate": 0.3}])
def test_killed_after_every_batch_it_ends_the_same(tmp_path: Path, changes: dict[str, object]) -> None:
    result, weights = trained(None, **changes)
    lives = 0
    while True:
        lives += 1
        try:
            again, resumed = trained(Mortal(tmp_path, "mine", 0.0), **changes)
            break
        except KilledError:
            continue
    assert lives > 2 * len(result.curve)
    assert again == result
    assert same(resumed, weights)


def test_global_random_generators_resume_their_state(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        trained(Mortal(tmp_path, "mine", 0.0))
    expected = torch.rand(3)
    torch.manual_seed(99)
    with pytest.raises(KilledError):
        trained(Mortal(tmp_path, "mine", 0.0))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_the_checkpoint_interval_does_not_change_the_result(tmp_path: Path, seconds: float) -> None:
    result, weights = trained(None)
    again, others = trained(Checkpoints(tmp_path / "state", "mine", seconds))
    assert again == result
    assert same(others, weights)
    assert (tmp_path / "state" / STATE).exists() == (seconds == 0)


def test_a_damaged_checkpoint_is_reported_and_training_restarts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result, _ = trained(None)
    trained(Checkpoints(tmp_path, "mine", 0.0))
    state = bytearray((tmp_path / STATE).read_bytes())
    state[len(state) // 2] ^= 1
    (tmp_path / STATE).write_bytes(state)
    again, _ = trained(Checkpoints(tmp_path, "mine", 3600.0))
    assert again == result
    assert f"{tmp_path / STATE}: damaged; training starts from the beginning" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"half a file", b"0" * 500])
def test_a_damaged_state_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE).write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        Checkpoints(tmp_path, "mine", 0.0).load()


def test_the_state_of_another_training_is_refused(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "theirs", 0.0).save({"weights": torch.zeros(2)})
    with pytest.raises(CheckpointError, match=r"of another training \(theirs\)"):
        Checkpoints(tmp_path, "mine", 0.0).load()


def test_loading_a_state_executes_nothing(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "mine", 0.0)
    kept.save({"weights": torch.ones(2), "spy": KilledError()})
    with pytest.raises(CheckpointError, match="not written by this project"):
        kept.load()


def test_states_are_in_the_root_of_the_project_under_their_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    one, other = (checkpoints({"seed": seed}, CODE, 0.0) for seed in (1, 2))
    assert one.folder.parent == tmp_path / ".cache/checkpoints"
    assert one.folder != other.folder
    assert one.folder == checkpoints({"seed": 1}, CODE, 60.0).folder


def kill_after(process: subprocess.Popen[bytes], root: Path, n_states: int, seconds: float) -> None:
    """SIGKILL a moment after so many new states were written."""
    seen: set[int] = set()
    deadline = time.monotonic() + 120
    while len(seen) <= n_states:
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline, f"only {len(seen)} states"
        seen |= {file.stat().st_mtime_ns for file in root.glob(f".cache/checkpoints/*/{STATE}")}
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    assert process.wait() == -9


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a signal of POSIX systems")
def test_a_stage_killed_at_random_moments_ends_with_the_same_bytes(tmp_path: Path) -> None:
    quiet = write_project(tmp_path / "quiet", checkpoint_seconds=3600.0)
    stormy = write_project(tmp_path / "stormy", checkpoint_seconds=0.0)
    assert start_training(quiet).wait(300) == 0
    dice = random.Random(KILLS_SEED)
    for _ in range(KILLS):
        kill_after(start_training(stormy), stormy, dice.randrange(1, 12), dice.uniform(0, 0.02))
        assert not (stormy / "data/runs").exists()
    assert start_training(stormy).wait(300) == 0
    assert "training resumes after epoch" in (stormy / "stderr.txt").read_text()
    assert results(stormy) == results(quiet)
    assert not list(stormy.glob(".cache/checkpoints/*"))


def test_a_checkpoint_not_written_by_this_project_is_refused_with_one_message(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "mine", 0.0)
    kept.save({"epoch": 1, "weights": torch.zeros(3)})
    good, dice = (tmp_path / STATE).read_bytes()[DIGEST_LENGTH:], random.Random(1)
    refused = 0
    for _ in range(200):
        content = bytearray(good)
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        (tmp_path / STATE).write_bytes(hashlib.sha256(content).hexdigest().encode() + content)
        try:
            kept.load()
        except CheckpointError:
            refused += 1
    assert refused
