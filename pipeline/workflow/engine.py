"""Mapping a function over batches: in this process, in several, or on a cluster.

Outputs do not depend on the engine: results come back in the
order of the batches, so the bytes are the same for every
kind and number of workers.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import chain, islice
from tempfile import TemporaryDirectory
from typing import Annotated, Literal, Self, TypeVar

from loky import ProcessPoolExecutor
from loky.process_executor import TerminatedWorkerError
from pydantic import Field, model_validator

from pipeline.core.settings import Section
from pipeline.core.text import message_of
from pipeline.errors import PipelineError
from pipeline.workflow import interruption, temporaries
from pipeline.workflow.cluster import map_on_cluster

Batch = TypeVar("Batch")
Result = TypeVar("Result")

AHEAD = 3  # batches sent per worker, so that no worker waits for its next batch
SECONDS_BETWEEN_LOOKS = 1.0
SCHEDULER = "ENTCHEN_SCHEDULER"  # overrides the address of params.yaml, for batch jobs


class EngineError(PipelineError):
    """A worker process died."""


class EngineSettings(Section):
    """How batches are distributed; the bytes of the outputs do not depend on it.

    Attributes:
        kind: ``serial`` for this process alone, ``processes`` for local workers,
            ``dask`` for those of a cluster.
        workers: the number of local workers, or ``auto`` for one per processor core.
        address: of the cluster's scheduler, as ``tcp://127.0.0.1:8786``.
    """

    kind: Literal["serial", "processes", "dask"]
    workers: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = Field(union_mode="left_to_right")
    address: str | None

    @model_validator(mode="after")
    def _dask_has_an_address(self) -> Self:
        if self.kind == "dask" and self.address is None:
            raise ValueError("kind: dask needs the `address` of a scheduler, as tcp://127.0.0.1:8786")
        return self

    def n_workers(self) -> int:
        """The number of workers on this machine."""
        if self.kind == "serial":
            return 1
        return self.workers if isinstance(self.workers, int) else _n_cores()


def map_batches(
    function: Callable[[Batch], Result],
    batches: Iterable[Batch],
    settings: EngineSettings,
    ahead: int = AHEAD,
) -> Iterator[Result]:
    """Apply ``function`` to every batch; results in the order of the batches.

    Args:
        function: importable by its name, without hidden state.
        batches: units of work of about a second each; a few per worker are in memory.
        settings: the section ``engine`` of params.yaml.
        ahead: batches sent per local worker.

    Raises:
        EngineError: a worker died, for example because memory ran out.
        ClusterError: the cluster does not answer.
    """
    waiting = iter(batches)
    first = list(islice(waiting, max(1, settings.n_workers())))
    rest = chain(first, waiting)
    address = os.environ.get(SCHEDULER) or (settings.address if settings.kind == "dask" else None)
    if address and first:
        yield from map_on_cluster(function, rest, address)
    elif settings.kind == "serial" or len(first) <= 1:
        yield from map(function, rest)
    else:
        yield from _map_in_processes(function, rest, len(first), ahead)


def _map_in_processes(
    function: Callable[[Batch], Result], batches: Iterable[Batch], n_workers: int, ahead: int
) -> Iterator[Result]:
    with TemporaryDirectory(prefix=temporaries.PREFIX, ignore_cleanup_errors=True) as folder:
        executor = ProcessPoolExecutor(
            n_workers,
            initializer=_end_with_parent,
            initargs=(os.getpid(),),
            env={"TMPDIR": folder},  # workers are killed and cannot delete their own temporary files
        )
        interruption.record([folder, *temporaries.semaphores()])
        sent: deque[Future[Result]] = deque()
        try:
            for number, batch in enumerate(batches):
                sent.append(executor.submit(function, batch))
                if number == 0:
                    interruption.record(temporaries.semaphores())  # two more
                if len(sent) >= ahead * n_workers:
                    yield sent.popleft().result()
            while sent:
                yield sent.popleft().result()
        except TerminatedWorkerError as error:
            raise EngineError(
                f"a worker process died ({message_of(error)}); try `engine: {{kind: serial}}`"
            ) from None
        finally:
            executor.shutdown(wait=True, kill_workers=True)


def _end_with_parent(process_id: int) -> None:
    """End this worker soon after its parent, which a signal may end before it can stop its workers."""
    threading.Thread(target=_exit_after, args=(process_id,), daemon=True).start()


def _exit_after(process_id: int) -> None:
    while os.getppid() == process_id:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def _n_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
