"""A stage that is interrupted at any moment, or runs on a full disk, and its next run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.helpers.faults import SECONDS_AT_MOST, Victim, contents, is_reported
from tests.helpers.signals import default_signals

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@dataclass
class Interrupted:
    """What an interruption led to.

    Attributes:
        what: the signal and its moment, or the free space of the disk.
        in_time: whether the stage was still running, or the disk filled up.
        output: of the stage, on stderr.
        wrong: the faults found, in words.
    """

    what: str
    in_time: bool
    output: str
    wrong: list[str] = field(default_factory=list)


class InterruptedStage:
    """Interrupts one stage of a project that is up to date; started as DVC starts it."""

    def __init__(self, victim: Victim) -> None:
        self.victim = victim
        began = time.monotonic()
        self.victim.clear()
        status, output = self._finish(self._start())
        assert status == 0, output
        self.seconds = time.monotonic() - began

    def signal(self, number: signal.Signals, share: float) -> Interrupted:
        """Send a signal after a share of the duration of an undisturbed run."""
        self.victim.clear()
        process = self._start()
        try:
            process.wait(self.seconds * share)
            in_time = False
        except subprocess.TimeoutExpired:
            os.kill(process.pid, number)
            in_time = True
        status, output = self._finish(process)
        found = Interrupted(f"{number.name} at {share:.3f}", in_time, output)
        if status not in (0, -number, 128 + number):
            found.wrong.append(f"exit status {status}")
        return self._judged(found, status, may_be_silent=status == -number)

    def fill(self, folder: Path, free_bytes: int) -> Interrupted:
        """Run with a full disk below a folder of the project: a tmpfs with its files and a little space."""
        self.victim.clear()
        root = self.victim.root / folder
        before = contents(root) or {}
        size = sum((len(content) + 4095) // 4096 * 4096 for content in before.values())
        size += 4096 * sum(path.is_dir() for path in root.rglob("*")) + free_bytes
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(root)])
        assert mounted.returncode == 0, "a test of a full disk mounts a tmpfs, as root"
        try:
            for name, content in before.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(content)
            status, output = self._finish(self._start())
        finally:
            subprocess.run(["umount", str(root)], check=True)
        return self._judged(Interrupted(f"{free_bytes} bytes free in {folder}", status != 0, output), status)

    def _judged(self, found: Interrupted, status: int, may_be_silent: bool = False) -> Interrupted:
        if "Traceback" in found.output:
            found.wrong.append("a traceback")
        if status and not may_be_silent and not is_reported(self.victim.stage, found.output):
            found.wrong.append("no message of the stage")
        found.wrong += self.victim.next_run()
        return found

    def _start(self) -> subprocess.Popen[str]:
        name, _, key = self.victim.stage.partition("@")
        return subprocess.Popen(
            [sys.executable, "-B", "-m", f"stages.{name}", *([key] if key else [])],
            cwd=self.victim.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=default_signals,
        )

    @staticmethod
    def _finish(process: subprocess.Popen[str]) -> tuple[int, str]:
        try:
            output = process.communicate(timeout=SECONDS_AT_MOST)[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate()[1]
        return process.returncode, output
