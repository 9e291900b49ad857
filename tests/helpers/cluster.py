"""A Dask cluster on the loopback: a real scheduler and real worker processes.

    python -m tests.helpers.cluster

shows it at work (`make cluster-demo`): it clones this project, runs the data stages
of the clone on two workers with an empty cache of pieces, and compares dvc.lock.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.workflow.engine import SCHEDULER
from tests.helpers.paths import ROOT
from tests.helpers.waiting import wait_until

DEMO_STAGES = ("encode@entchen", "encode@chorale-melodies", "encode@melodies")
SECONDS_TO_START = 60


@dataclass
class Cluster:
    """Its scheduler's address, and its processes, which may be killed."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def cluster(n_workers: int, *options: str, root: Path = ROOT, protocol: str = "tcp") -> Iterator[Cluster]:
    """Start a scheduler and workers of one thread each, all on 127.0.0.1; stop them at the end.

    Args:
        n_workers: how many.
        options: of ``dask worker``.
        root: the checkout whose code the workers run.
        protocol: ``tcp`` or ``tls``.
    """
    here = ("--host", "127.0.0.1", "--no-dashboard")
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as folder:
        logs = [Path(folder) / f"{number}.log" for number in range(n_workers + 1)]
        place = ("--nthreads", "1", "--local-directory", folder, "--protocol", protocol)
        try:
            started.append(_dask(logs[0], root, "scheduler", *here, "--port", "0", "--protocol", protocol))
            address = _told(logs[0], r"Scheduler at:\s+(\w+://\S+)")
            for log in logs[1:]:
                started.append(_dask(log, root, "worker", address, *here, *place, *options))
            for log in logs[1:]:
                _told(log, r"(Registered to):")
            yield Cluster(address, started[0], started[1:])
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                _end(process)


def _dask(log: Path, root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dask", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # root alone
    with log.open("wb") as stream:
        return subprocess.Popen(command, cwd=root, env=environment, stdout=stream, stderr=stream)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _told(log: Path, pattern: str) -> str:
    """Wait until a process has written something into its log."""

    def found() -> re.Match[str] | None:
        return re.search(pattern, log.read_text(encoding="utf-8"))

    wait_until(found, SECONDS_TO_START, pattern)
    match = found()
    assert match
    return match[1]


def main() -> None:
    """Run the data stages of a clone on a cluster and compare what they give."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "entchen"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        with cluster(2, root=clone) as demo:
            print(f"a scheduler at {demo.address}, {len(demo.workers)} workers", flush=True)
            began = time.monotonic()
            bin_folder = str(Path(sys.executable).parent)
            environment = {
                **os.environ,
                "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
                SCHEDULER: demo.address,
            }
            subprocess.run(["dvc", "repro", *DEMO_STAGES], cwd=clone, env=environment, check=True)
            print(f"done in {time.monotonic() - began:.0f} seconds")
        changed = subprocess.run(["git", "diff", "--exit-code", "--stat", "dvc.lock"], cwd=clone).returncode
        shutil.rmtree(clone, ignore_errors=True)
    print("other bytes than dvc.lock names" if changed else "the same bytes as dvc.lock names")
    sys.exit(changed)


if __name__ == "__main__":
    main()
