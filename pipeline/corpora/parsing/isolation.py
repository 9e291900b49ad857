"""Process untrusted input in a child process that may hang, run out of memory or crash.

The items are processed one after the other in a child with a memory limit. Each result
is returned as soon as it is ready. If none arrives in time, or the child dies, the
current item is the cause: it is given up with a reason, and a new child processes the
remaining items. :mod:`children` keeps a child that has processed all its items for the
next ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipeline.corpora.parsing.children import (
    Child,
    ChildLimits,
    Done,
    IsolationError,
    Job,
    RaisedError,
    borrow,
    give_back,
)

__all__ = ["ChildFailure", "ChildLimits", "IsolationError", "run_isolated"]

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
    place = 0
    while place < len(items):
        job = Job(function, items[place:], limits, prepare)
        child = borrow(job, imports)
        try:
            for outcome in _outcomes(child, job):
                yield outcome
                place += 1
        finally:
            give_back(child)


def _outcomes(child: Child, job: Job[Item, Result]) -> Iterator[Result | ChildFailure]:
    """Yield outcomes until all items are done, one of them is given up, or the child has grown."""
    seconds, mib = job.limits.seconds, job.limits.memory_bytes >> 20
    for _ in job.items:
        if not child.pipe.poll(seconds):
            yield ChildFailure("too_slow", f"no result within {seconds:g} seconds", seconds)
            return
        try:
            answer = child.pipe.recv()
        except (EOFError, ConnectionError):
            yield ChildFailure("crashed", f"the reading process ended with {child.end()}")
            return
        if isinstance(answer, RaisedError):
            raise answer.error
        if not isinstance(answer, Done):
            yield ChildFailure("out_of_memory", f"more than {mib} MiB were requested", mib)
            return
        yield answer.value
        if answer.is_last:
            return
    child.is_idle = True
