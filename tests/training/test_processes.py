"""Data-parallel training in several processes: torchrun with gloo on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT
from tests.helpers.training_project import results, write_project

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


def train(root: Path, *launcher: str) -> dict[str, bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DVC_ROOT": str(root), "OMP_NUM_THREADS": "1"}
    environment["TMPDIR"] = str(root)  # torchrun leaves a folder there
    command = [sys.executable, *launcher, "-m", "stages.train", "tiny"]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("epoch 1 of") == 1, "process 0 alone speaks"
    return results(root)


def losses(files: dict[str, bytes]) -> list[float]:
    rows = files["learning.csv"].decode().splitlines()[1:]
    return [float(loss) for row in rows for loss in row.split(",")[1:]]


def test_two_single_threaded_processes_train_the_same_model_as_two_threads(tmp_path: Path) -> None:
    one, two = write_project(tmp_path / "one", epochs=3, threads=2), tmp_path / "two"
    apart = train(write_project(two, epochs=3, threads=1), *TORCHRUN)
    together = train(one)
    assert losses(apart) == pytest.approx(losses(together), rel=1e-5)
    assert apart.keys() == together.keys()
    assert not list(two.glob("**/*.partial"))
