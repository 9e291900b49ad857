"""A project with one experiment that trains in seconds, for tests that run the stage ``train``."""

import os
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from tests.helpers.melodies import continuing, lstm, scale, training, write_shard
from tests.helpers.paths import ROOT

EVERY_FEATURE = {
    "transpose_semitones": 3,
    "teacher_forcing": 0.7,
    "label_smoothing": 0.1,
    "ema_decay": 0.9,
    "schedule": "cosine",
    "warmup": 0.2,
}


def write_project(root: Path, **changes: object) -> Path:
    """A project with one experiment on a data set of scales, ready to be trained."""
    tunes = [scale(45 + i % 20, 5 + i % 7, 1 + i % 3) for i in range(40)]
    write_shard(root / "data/tokens/tunes/train/00000.parquet", tunes[:30])
    write_shard(root / "data/tokens/tunes/valid/00000.parquet", tunes[30:])
    for file in ("dvc.yaml", "versions.yaml"):
        (root / file).write_bytes((ROOT / file).read_bytes())
    settings = training(**{**EVERY_FEATURE, "epochs": 8, **changes}).model_dump()
    tiny = {
        "dataset": "tunes",
        "task": continuing(min_cut=0.2).model_dump(),
        "init_from": "scratch",
        "model": lstm(dropout=0.3).model_dump(),
        "training": settings,
    }
    with (root / "params.yaml").open("w") as file:
        YAML().dump({"experiments": {"tiny": tiny}}, file)
    return root


def start_training(root: Path) -> subprocess.Popen[bytes]:
    """Start the stage in a process of its own; it writes its messages to ``stderr.txt``."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DVC_ROOT": str(root)}
    command = [sys.executable, "-m", "stages.train", "tiny"]
    with (root / "stderr.txt").open("wb") as log:
        return subprocess.Popen(command, cwd=root, env=environment, stderr=log)


def results(root: Path) -> dict[str, bytes]:
    """The files of the run and its learning curve."""
    files = [*(root / "data/runs/tiny").iterdir(), root / "data/plots/tiny/learning.csv"]
    return {file.name: file.read_bytes() for file in files}
