"""What runs in a child process: the items of one job after the other, within limits.

The limit on memory is set again for each job, so that what earlier jobs left behind does
not reduce it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, Generic, TypeVar

if sys.platform != "win32":
    import fcntl
    import resource

Item = TypeVar("Item")
Result = TypeVar("Result")

MESSAGE_BYTES = 1 << 18  # of answers that wait to be sent
SECONDS_TO_WAIT = 0.05  # that an answer may wait for others while the next item is processed
GROWTH_BYTES = 256 << 20  # by which the most memory that a child has held may exceed that at its start


@dataclass(frozen=True)
class ChildLimits:
    """Limits for one item.

    Attributes:
        seconds: time until its result must arrive.
        memory_bytes: memory that the child may allocate in addition to its memory at the start of a job.
    """

    seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class Job(Generic[Item, Result]):
    """Items for one child.

    Attributes:
        function: importable by its name.
        prepare: importable by its name; called once per child before the limits hold.
        together: how many answers a message may hold.
    """

    function: Callable[[Item], Result]
    items: Sequence[Item]
    limits: ChildLimits
    prepare: Callable[[], object] | None
    together: int = 1


@dataclass(frozen=True)
class Done(Generic[Result]):
    """The result of an item.

    Attributes:
        is_last: the child has grown and ends.
    """

    value: Result
    is_last: bool


class OutOfMemory:
    """The item needs more memory than the limit."""


@dataclass(frozen=True)
class RaisedError:
    """An exception of the function itself, sent to the parent."""

    error: BaseException


def work(pipe: Connection) -> None:
    """The child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    prepared: set[Callable[[], object] | None] = {None}
    memory_at_start: int | None = None
    while True:
        try:
            folder, job = pipe.recv()
        except (EOFError, ConnectionError):
            return
        os.chdir(folder)
        if job.prepare not in prepared:
            job.prepare()
            prepared.add(job.prepare)
        if memory_at_start is None:
            gc.freeze()  # collections skip what stays until the end
            memory_at_start = _most_memory()
        _limit_memory(job.limits.memory_bytes)
        pipe.send(None)  # an item is the cause of any later failure
        if not _process(job, memory_at_start, pipe):
            return
        del job
        _lift_limit()


def _process(job: Job[Any, Any], memory_at_start: int, pipe: Connection) -> bool:
    """Send the answers; whether the child is fit for another job."""
    waiting: list[bytes] = []
    n_bytes, since = 0, time.monotonic()
    for n_left, item in zip(range(len(job.items) - 1, -1, -1), job.items, strict=True):
        answer: Done[Any] | OutOfMemory | RaisedError
        try:
            value = job.function(item)
            answer = Done(value, _most_memory() > memory_at_start + GROWTH_BYTES)
            message = ForkingPickler.dumps(answer)  # this also needs memory
        except MemoryError:
            answer = OutOfMemory()
            message = ForkingPickler.dumps(answer)
        except Exception as error:
            answer = RaisedError(error)
            message = ForkingPickler.dumps(answer)
        waiting.append(bytes(message))
        n_bytes += len(message)
        ends = not isinstance(answer, Done) or answer.is_last
        late = n_bytes >= MESSAGE_BYTES or time.monotonic() - since >= SECONDS_TO_WAIT
        if ends or late or not n_left or len(waiting) == job.together:
            pipe.send(waiting)
            waiting, n_bytes, since = [], 0, time.monotonic()
        if ends:
            return False
    return True


def _end_with_parent() -> None:
    """End this child as soon as the process that uses it ends, even inside a call that never returns.

    That process holds the other end of a pipe of which this child has the sentinel. Linux sends SIGIO at its
    end, which no lock of the interpreter delays. PR_SET_PDEATHSIG follows the fork server, which is the
    parent of this child for Linux, and lives as long as one of its children does.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        sentinel = parent.sentinel
        fcntl.fcntl(sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)
    else:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()
    if not parent.is_alive():
        os._exit(1)


def _exit_after(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _most_memory() -> int:
    """The most bytes of resident memory of this process until now; 0 where it is not known."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10 if sys.platform == "linux" else 0


def _limit_memory(memory_bytes: int) -> None:
    if sys.platform == "linux":
        with open("/proc/self/statm") as status:  # noqa: PTH123
            used = int(status.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        allowed = used + memory_bytes
        if hard != resource.RLIM_INFINITY:  # the limit set by the user (ulimit -v) may be lower
            allowed = min(allowed, hard)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def _lift_limit() -> None:
    """Allow a job of any size to arrive; the next limit is set after it."""
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
