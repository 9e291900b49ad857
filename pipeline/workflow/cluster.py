"""Mapping a function over batches on the workers of a Dask cluster.

Dask assigns batches to workers; a batch whose worker died is computed
again by another one. A batch contains all that its function needs, so that workers
share no disk with this process, only the code (docs/cluster.md).
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pipeline.errors import PipelineError
from pipeline.workflow.progress import say

if TYPE_CHECKING:
    from distributed import Client, Future

Batch = TypeVar("Batch")
Result = TypeVar("Result")

AHEAD = 3  # batches sent per worker thread, so that no thread waits for its next batch
SECONDS_TO_CONNECT = 30.0
SECONDS_WITHOUT_WORKERS = 60.0
SECONDS_WITHOUT_ANSWER = 60.0  # of a scheduler that is connected: stopped, or unreachable
SECONDS_TO_CLOSE = 5.0
SECONDS_BETWEEN_LOOKS = 1.0


class ClusterError(PipelineError):
    """The cluster does not answer, has no workers, or a batch kills every worker that computes it."""


def map_on_cluster(
    function: Callable[[Batch], Result], batches: Iterable[Batch], address: str
) -> Iterator[Result]:
    """Apply ``function`` to every batch on a cluster; results in the order of the batches.

    Args:
        function: importable by its name on the workers.
        batches: units of work of about a second each.
        address: scheduler address, ``tcp://HOST:PORT``, or ``tls://`` with Dask's own configuration.

    Raises:
        ClusterError: the cluster cannot compute the batches.
    """
    if urlsplit(address).scheme != "tls" and not _on_this_machine(address):
        say(f"{address} is not encrypted: anyone who can connect to it may run code (docs/cluster.md)")
    with _client(address) as client:
        waiting: deque[Future] = deque()
        task = partial(_on_worker, function)
        for number, batch in enumerate(batches):
            with _connected(client, address):
                waiting.append(client.submit(task, batch, key=f"{function.__name__}-{client.id}-{number}"))
                enough = len(waiting) >= AHEAD * max(1, _n_threads(client, address))
            if enough:
                yield _result(client, waiting.popleft(), address)
        while waiting:
            yield _result(client, waiting.popleft(), address)


def _on_worker(function: Callable[[Batch], Result], batch: Batch) -> Result:
    """Let a worker start child processes, which Dask's nanny forbids by making it a daemon."""
    multiprocessing.current_process().daemon = False
    return function(batch)


def _on_this_machine(address: str) -> bool:
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")


@contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError("`engine.kind: dask` needs Dask: pip install 'distributed==2026.8.0'") from None
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError, AssertionError) as error:
        # TypeError: tls:// without certificates; AssertionError: Dask's thread did not start within 10 s
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({str(error) or 'this machine is too busy'}); "
            "start one, or set another `engine`"
        ) from None
    with _quiet():
        try:
            yield client
        finally:
            with suppress(TimeoutError):  # the scheduler does not answer
                client.close(timeout=SECONDS_TO_CLOSE)


@contextmanager
def _connected(client: Client, address: str) -> Iterator[None]:
    """Any error of a client whose connection is lost means that the scheduler is gone."""
    try:
        yield
    except ClusterError:
        raise
    except Exception:
        if client.status == "running":
            raise
        raise ClusterError(_gone(address)) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask's loggers: a lost scheduler is one message of ours, not a traceback of Dask."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        for name in levels:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _n_threads(client: Client, address: str) -> int:
    """The number of threads of all workers; 0 without workers."""
    try:
        threads = client.sync(client.scheduler.ncores, callback_timeout=SECONDS_WITHOUT_ANSWER)
    except TimeoutError:
        raise ClusterError(
            f"the Dask scheduler at {address} has not answered for {SECONDS_WITHOUT_ANSWER:.0f} s; "
            "pieces read so far are kept, run `dvc repro` again"
        ) from None
    except OSError:  # the connection is closed
        raise ClusterError(_gone(address)) from None
    return sum(threads.values())


def _result(client: Client, future: Future, address: str) -> Any:
    """Wait for a batch while the cluster has workers to compute it."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    last_seen = time.monotonic()
    while True:
        try:
            return future.result(timeout=SECONDS_BETWEEN_LOOKS)
        except TimeoutError:
            if client.status != "running":
                raise ClusterError(_gone(address)) from None
            if _n_threads(client, address):
                last_seen = time.monotonic()
            elif time.monotonic() - last_seen > SECONDS_WITHOUT_WORKERS:
                raise ClusterError(f"the Dask scheduler at {address} has no workers") from None
        except (CancelledError, CommClosedError):  # the second one while a result is being fetched
            raise ClusterError(_gone(address)) from None
        except KilledWorker as error:
            raise ClusterError(f"a batch killed one worker after another: {error}") from None
        except (ModuleNotFoundError, RuntimeError) as error:
            missing = error if isinstance(error, ModuleNotFoundError) else error.__cause__
            if not isinstance(missing, ModuleNotFoundError):
                raise
            raise ClusterError(
                f"the cluster at {address} lacks this project or its packages ({missing}); start scheduler "
                "and workers in a checkout of the same commit: python -m dask worker ADDRESS"
            ) from None


def _gone(address: str) -> str:
    return f"lost the Dask scheduler at {address}; pieces read so far are kept, run `dvc repro` again"
