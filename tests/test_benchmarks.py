"""The benchmarks, which no test runs, can at least be imported."""

import subprocess
import sys

from tests.helpers.paths import ROOT


def test_every_benchmark_can_be_imported() -> None:
    paths = sorted((ROOT / "tests/benchmarks").rglob("*.py"))
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    code = f"import importlib\nfor name in {modules}: importlib.import_module(name)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert len(modules) > 20
    assert done.returncode == 0, done.stderr
