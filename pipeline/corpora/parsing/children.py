"""Child processes that process items, and are kept for the next items.

A child (:mod:`pipeline.corpora.parsing.child_process`) computes one job after the other. It is
replaced when it dies, exceeds a limit, or holds much more memory than at its start.

On Linux the children are forked by a server process without threads: a stage and a
cluster worker have threads, and a lock held by one of them would stay locked in a
child for ever.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.util import get_temp_dir
from typing import Any

from pipeline.corpora.parsing.child_process import Job, work
from pipeline.errors import PipelineError
from pipeline.workflow import interruption

if sys.platform != "win32":
    from multiprocessing import forkserver

SECONDS_TO_START = 120.0
NOT_STARTED = (
    "a process to read files in could not be started; a script that calls this needs "
    '`if __name__ == "__main__":` around the call (pipeline.read needs none); else the machine is out of '
    "memory or processes"
)
PRELOADED = ("loky",)  # a worker of the engine may be a loky process, whose start method its children inherit
_CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


class IsolationError(PipelineError):
    """A child process does not start."""


class Child:
    """The parent's end of a child process.

    Attributes:
        pipe: what the child sends: messages of one or several answers, each of them pickled.
        is_idle: whether it has processed all items of its job.
    """

    def __init__(self) -> None:
        self.pipe, inner = _CONTEXT.Pipe()
        self.is_idle = False
        self._process = _CONTEXT.Process(target=work, args=(inner,), daemon=True)
        try:
            self._process.start()
        except (EOFError, ConnectionError):  # the fork server has ended; the next start creates a new one
            raise IsolationError(NOT_STARTED) from None
        inner.close()

    def begin(self, job: Job[Any, Any]) -> bool:
        """Send a job; False if the child is dead and no item is the cause."""
        self.is_idle = False
        try:
            self.pipe.send((os.getcwd(), job))  # noqa: PTH109
            if not self.pipe.poll(SECONDS_TO_START):
                return False
            self.pipe.recv()
        except (EOFError, ConnectionError):
            return False
        return True

    def end(self) -> str:
        """Wait for the end of a child that is dying; how it ended."""
        self._process.join()
        return _reason(self._process.exitcode)

    def stop(self) -> None:
        """End the child, whatever it does."""
        self.pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


class _Idle:
    """The idle children of this process. Lists append and pop at once, so threads may share it."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.process_id = os.getpid()

    def pop(self) -> Child | None:
        """An idle child, if there is one."""
        if self.process_id != os.getpid():  # a fork: the children are those of another process
            self.children, self.process_id = [], os.getpid()
        try:
            return self.children.pop()
        except IndexError:
            return None


_IDLE = _Idle()


def start_server(imports: Sequence[str]) -> None:
    """Start the process that forks the children, if it does not run; it imports modules in the meantime.

    Args:
        imports: modules that every child needs.
    """
    if sys.platform == "linux":
        _CONTEXT.set_forkserver_preload([*PRELOADED, *imports])
        forkserver.ensure_running()
        interruption.record([get_temp_dir()])


def borrow(job: Job[Any, Any], imports: Sequence[str] = ()) -> Child:
    """A child that works at a job; an idle one, or a new one.

    Args:
        imports: modules that every child needs; they are imported once, not once per child.

    Raises:
        IsolationError: a child cannot start; no item is the cause.
    """
    while True:
        idle = _IDLE.pop()
        if idle is None:
            start_server(imports)
        child = idle or Child()
        begun = False
        try:
            begun = child.begin(job)
        finally:
            if not begun:
                child.stop()
        if begun:
            return child
        if idle is None:
            raise IsolationError(NOT_STARTED)


def give_back(child: Child) -> None:
    """Keep a child that is idle for the next job; end any other."""
    if child.is_idle:
        _IDLE.children.append(child)
    else:
        child.stop()


def _reason(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit status {exit_code}"
