"""Every system call of every stage of a tiny project fails once, or the stage is killed there.

    python -m tests.benchmarks.faults [--stages parse@songs ...] [--every 1] [--random N --seed 1]

Prints a line for each fault that ends in other bytes or in a traceback, and a table
by stage: faults injected, and survived; survived is a clear message or none, no
half-written output, and the right bytes from the next run. At the end `dvc repro`
must find everything as dvc.lock names it. The last line is one JSON object.

With --random N, each stage is instead interrupted N times: by SIGKILL, SIGTERM, SIGHUP or SIGINT at a
random moment, or by a disk that is full after a random number of bytes (a tmpfs: root only). Training has
several epochs then, with a checkpoint after each step, and the cross-validation of an experiment with random
initial weights and of a fine-tuned one are interrupted too: `--stages "cross-validate first"`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.workflow.progress import say
from tests.helpers import sections
from tests.helpers.faults import CrossValidation, Victim
from tests.helpers.interruptions import SIGNALS, InterruptedStage
from tests.helpers.project import Project

FRESH = {"parse": [".cache/notes"], "train": [".cache/checkpoints"]}
FOLDS = ("--folds", "2", "--threads", "1")
CROSS_VALIDATED = ("first", "tuned")
Hit = tuple[str, bool, list[str], str]  # what was done, whether it came in time, faults, stderr


def at_system_calls(victim: Victim, every: int) -> Iterator[Hit]:
    """Each system call fails, or the stage is killed there."""
    faults = victim.faults()[::every]
    say(f"{victim.stage}: {len(faults)} faults")
    for fault in faults:
        outcome = victim.hit(fault)
        yield str(fault), outcome.hit, outcome.wrong, outcome.output


def at_random_moments(victim: Victim, number: int, seed: int) -> Iterator[Hit]:
    """Signals at random moments, and disks with little space."""
    dice = random.Random(f"{seed} {victim.stage}")
    stage = InterruptedStage(victim)
    for _ in range(number):
        how = dice.choice([*SIGNALS, None] if os.geteuid() == 0 else SIGNALS)
        if how is None:
            found = stage.fill(Path("data"), dice.choice([0, 1, 2, 8, 16, 64]) * 4096)
        else:
            found = stage.signal(how, dice.random())
        yield found.what, found.in_time, found.wrong, found.output


def resumable(params: Any) -> None:
    """Edit params.yaml: a training resumes from checkpoints, and a fine-tuned model has unrelated parents."""
    dances = sections.dataset("dances")
    dances["quantize"]["steps_per_quarter"] = params["datasets"]["tunes"]["quantize"]["steps_per_quarter"]
    params["datasets"]["dances"] = dances
    params["experiments"]["tuned"]["dataset"] = "dances"
    for experiment in params["experiments"].values():
        experiment["training"] |= {"epochs": 4, "checkpoint_seconds": 0}


def victims(project: Project, stages: Sequence[str] | None, random_moments: bool) -> Iterator[Victim]:
    """The stages to hit: these, or all; names that start with ``cross-validate`` are commands."""
    everything = list(YAML(typ="safe").load((project.root / "dvc.lock").read_text())["stages"])
    if random_moments:
        everything += [f"cross-validate {name}" for name in CROSS_VALIDATED]
    for stage in stages or everything:
        name, _, experiment = stage.partition(" ")
        if experiment:
            yield CrossValidation(project, experiment, *FOLDS)
        else:
            yield Victim(project, stage, FRESH.get(name.split("@")[0], []))


def main() -> None:
    """Hit, count and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--stages", nargs="+")
    arguments.add_argument("--every", type=int, default=1, help="only each so-many-th fault")
    arguments.add_argument("--random", type=int, default=0, help="interruptions at random moments per stage")
    arguments.add_argument("--seed", type=int, default=1, help="of the random moments")
    arguments.add_argument("--project", type=Path, help="an existing tiny project that is up to date")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Project.at(options.project) if options.project else Project(Path(folder))
        if not options.project:
            if options.random:
                project.edit(resumable)
            project.repro()
        project.call("git", "add", "--all")
        injected: Counter[str] = Counter()
        survived: Counter[str] = Counter()
        for victim in victims(project, options.stages, bool(options.random)):
            stage = victim.stage
            outcomes = (
                at_random_moments(victim, options.random, options.seed)
                if options.random
                else at_system_calls(victim, options.every)
            )
            for what, hit, wrong, output in outcomes:
                injected[stage] += hit
                survived[stage] += hit and not wrong
                for fault in wrong:
                    say(f"{stage} {what}: {fault}\n{output[-1500:]}")
            victim.end()
            print(f"{stage:32} {injected[stage]:6} injected {survived[stage]:6} survived", flush=True)
        project.repro()
        _, changed = project.call("git", "diff", "--stat", "dvc.lock")
    total = {"survived": survived.total() / max(1, injected.total()), "injected": injected.total()}
    print(json.dumps({**total, "dvc_lock_changed": bool(changed), "by_stage": dict(injected)}))


if __name__ == "__main__":
    main()
