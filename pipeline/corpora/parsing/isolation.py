"""Work on untrusted input in a child process that may hang, starve or die.

The items are worked on one after the other in a child with a limit on memory.
Each result comes back as it is ready; when none comes in time, or the child
dies, the item it was at is the culprit: it is given up with a reason, and a new
child goes on with the rest.

On Linux the children are forked by a server without threads of its own: a stage
and a worker of a cluster have some, and a lock that one of them holds would stay
locked in a child for ever.
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
LOKY = ("loky",)  # a worker of the engine may be loky's: its children must know how that starts processes
_CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


class IsolationError(PipelineError):
    """A child process does not start."""


@dataclass(frozen=True)
class ChildFailure:
    """Why an item has no result: ``too_slow``, ``out_of_memory`` or ``crashed``.

    Attributes:
        detail: a sentence for a person.
        limit: the seconds or MiB that were not enough; None for a crash.
    """

    rule: str
    detail: str
    limit: float | None = None


@dataclass(frozen=True)
class ChildLimits:
    """What one item may take.

    Attributes:
        seconds: of waiting for its result.
        memory_bytes: that the child may ask for beyond what it began with.
    """

    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class _RaisedError:
    """An exception of the function itself, carried to the parent."""

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
    """Results in the order of the items; an item that breaks its limits is given up alone.

    Args:
        function: importable by its name; an exception of its own is raised here again.
        items: the work, all of it trusted to the same child until one fails.
        limits: per item.
        imports: modules that every child needs; they are imported once, not once a child.
        prepare: importable by its name; called in each child before the limits hold.

    Raises:
        IsolationError: a child could not start, which is no item's fault.
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
    """Outcomes until the items are done or one of them is given up."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_work, args=(function, items, limits, prepare, sender), daemon=True)
    try:
        child.start()
    except (EOFError, ConnectionError):  # the fork server is gone; the next start makes a new one
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
                yield ChildFailure("crashed", f"the reading process ended by {_reason(child.exitcode)}")
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
    """The child: one message an item, until one fails."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    if prepare is not None:
        prepare()
    _limit_memory(limits.memory_bytes)
    sender.send(None)  # what goes wrong from here on is an item's fault
    for item in items:
        outcome: _Done[Result] | ChildFailure | _RaisedError
        try:
            outcome = _Done(function(item))
            message = ForkingPickler.dumps(outcome)  # takes memory, too
        except MemoryError:
            mib = limits.memory_bytes >> 20
            outcome = ChildFailure("out_of_memory", f"more than {mib} MiB were asked for", mib)
            message = ForkingPickler.dumps(outcome)
        except Exception as error:
            outcome = _RaisedError(error)
            message = ForkingPickler.dumps(outcome)
        sender.send_bytes(message)
        if not isinstance(outcome, _Done):
            return


def _end_with_parent() -> None:
    """Ask Linux for a signal when who forked this child is gone; the fork server goes with its user."""
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
        if hard != resource.RLIM_INFINITY:  # the user's own limit (ulimit -v) may be lower
            allowed = min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def _reason(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit status {exit_code}"
