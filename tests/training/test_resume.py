"""Training that is killed and begun again ends as if nothing had happened."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from pipeline.models.base.pretrained import CheckpointError
from pipeline.models.base.registry import build
from pipeline.training.checkpoints import STATE, Checkpoints, State, checkpoints
from pipeline.training.determinism import prepare
from pipeline.training.loop import Trained, train
from tests.helpers.melodies import lstm, scale, scales, training, write_shard
from tests.helpers.paths import ROOT

EVERYTHING = {
    "least_cut": 0.2,
    "transpose_semitones": 3,
    "teacher_forcing": 0.7,
    "label_smoothing": 0.1,
    "average_decay": 0.9,
    "schedule": "cosine",
    "warmup": 0.2,
}
KILLS_SEED = 20
KILLS = 3


class KilledError(Exception):
    pass


class Mortal(Checkpoints):
    """The process dies as soon as it has saved its state."""

    def save(self, state: State) -> None:
        super().save(state)
        raise KilledError


def trained(kept: Checkpoints | None, **changes: object) -> tuple[Trained, dict[str, torch.Tensor]]:
    settings = training(**{**EVERYTHING, "epochs": 4, **changes})
    prepare(settings)
    network = build(lstm(dropout=0.3))
    result = train(network, scales()[:6], scales()[6:], settings, checkpoints=kept)
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


def test_what_a_library_draws_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        trained(Mortal(tmp_path, "mine", 0.0))
    expected = torch.rand(3)
    torch.manual_seed(99)
    with pytest.raises(KilledError):
        trained(Mortal(tmp_path, "mine", 0.0))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_how_often_the_state_is_kept_changes_nothing(tmp_path: Path, seconds: float) -> None:
    result, weights = trained(None)
    again, others = trained(Checkpoints(tmp_path / "state", "mine", seconds))
    assert again == result
    assert same(others, weights)
    assert (tmp_path / "state" / STATE).exists() == (seconds == 0)


def test_a_damaged_state_is_told_and_training_begins_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result, _ = trained(None)
    trained(Checkpoints(tmp_path, "mine", 0.0))
    state = bytearray((tmp_path / STATE).read_bytes())
    state[len(state) // 2] ^= 1
    (tmp_path / STATE).write_bytes(state)
    again, _ = trained(Checkpoints(tmp_path, "mine", 3600.0))
    assert again == result
    assert f"{tmp_path / STATE}: damaged; training begins anew" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"half a file", b"0" * 500])
def test_a_damaged_state_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE).write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        Checkpoints(tmp_path, "mine", 0.0).load()


def test_the_state_of_another_training_is_refused(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "theirs", 0.0).save({"weights": torch.zeros(2)})
    with pytest.raises(CheckpointError, match=r"of another training \(theirs\)"):
        Checkpoints(tmp_path, "mine", 0.0).load()


def test_a_state_holds_values_and_runs_nothing(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "mine", 0.0)
    kept.save({"weights": torch.ones(2), "spy": KilledError()})
    with pytest.raises(CheckpointError, match="not written by this project"):
        kept.load()


def test_states_lie_below_the_root_of_the_project_named_by_what_they_depend_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    one, other = checkpoints({"seed": 1}, 0.0), checkpoints({"seed": 2}, 0.0)
    assert one.folder.parent == tmp_path / ".cache/checkpoints"
    assert one.folder != other.folder
    assert one.folder == checkpoints({"seed": 1}, 60.0).folder


def write_project(root: Path, **changes: object) -> Path:
    """A project with one experiment on a data set of scales, ready to be trained."""
    tunes = [scale(45 + i % 20, 5 + i % 7, 1 + i % 3) for i in range(40)]
    write_shard(root / "data/tokens/tunes/train/00000.parquet", tunes[:30])
    write_shard(root / "data/tokens/tunes/valid/00000.parquet", tunes[30:])
    for file in ("dvc.yaml", "versions.yaml"):
        (root / file).write_bytes((ROOT / file).read_bytes())
    settings = training(**{**EVERYTHING, "epochs": 8, **changes}).model_dump()
    trial = {"dataset": "tunes", "model": lstm(dropout=0.3).model_dump(), "training": settings}
    with (root / "params.yaml").open("w") as file:
        YAML().dump({"experiments": {"tiny": trial}, "finetunes": {}, "harmonizers": {}}, file)
    return root


def start(root: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DVC_ROOT": str(root)}
    command = [sys.executable, "-m", "stages.train", "tiny"]
    with (root / "said.txt").open("wb") as said:
        return subprocess.Popen(command, cwd=root, env=environment, stderr=said)


def results(root: Path) -> dict[str, bytes]:
    files = [*(root / "data/runs/tiny").iterdir(), root / "data/plots/tiny/learning.csv"]
    return {file.name: file.read_bytes() for file in files}


def kill_after(process: subprocess.Popen[bytes], root: Path, n_states: int, seconds: float) -> None:
    """SIGKILL once so many new states were seen and then a moment more."""
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
    assert start(quiet).wait(300) == 0
    dice = random.Random(KILLS_SEED)
    for _ in range(KILLS):
        kill_after(start(stormy), stormy, dice.randrange(1, 12), dice.uniform(0, 0.02))
        assert not (stormy / "data/runs").exists()
    assert start(stormy).wait(300) == 0
    assert "training goes on after epoch" in (stormy / "said.txt").read_text()
    assert results(stormy) == results(quiet)
    assert not list(stormy.glob(".cache/checkpoints/*"))
