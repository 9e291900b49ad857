"""Hostile values of every parameter, run through every stage of a tiny project.

    python -m tests.benchmarks.parameters [--seconds 600] [--seed 1] [--only training.seed]

A value is refused by `check`, or all stages that read it run; where the data decide, a stage ends with
one message. Prints each fault and each message of a stage; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from pipeline.workflow.progress import say
from tests.helpers.hostile_params import attempt, build, edits


def main() -> None:
    """Try, count and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--seed", type=int, default=1, help="order of the values")
    arguments.add_argument("--only", default="", help="parameters whose dotted name contains this")
    options = arguments.parse_args()
    torch.set_num_threads(1)  # a process with a thread pool cannot be forked
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        project, scratch = Path(folder) / "good", Path(folder) / "scratch"
        scratch.mkdir()
        params = build(project)
        wanted = [edit for edit in edits(params) if options.only in str(edit)]
        random.Random(options.seed).shuffle(wanted)
        began = time.monotonic()
        for edit in wanted:
            if time.monotonic() - began > options.seconds:
                break
            outcome = attempt(project, edit, params, scratch)
            counts[outcome.kind] += 1
            if outcome.kind in ("fault", "message"):
                say(f"{outcome.kind}: {edit}: {outcome.detail}")
    print(json.dumps({"values": counts.total(), "of": len(wanted), **counts}))


if __name__ == "__main__":
    main()
