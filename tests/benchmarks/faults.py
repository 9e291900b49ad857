"""Every system call of every stage of a tiny project fails once, or the stage is killed there.

    python -m tests.benchmarks.faults [--stages parse@songs encode@tunes ...] [--every 1]

Prints a line for each fault that ends in other bytes or in a traceback, and a table
by stage: faults injected, and survived; survived is a clear message or none, no
half-written output, and the right bytes from the next run. At the end `dvc repro`
must find everything as dvc.lock names it. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.workflow.progress import say
from tests.helpers.faults import Victim
from tests.helpers.project import Project

FRESH = {"parse": [".cache/notes"], "train": [".cache/checkpoints"]}


def main() -> None:
    """Hit, count and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--stages", nargs="+")
    arguments.add_argument("--every", type=int, default=1, help="only each so-many-th fault")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.repro()
        project.call("git", "add", "--all")
        stages = options.stages or list(
            YAML(typ="safe").load((project.root / "dvc.lock").read_text())["stages"]
        )
        injected: Counter[str] = Counter()
        survived: Counter[str] = Counter()
        for stage in stages:
            victim = Victim(project, stage, FRESH.get(stage.split("@")[0], []))
            faults = victim.faults()[:: options.every]
            say(f"{stage}: {len(faults)} faults")
            for fault in faults:
                outcome = victim.hit(fault)
                injected[stage] += outcome.hit
                survived[stage] += outcome.hit and not outcome.wrong
                for wrong in outcome.wrong:
                    say(f"{stage} {fault}: {wrong}\n{outcome.output[-1500:]}")
            print(f"{stage:32} {injected[stage]:6} injected {survived[stage]:6} survived", flush=True)
        project.repro()
        _, changed = project.call("git", "diff", "--stat", "dvc.lock")
    total = {"survived": survived.total() / max(1, injected.total()), "injected": injected.total()}
    print(json.dumps({**total, "dvc_lock_changed": bool(changed), "by_stage": dict(injected)}))


if __name__ == "__main__":
    main()
