"""Peak memory of every process of a command, by stage and role.

    python -m tests.benchmarks.memory [--folder .cache/demo] dvc repro --force

Samples Linux's /proc: the peak of the largest process (``VmHWM``), and the most memory of all processes
of a stage at once (``Pss``: what several share is counted once). Prints a Markdown table; the last line
is one JSON object. A process that ends within a sample is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.helpers.memory import command_line, family, peaks, proportional

SECONDS_BETWEEN_SAMPLES = 0.1
STAGE = "stages."
ROLES = {  # part of a command line -> what such a process does; the first that fits
    "forkserver": "reading child",
    "resource_tracker": "tracker",
    "loky": "worker",
    "multiprocessing": "reading child",
    "dvc": "DVC",
}


def stage_of(command: Sequence[str]) -> str:
    """``parse@essen`` of ``python -m stages.parse essen``; empty for any other command."""
    for place, word in enumerate(command):
        if word.startswith(STAGE) and command[place - 1] == "-m":
            return "@".join([word.removeprefix(STAGE), *command[place + 1 : place + 2]])
    return ""


def role_of(command: Sequence[str]) -> str:
    """What a process does."""
    if stage_of(command):
        return "stage"
    words = " ".join(command)
    return next((role for part, role in ROLES.items() if part in words), "other")


class Peaks:
    """The peaks seen so far.

    Attributes:
        by_process: (stage, role) -> process -> KiB.
        at_once: stage -> KiB.
    """

    def __init__(self) -> None:
        self.by_process: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
        self.at_once: dict[str, int] = defaultdict(int)

    def sample(self, process: int) -> None:
        """Look at a process and its descendants once."""
        commands = {member: command_line(member) for member in family(process)}
        roots = {member: stage_of(command) for member, command in commands.items() if stage_of(command)}
        stages = {member: stage for root, stage in roots.items() for member in family(root)}
        for member, peak in peaks(process).items():
            if commands.get(member):
                key = (stages.get(member, ""), role_of(commands[member]))
                self.by_process[key][member] = peak
        for stage in set(stages.values()):
            now = proportional([member for member, name in stages.items() if name == stage])
            self.at_once[stage] = max(self.at_once[stage], now)

    def rows(self) -> list[tuple[str, str, int, int, int]]:
        """Stage, role, number of processes, peak of the largest and of all together in MiB."""
        return [
            (stage or "-", role, len(found), max(found.values()) >> 10, self.at_once.get(stage, 0) >> 10)
            for (stage, role), found in self.by_process.items()
        ]


def main() -> None:
    """Run the command, sample, and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=Path(), help="where the command runs")
    arguments.add_argument("command", nargs=argparse.REMAINDER)
    options = arguments.parse_args()
    found = Peaks()
    process = subprocess.Popen(options.command, cwd=options.folder)
    while process.poll() is None:
        found.sample(process.pid)
        time.sleep(SECONDS_BETWEEN_SAMPLES)
    print("| stage | process | number | largest, MiB | stage together, MiB |\n|---|---|---|---|---|")
    for row in found.rows():
        print(f"| {' | '.join(map(str, row))} |")
    print(json.dumps({"status": process.returncode, "peaks": found.rows()}))


if __name__ == "__main__":
    main()
