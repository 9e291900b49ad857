"""A process that reads files in children, is killed, and must leave no process behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

from pipeline.corpora.parsing.isolation import ChildLimits, run_isolated
from pipeline.workflow.engine import EngineSettings, map_batches
from tests.helpers.paths import ROOT
from tests.helpers.waiting import wait_until

MARK = "ENTCHEN_TEST_OF_ORPHANS"
LIMITS = ChildLimits(seconds=600, memory_bytes=1 << 30)


def read_for_ever(marker: str) -> None:
    """Never return from one call in C, which holds the lock of the interpreter."""
    Path(marker).touch()
    re.match("(a+)+$", "a" * 64 + "b")


def read_batch(marker: str) -> None:
    """Read one item in a child."""
    list(run_isolated(read_for_ever, [marker], LIMITS))


def map_for_ever(kind: str, *markers: str) -> None:
    """Read all items with an engine of this kind."""
    engine = EngineSettings.model_validate({"kind": kind, "workers": 2, "address": None})
    list(map_batches(read_batch, markers, engine))


def killed_at_work(kind: str, folder: Path) -> str:
    """Start :func:`map_for_ever`, kill its process once children read; the mark of all its processes."""
    mark = uuid.uuid4().hex
    markers = [folder / str(item) for item in range(1 if kind == "serial" else 2)]
    code = "import sys; from tests.helpers.orphans import map_for_ever; map_for_ever(*sys.argv[1:])"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:  # it is killed
        process = subprocess.Popen(
            [sys.executable, "-c", code, kind, *map(str, markers)],
            cwd=ROOT,
            env={**os.environ, MARK: mark, "TMPDIR": temporary},
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: all(marker.exists() for marker in markers), what="the children")
        finally:
            process.kill()
            process.wait()
    return mark


def processes_with(mark: str) -> list[int]:
    """The processes with this mark in their environment; of Linux alone."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def end(processes: list[int]) -> None:
    """Kill processes that may have ended."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
