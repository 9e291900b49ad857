"""Child processes that process items, and are kept for the next items.

A child computes one job after the other. It is replaced when it dies, exceeds a limit, or
holds much more memory than at its start. The limit on memory is set again for each job, so
that what earlier jobs left behind does not reduce it.

On Linux the children are forked by a server process without threads: a stage and a
cluster worker have threads, and a lock held by one of them would stay locked in a
child for ever.
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
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import get_temp_dir
from typing import Any, Generic, TypeVar

from pipeline.errors import PipelineError
from pipeline.workflow import interruption

if sys.platform != "win32":
    import fcntl
    import resource
    from multiprocessing import forkserver

Item = TypeVar("Item")
Result = TypeVar("Result")

SECONDS_TO_START = 120.0
PIPE_BYTES = 1 << 20
MESSAGE_BYTES = 1 << 18  # of answers that wait to be sent
SECONDS_TO_WAIT = 0.05  # that an answer may wait for others while the next item is processed
GROWTH_BYTES = 256 << 20  # by which the most memory that a child has held may exceed that at its start
NOT_STARTED = (
    "a process to read files in could not be started; a script that calls this needs "
    '`if __name__ == "__main__":` around the call (pipeline.read needs none); else the machine is out of '
    "memory or processes"
)
PRELOADED = ("loky",)  # a worker of the engine may be a loky process, whose start method its children inherit
_CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


class IsolationError(PipelineError):
    """A child process does not start."""


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


Message = tuple[bytes, bool]  # an answer: pickled, or as it is; bytes need no pickling


class Child:
    """The parent's end of a child process.

    Attributes:
        pipe: what the child sends: lists of one or several messages.
        is_idle: whether it has processed all items of its job.
    """

    def __init__(self) -> None:
        inner, self._jobs = _CONTEXT.Pipe(duplex=False)
        self.pipe, answers = _CONTEXT.Pipe(duplex=False)
        for end in (inner, answers):
            _enlarge(end)
        self.is_idle = False
        self._process = _CONTEXT.Process(target=_work, args=(inner, answers), daemon=True)
        try:
            self._process.start()
        except (EOFError, ConnectionError):  # the fork server has ended; the next start creates a new one
            raise IsolationError(NOT_STARTED) from None
        inner.close()
        answers.close()

    def begin(self, job: Job[Any, Any]) -> bool:
        """Send a job; False if the child is dead and no item is the cause."""
        self.is_idle = False
        try:
            self._jobs.send((os.getcwd(), job))  # noqa: PTH109
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
        self._jobs.close()
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
    """Start the process that forks the children; it imports modules while the caller does something else.

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
            _CONTEXT.set_forkserver_preload([*PRELOADED, *imports])
        child = idle or Child()
        if idle is None and sys.platform == "linux":
            interruption.record([get_temp_dir()])
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


def _work(jobs: Connection, answers: Connection) -> None:
    """The child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    prepared: set[Callable[[], object] | None] = {None}
    memory_at_start: int | None = None
    while True:
        try:
            folder, job = jobs.recv()
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
        answers.send(None)  # an item is the cause of any later failure
        if not _process(job, memory_at_start, answers):
            return
        del job
        _lift_limit()


def _process(job: Job[Any, Any], memory_at_start: int, answers: Connection) -> bool:
    """Send the answers; whether the child is fit for another job."""
    waiting: list[Message] = []
    n_bytes, since = 0, time.monotonic()
    for n_left, item in zip(range(len(job.items) - 1, -1, -1), job.items, strict=True):
        answer: Done[Any] | OutOfMemory | RaisedError
        try:
            value = job.function(item)
            answer = Done(value, _most_memory() > memory_at_start + GROWTH_BYTES)
            message = _message(answer)  # this also needs memory
        except MemoryError:
            answer = OutOfMemory()
            message = _message(answer)
        except Exception as error:
            answer = RaisedError(error)
            message = _message(answer)
        waiting.append(message)
        n_bytes += len(message[0])
        ends = not isinstance(answer, Done) or answer.is_last
        late = n_bytes >= MESSAGE_BYTES or time.monotonic() - since >= SECONDS_TO_WAIT
        if ends or late or not n_left or len(waiting) == job.together:
            answers.send(waiting)
            waiting, n_bytes, since = [], 0, time.monotonic()
        if ends:
            return False
    return True


def _message(answer: Done[Any] | OutOfMemory | RaisedError) -> Message:
    if isinstance(answer, Done) and isinstance(answer.value, bytes) and not answer.is_last:
        return answer.value, False
    return bytes(ForkingPickler.dumps(answer)), True


def answer_of(message: Message) -> Done[Any] | OutOfMemory | RaisedError:
    """The answer that a child has sent."""
    content, is_pickled = message
    return ForkingPickler.loads(content) if is_pickled else Done(content, is_last=False)


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


def _enlarge(end: Connection) -> None:
    """Let a pipe hold a whole message, so that sender and receiver need not take turns."""
    if sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(end.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _lift_limit() -> None:
    """Allow a job of any size to arrive; the next limit is set after it."""
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _reason(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit status {exit_code}"
