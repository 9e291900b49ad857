"""The prepared command for one GPU, in its small form on the processor."""

import json
import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT

KEYS = {"parameters", "epochs", "tokens_per_second", "kernel_share", "valid_nats", "nats_per_token"}


def test_the_gpu_benchmark_measures_both_models(tmp_path: Path) -> None:
    chorale = [[67 + step % 3, 64, 60, 48 if step < 16 else 43] for step in range(32)]
    published = tmp_path / "chorales.json"
    published.write_text(json.dumps({split: [chorale, chorale[4:]] for split in ("train", "valid", "test")}))
    command = [sys.executable, "-m", "tests.benchmarks.gpu", "--small", "--jsb", str(published)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])["gpu"]
    assert found["device"] == "cpu"
    assert found["music_transformer_nats"] == 0.335
    for kind in ("transformer", "stepwise"):
        assert set(found[kind]) >= KEYS
        assert found[kind]["kernel_share"] is None
        assert 0 < found[kind]["nats_per_token"] < 6


def test_the_gpu_benchmark_names_a_missing_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.gpu", "--small", "--jsb", str(tmp_path / "none.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "none.json is missing: name the published JSON by --jsb" in done.stderr
