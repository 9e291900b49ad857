"""Hostile values of every parameter, run through every stage of a tiny project.

    python -m tests.benchmarks.parameters [--part 1/4] [--seconds 600] [--seed 1] [--only training.seed]

A value is refused by `check`, or all stages that read it run; where the data decide, a stage ends with
one message. First `check` gets every value. Then the stages run with accepted values of several parameters
at once; if they do not succeed, each value gets a run of its own. Prints each fault and each message
of a stage; the last line is one JSON object.

`--part 2/4` takes the second quarter of the values: with one seed, the four parts contain every value once.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from pipeline.workflow.progress import say
from tests.helpers.hostile_params import CHAIN, Edit, edits, first_stage, part_of
from tests.helpers.hostile_runs import Outcome, attempt, build, checked, run_stages

AN_UPDATE = 1000


class Trials:
    """The values of one run of the benchmark.

    Args:
        folder: an empty one, for the tiny project and its copies.
        only: parameters whose dotted name contains this.
        seed: order of the values.
        part: which part of the values, from 1, and the number of parts.
    """

    def __init__(self, folder: Path, only: str, seed: int, part: tuple[int, int] = (1, 1)) -> None:
        self.project, self.scratch = folder / "good", folder / "scratch"
        self.scratch.mkdir()
        self.params: dict[str, Any] = build(self.project)
        self.wanted = [edit for edit in edits(self.params) if only in str(edit)]
        random.Random(seed).shuffle(self.wanted)
        self.wanted = part_of(self.wanted, *part)

    def check(self) -> tuple[list[Outcome], list[Edit]]:
        """Outcomes of the values that `check` refuses, and the values that it accepts."""
        refused, accepted = [], []
        for number, edit in enumerate(self.wanted, 1):
            outcome = checked(self.project, [edit], self.params, self.scratch)
            if outcome is None:
                accepted.append(edit)
            else:
                refused.append(outcome)
            if number % AN_UPDATE == 0:
                say(f"{number} values checked, {len(accepted)} accepted")
        accepted.sort(key=lambda edit: CHAIN.index(first_stage(edit)))  # groups that skip the same stages
        return refused, accepted

    def groups(self, accepted: Sequence[Edit], size: int) -> Iterator[list[Edit]]:
        """Values of different parameters that `check` accepts together."""
        left = list(accepted)
        while left:
            group: list[Edit] = []
            for edit in list(left):
                if any(edit.path == other.path for other in group):
                    continue
                if group and checked(self.project, [*group, edit], self.params, self.scratch):
                    continue
                group.append(edit)
                left.remove(edit)
                if len(group) == size:
                    break
            yield group

    def run(self, group: Sequence[Edit]) -> list[Outcome]:
        """The outcome of each value.

        Where values that run together end in a message of a stage, each value runs alone up to that
        stage, and those that pass it run together again. After a fault each value runs alone.
        """
        kind, detail = run_stages(self.project, group, self.params, self.scratch)
        if kind == "ran" or len(group) == 1:
            return [Outcome(edit, kind, detail) for edit in group]
        if kind == "message":
            stage = detail.split(":")[0]
            alone = [attempt(self.project, edit, self.params, self.scratch, stage) for edit in group]
            passed = [outcome.edit for outcome in alone if outcome.kind == "ran"]
            if len(passed) < len(group):
                return [o for o in alone if o.kind != "ran"] + (self.run(passed) if passed else [])
        return [outcome for edit in group for outcome in self.run([edit])]


def main() -> None:
    """Try, count and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=600, help="of running stages")
    arguments.add_argument("--seed", type=int, default=1, help="order of the values")
    arguments.add_argument("--only", default="", help="parameters whose dotted name contains this")
    arguments.add_argument("--together", type=int, default=8, help="values in one run of the stages")
    arguments.add_argument(
        "--part", type=_part, default=(1, 1), help="K/N: the values K, K + N, K + 2 N, ..."
    )
    options = arguments.parse_args()
    torch.set_num_threads(1)  # a process with a thread pool cannot be forked
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(Path(folder), options.only, options.seed, options.part)
        refused, accepted = trials.check()
        counts = Counter(outcome.kind for outcome in refused)
        _tell(refused)
        say(f"{len(accepted)} of {len(trials.wanted)} values accepted")
        began = time.monotonic()
        for group in trials.groups(accepted, options.together):
            if time.monotonic() - began > options.seconds:
                break
            outcomes = trials.run(group)
            counts.update(outcome.kind for outcome in outcomes)
            _tell(outcomes)
            say(f"{counts.total()} values, {json.dumps(counts)}, {time.monotonic() - began:.0f} s")
    print(
        json.dumps({"values": counts.total(), "of": len(trials.wanted), "accepted": len(accepted), **counts})
    )


def _part(text: str) -> tuple[int, int]:
    number, parts = map(int, text.split("/"))
    if not 1 <= number <= parts:
        raise argparse.ArgumentTypeError(f"found {text}; allowed are 1/{parts} to {parts}/{parts}")
    return number, parts


def _tell(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.kind in ("fault", "message"):
            say(f"{outcome.kind}: {outcome.edit}: {outcome.detail}")


if __name__ == "__main__":
    main()
