"""Work on untrusted input in a child process that may hang, starve or die.

The items are worked on one after the other in a child with a limit on memory.
Each result comes back as it is ready; when none comes in time, or the child
dies, the item it was at is the culprit: it is given up with a reason, and a new
child goes on with the rest.
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

if sys.platform != "win32":
    import resource

Item = TypeVar("Item")
Result = TypeVar("Result")

_CONTEXT: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


@dataclass(frozen=True)
class GivenUp:
    """Why an item has no result: ``too_slow``, ``out_of_memory`` or ``crashed``.

    Attributes:
        detail: a sentence for a person.
        limit: the seconds or MiB that were not enough; None for a crash.
    """

    rule: str
    detail: str
    limit: float | None = None


@dataclass(frozen=True)
class Limits:
    """What one item may take.

    Attributes:
        seconds: of waiting for its result.
        memory_bytes: that the child may ask for beyond what it began with.
    """

    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class _Failure:
    """An exception of the function itself, carried to the parent."""

    error: BaseException


class _Done(Generic[Result]):
    def __init__(self, value: Result) -> None:
        self.value = value


def run_isolated(
    function: Callable[[Item], Result], items: Sequence[Item], limits: Limits
) -> Iterator[Result | GivenUp]:
    """Results in the order of the items; an item that breaks its limits is given up alone.

    Args:
        function: what is done with an item; an exception of its own is raised here again.
        items: the work, all of it trusted to the same child until one fails.
        limits: per item.
    """
    place = 0
    while place < len(items):
        for outcome in _one_child(function, items[place:], limits):
            if isinstance(outcome, _Failure):
                raise outcome.error
            yield outcome.value if isinstance(outcome, _Done) else outcome
            place += 1


def _one_child(
    function: Callable[[Item], Result], items: Sequence[Item], limits: Limits
) -> Iterator[_Done[Result] | GivenUp | _Failure]:
    """Outcomes until the items are done or one of them is given up."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_work, args=(function, items, limits, sender, os.getpid()), daemon=True)
    child.start()
    sender.close()
    try:
        for _ in items:
            if not receiver.poll(limits.seconds):
                yield GivenUp("too_slow", f"no result within {limits.seconds:g} seconds", limits.seconds)
                return
            try:
                outcome = receiver.recv()
            except EOFError:
                child.join()
                yield GivenUp("crashed", f"the reading process ended by {_reason(child.exitcode)}")
                return
            yield outcome
            if not isinstance(outcome, _Done):
                return
    finally:
        receiver.close()
        child.kill()
        child.join()
        child.close()


def _work(
    function: Callable[[Item], Result], items: Sequence[Item], limits: Limits, sender: Connection, parent: int
) -> None:
    """The child: one message an item, until one fails."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent(parent)
    _limit_memory(limits.memory_bytes)
    for item in items:
        outcome: _Done[Result] | GivenUp | _Failure
        try:
            outcome = _Done(function(item))
            message = ForkingPickler.dumps(outcome)  # takes memory, too
        except MemoryError:
            mib = limits.memory_bytes >> 20
            outcome = GivenUp("out_of_memory", f"more than {mib} MiB were asked for", mib)
            message = ForkingPickler.dumps(outcome)
        except Exception as error:
            outcome = _Failure(error)
            message = ForkingPickler.dumps(outcome)
        sender.send_bytes(message)
        if not isinstance(outcome, _Done):
            return


def _end_with_parent(parent: int) -> None:
    """Ask Linux for a signal when the parent dies, and look whether it has already."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1: PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def _limit_memory(memory_bytes: int) -> None:
    if sys.platform == "linux":
        with open("/proc/self/statm") as status:  # noqa: PTH123
            used = int(status.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory_bytes, used + memory_bytes))


def _reason(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit status {exit_code}"
