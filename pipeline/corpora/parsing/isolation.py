"""Process untrusted input in a child process that may hang, run out of memory or crash.

The items are processed one after the other in a child with a memory limit. Each result
is returned as soon as it is ready. If none arrives in time, or the child dies, the
current item is the cause: it is given up with a reason, and a new child processes the
remaining items.

On Linux the children are forked by a server process without threads: a stage and a
cluster worker have threads, and a lock held by one of them would stay locked in a
child for ever.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, Generic, TypeVar

from pipeline.errors import PipelineError

if sys.platform != "win32":
    import resource

Item = TypeVar("Item")
Result = TypeVar("Result")

SECONDS_TO_START = 120.0
NOT_STARTED = (
    "a process to read files in could not be started; a script that calls this needs "
    '`if __name__ == "__main__":` around the call (pipeline.read needs none); else the machine is out of '
    "memory or processes"
)
LOKY = ("loky",)  # a worker of the engine may be a loky process, whose start method its children must inherit
_CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


class IsolationError(PipelineError):
    """A child process does not start."""


@dataclass(frozen=True)
class ChildFailure:
    """The reason why an item has no result: ``too_slow``, ``out_of_memory`` or ``crashed``.

    Attributes:
        detail: a readable description.
        limit: the limit in seconds or MiB that was exceeded; None for a crash.
    """

    rule: str
    detail: str
    limit: float | None = None


@dataclass(frozen=True)
class ChildLimits:
    """Limits for one item.

    Attributes:
        seconds: time until its result must arrive.
        memory_bytes: memory that the child may allocate in addition to its memory at the start.
    """

    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class _RaisedError:
    """An exception of the function itself, sent to the parent."""

    error: BaseException


class _Done(Generic[Result]):
    def __init__(self, value: Result) -> None:
        self.value = value


def run_isolated(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    limits: ChildLimits,
    imports: Sequence[str] = (),
    prepare: Callable[[], object] | None = None,
) -> Iterator[Result | ChildFailure]:
    """Yield results in the order of the items; only the item that exceeds its limits is given up.

    Args:
        function: importable by its name; an exception that it raises is raised again here.
        items: the items, all processed by the same child until one fails.
        limits: the limits per item.
        imports: modules that every child needs; they are imported once, not once per child.
        prepare: importable by its name; called in each child before the limits hold.

    Raises:
        IsolationError: a child could not start; no item is the cause.
    """
    _CONTEXT.set_forkserver_preload([*LOKY, *imports])
    place = 0
    while place < len(items):
        for outcome in _one_child(function, items[place:], limits, prepare):
            if isinstance(outcome, _RaisedError):
                raise outcome.error
            yield outcome.value if isinstance(outcome, _Done) else outcome
            place += 1


def _one_child(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    limits: ChildLimits,
    prepare: Callable[[], object] | None,
) -> Iterator[_Done[Result] | ChildFailure | _RaisedError]:
    """Yield outcomes until all items are done or one of them is given up."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_work, args=(function, items, limits, prepare, sender), daemon=True)
    try:
        child.start()
    except (EOFError, ConnectionError):  # the fork server has ended; the next start creates a new one
        raise IsolationError(NOT_STARTED) from None
    sender.close()
    try:
        _await_start(receiver)
        for _ in items:
            if not receiver.poll(limits.seconds):
                yield ChildFailure("too_slow", f"no result within {limits.seconds:g} seconds", limits.seconds)
                return
            try:
                outcome = receiver.recv()
            except EOFError:
                child.join()
                yield ChildFailure("crashed", f"the reading process ended with {_reason(child.exitcode)}")
                return
            yield outcome
            if not isinstance(outcome, _Done):
                return
    finally:
        receiver.close()
        child.kill()
        child.join()
        child.close()


def _await_start(receiver: Connection) -> None:
    try:
        if receiver.poll(SECONDS_TO_START):
            receiver.recv()
            return
    except EOFError:
        pass
    raise IsolationError(NOT_STARTED)


def _work(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    limits: ChildLimits,
    prepare: Callable[[], object] | None,
    sender: Connection,
) -> None:
    """The child process: sends one message per item, until one fails."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    if prepare is not None:
        prepare()
    _limit_memory(limits.memory_bytes)
    sender.send(None)  # an item is the cause of any later failure
    for item in items:
        outcome: _Done[Result] | ChildFailure | _RaisedError
        try:
            outcome = _Done(function(item))
            message = ForkingPickler.dumps(outcome)  # this also needs memory
        except MemoryError:
            mib = limits.memory_bytes >> 20
            outcome = ChildFailure("out_of_memory", f"more than {mib} MiB were requested", mib)
            message = ForkingPickler.dumps(outcome)
        except Exception as error:
            outcome = _RaisedError(error)
            message = ForkingPickler.dumps(outcome)
        sender.send_bytes(message)
        if not isinstance(outcome, _Done):
            return


def _end_with_parent() -> None:
    """Request a signal from Linux when the parent of this child ends; the fork server ends with its user."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1: PR_SET_PDEATHSIG
        parent = multiprocessing.parent_process()
        if parent is None or not parent.is_alive():
            os._exit(1)


def _limit_memory(memory_bytes: int) -> None:
    if sys.platform == "linux":
        with open("/proc/self/statm") as status:  # noqa: PTH123
            used = int(status.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        allowed = used + memory_bytes
        if hard != resource.RLIM_INFINITY:  # the limit set by the user (ulimit -v) may be lower
            allowed = min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def _reason(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit status {exit_code}"
