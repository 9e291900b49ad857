"""Functions that cluster workers and child processes import by name."""

import os
import signal
import sys
from pathlib import Path

from pipeline.workflow.engine import EngineSettings


def on(address: str) -> EngineSettings:
    """The engine ``dask`` with a scheduler at this address."""
    return EngineSettings(kind="dask", workers="auto", address=address)


def square(number: int) -> int:
    return number * number


def process_of(_: int) -> int:
    return os.getpid()


def is_imported(module: str) -> bool:
    return module in sys.modules


def end_every_worker(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def end_once(marker: str) -> str:
    """Kill the worker that comes first, and let the next one do the work."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def end_process(number: int) -> int:
    """Kill the process of this number; 0 is none."""
    if number:
        os.kill(number, signal.SIGKILL)
    return number


def stop_process(number: int) -> int:
    """Stop the process of this number, which stays connected; 0 is none."""
    if number:
        os.kill(number, signal.SIGSTOP)
    return number
