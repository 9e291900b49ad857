"""How long a user waits after an edit: grid, filter and split of a data set, up to its shards.

    python -m tests.benchmarks.rerun [DATASET]

In a clone of the project, with its DVC cache and everything up to date, one
parameter at a time is changed and ``dvc repro encode@DATASET`` timed, DVC included; so is
a ``dvc repro`` of everything that finds nothing to do, before each of them.
Python lists the imports of each stage: pandas, torch and music21 must not be among them.
The last line is one JSON object: how many times as long as nothing to do each edit
takes (medians of three rounds), and the seconds.
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
from statistics import median
from typing import Any

from ruamel.yaml import YAML

from tests.helpers.paths import ROOT

HEAVY = ("pandas", "torch", "music21")
ROUNDS = 3

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


def without_edit(folder: Path) -> float:
    """Seconds of a ``dvc repro`` of everything that runs no stage, and that DVC need not hash files for."""
    call(folder, "dvc", "repro", "--quiet")
    began = time.perf_counter()
    printed = call(folder, "dvc", "repro")
    seconds = time.perf_counter() - began
    if "Running stage" in printed:
        raise SystemExit(f"the project is not up to date; run `dvc repro` first:\n{printed}")
    return seconds


def measure(folder: Path, dataset: str, edit: Callable[[Any], None]) -> tuple[float, list[str]]:
    """Seconds of one rerun, and the stages that really ran."""
    file = folder / "params.yaml"
    before = file.read_text(encoding="utf-8")
    yaml = YAML()
    params = yaml.load(before)
    edit(params["datasets"][dataset])
    with file.open("w", encoding="utf-8") as written:
        yaml.dump(params, written)
    began = time.perf_counter()
    printed = call(folder, "dvc", "repro", "--no-run-cache", f"encode@{dataset}")
    seconds = time.perf_counter() - began
    file.write_text(before, encoding="utf-8")
    call(folder, "dvc", "checkout", "--quiet", "--allow-missing", "--force")
    call(folder, "git", "checkout", "--quiet", "dvc.lock")
    return seconds, re.findall(r"Running stage '([^']+)'", printed)


def heavy_imports(folder: Path, stage: str) -> list[str]:
    """The heavy libraries that a stage imports before it runs."""
    module = stage.partition("@")[0]
    printed = call(folder, sys.executable, "-X", "importtime", "-c", f"import stages.{module}")
    return [name for name in HEAVY if re.search(rf"\|\s+{name}$", printed, re.MULTILINE)]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dataset", nargs="?", default="melodies")
    dataset = parser.parse_args().dataset
    ratios: dict[str, list[float]] = {name: [] for name in EDITS}
    seconds: dict[str, list[float]] = {name: [] for name in ("nothing", *EDITS)}
    with tempfile.TemporaryDirectory(prefix="rerun-") as name:
        folder = Path(name) / "project"
        clone(folder)
        for number in range(ROUNDS):
            for edited, edit in EDITS.items():
                nothing = without_edit(folder)
                edits, stages = measure(folder, dataset, edit)
                ratios[edited].append(edits / nothing)
                seconds["nothing"].append(nothing)
                seconds[edited].append(edits)
                print(f"{edited:6} {edits:5.1f} s, nothing {nothing:4.1f} s: {', '.join(stages)}", flush=True)
                for stage in stages if not number else ():
                    if found := heavy_imports(folder, stage):
                        print(f"{stage} imports {', '.join(found)}", flush=True)
    result = {
        **{name: round(median(values), 2) for name, values in ratios.items()},
        "seconds": {name: round(median(values), 1) for name, values in seconds.items()},
        "dataset": dataset,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
