"""Process untrusted input in a child process that may hang, run out of memory or crash.

The items are processed one after the other in a child with a memory limit. If no result arrives
in time, or the child dies, the current item is the cause: it is given up with a reason, and a new
child processes the remaining items. A message costs as much as a short tune, so results of
quick items are sent together; after a failure the next items are processed again, and their
results are sent one by one, so that the cause is known. :mod:`children` keeps a child that has
processed all its items for the next ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipeline.core.text import plural
from pipeline.corpora.parsing.children import (
    Child,
    ChildLimits,
    Done,
    IsolationError,
    Job,
    Message,
    RaisedError,
    answer_of,
    borrow,
    give_back,
)

__all__ = ["ChildFailure", "ChildLimits", "IsolationError", "run_isolated"]

TOGETHER = 32  # results in a message

Item = TypeVar("Item")
Result = TypeVar("Result")


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
    place = n_singly = 0  # how many of the next items are processed one by one
    while place < len(items):
        stop = place + n_singly if n_singly else len(items)
        job = Job(function, items[place:stop], limits, prepare, 1 if n_singly else TOGETHER)
        child = borrow(job, imports)
        begin = place
        failed = False
        try:
            for outcome in _outcomes(child, job):
                failed = isinstance(outcome, _Unknown)
                if isinstance(outcome, _Unknown):
                    break
                yield outcome
                place += 1
        finally:
            give_back(child)
        n_singly = TOGETHER if failed else max(n_singly - (place - begin), 0)


class _Unknown:
    """An item has failed, one of several whose results are missing."""


def _outcomes(child: Child, job: Job[Item, Result]) -> Iterator[Result | ChildFailure | _Unknown]:
    """Yield outcomes until all items are done, one of them is given up, or the child has grown."""
    seconds, mib = job.limits.seconds, job.limits.memory_bytes >> 20
    answers: deque[Message] = deque()
    for _ in job.items:
        if not answers:
            if not child.pipe.poll(seconds):
                slow = ChildFailure(
                    "too_slow", f"no result within {seconds:g} {plural(seconds, 'second')}", seconds
                )
                yield slow if job.together == 1 else _Unknown()
                return
            try:
                answers += child.pipe.recv()
            except (EOFError, ConnectionError):
                crashed = ChildFailure("crashed", f"the reading process ended with {child.end()}")
                yield crashed if job.together == 1 else _Unknown()
                return
        answer = answer_of(answers.popleft())
        if isinstance(answer, RaisedError):
            raise answer.error
        if not isinstance(answer, Done):
            yield ChildFailure("out_of_memory", f"more than {mib} MiB were requested", mib)
            return
        yield answer.value
        if answer.is_last:
            return
    child.is_idle = True
