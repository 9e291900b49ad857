"""How long a user waits after an edit: grid, filter and split of a data set, up to its shards.

    python -m tests.benchmarks.rerun [DATASET]

In a clone of the project, with its DVC cache and everything up to date, one
parameter at a time is changed and ``dvc repro encode@DATASET`` timed, DVC included.
Python lists the imports of each stage: torch and music21 must not be among them.
The last line is one JSON object of seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.helpers.paths import ROOT

HEAVY = ("torch", "music21")

EDITS: dict[str, Callable[[Any], None]] = {
    "grid": lambda dataset: dataset["quantize"].update(steps_per_quarter=3),
    "filter": lambda dataset: dataset["filter"].update(min_notes=12),
    "split": lambda dataset: dataset["split"].update(seed=5),
}


def call(folder: Path, *command: str, **environment: str) -> str:
    """Output of a command, which must succeed."""
    tools = Path(sys.executable).parent
    paths = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": paths, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def clone(folder: Path) -> None:
    """The project as it is committed, its data from the cache of this one."""
    call(ROOT, "git", "clone", "--quiet", str(ROOT), str(folder))
    cache = call(ROOT, "dvc", "cache", "dir").strip()
    call(folder, "dvc", "cache", "dir", "--local", cache)
    call(folder, "dvc", "checkout", "--quiet", "--allow-missing")


def measure(folder: Path, dataset: str, edit: Callable[[Any], None]) -> tuple[float, list[str], set[str]]:
    """Seconds of one rerun, the stages that really ran, and the heavy libraries that they imported."""
    file = folder / "params.yaml"
    before = file.read_text(encoding="utf-8")
    yaml = YAML()
    params = yaml.load(before)
    edit(params["datasets"][dataset])
    with file.open("w", encoding="utf-8") as written:
        yaml.dump(params, written)
    target = ("dvc", "repro", "--no-run-cache", f"encode@{dataset}")
    began = time.perf_counter()
    said = call(folder, *target)
    seconds = time.perf_counter() - began
    stages = re.findall(r"Running stage '([^']+)'", said)
    imported = set()
    for stage in {name.partition("@")[0] for name in stages}:
        told = call(folder, sys.executable, "-X", "importtime", "-c", f"import stages.{stage}")
        imported |= {name for name in HEAVY if re.search(rf"\|\s+{name}$", told, re.MULTILINE)}
    file.write_text(before, encoding="utf-8")
    call(folder, "dvc", "checkout", "--quiet", "--allow-missing", "--force")
    call(folder, "git", "checkout", "--quiet", "dvc.lock")
    return seconds, stages, imported


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", nargs="?", default="melodies")
    dataset = parser.parse_args().dataset
    found = {}
    with tempfile.TemporaryDirectory(prefix="rerun-") as name:
        folder = Path(name) / "project"
        clone(folder)
        for edited, edit in EDITS.items():
            seconds, stages, imported = measure(folder, dataset, edit)
            found[edited] = round(seconds, 1)
            heavy = ", ".join(sorted(imported)) or "neither torch nor music21"
            print(f"{edited:6} {seconds:5.1f} s: {', '.join(stages)}; imported {heavy}", flush=True)
    print(json.dumps({"seconds": found, "dataset": dataset}))


if __name__ == "__main__":
    main()
