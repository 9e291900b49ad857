"""Corrupted score files and tokens for as long as wanted: ``tests.helpers.fuzzing`` without an end.

Run ``python -m tests.benchmarks.fuzzing --seconds 600``. Every exception that no reader may
raise, every hang and every killed child is a finding, printed with what repeats it:
``--seed S --number N``. The last line is one JSON object, also after SIGINT.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from contextlib import suppress

from pipeline.formats import readers
from pipeline.workflow.progress import say
from tests.helpers.fuzzing import TOKENS, outcomes, seeds, spoil

A_BATCH = 100
AN_UPDATE = 1000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--files", type=int, default=10**9, help="stop after this many files")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--number", type=int, help="only this file of the run, its bytes printed")
    arguments.add_argument("--format", choices=[*sorted(readers.FORMATS), TOKENS])
    options = arguments.parse_args()
    good = {name: files for name, files in seeds().items() if options.format in (None, name)}
    counts: dict[str, Counter[str]] = {name: Counter() for name in good}
    findings, number, began = 0, 0, time.monotonic()
    if options.number is not None:
        print(repr(spoil(good, options.seed, options.number).content))
    with suppress(KeyboardInterrupt):
        while time.monotonic() - began < options.seconds and number < options.files:
            numbers = range(number, number + A_BATCH) if options.number is None else [options.number]
            for spoilt, outcome in outcomes([spoil(good, options.seed, each) for each in numbers]):
                counts[spoilt.format][outcome if isinstance(outcome, str) else "FINDING"] += 1
                if not isinstance(outcome, str):
                    findings += 1
                    only = f" --format {options.format}" if options.format else ""
                    say(f"{spoilt.format}, --seed {options.seed} --number {spoilt.number}{only}: {outcome!r}")
            if options.number is not None:
                break
            number += A_BATCH
            if number % AN_UPDATE == 0:
                say(f"{number} files, {findings} findings, {time.monotonic() - began:.0f} s")
    by_format = {name: dict(found.most_common()) for name, found in counts.items()}
    files = sum(sum(found.values()) for found in counts.values())
    print(json.dumps({"findings": findings, "files": files, "seed": options.seed, "outcomes": by_format}))


if __name__ == "__main__":
    main()
