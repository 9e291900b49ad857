"""Mapping a function over batches on the workers of a Dask cluster.

Dask assigns batches to workers; a batch whose worker died, or sends no sign of life, is
computed again by another one. A batch contains all that its function needs, so that workers
share no disk with this process, only the code (docs/cluster.md).
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pipeline.core.text import message_of, plural
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
SECONDS_WITHOUT_HEARTBEAT = (
    60.0  # of a worker, which sends one every half second or so: frozen, or unreachable
)
SECONDS_UNTIL_REMOVED = 900.0  # for one batch, with a frozen worker; Dask's scheduler removes it after 300
SECONDS_TO_CLOSE = 5.0
SECONDS_BETWEEN_LOOKS = 1.0
_RESUMED = "pieces read so far are kept, run `dvc repro` again"


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
        workers = _Workers(client, address)
        waiting: deque[Future] = deque()
        task = partial(_on_worker, function)
        for number, batch in enumerate(batches):
            with _connected(client, address):
                waiting.append(client.submit(task, batch, key=f"{function.__name__}-{client.id}-{number}"))
                enough = len(waiting) >= AHEAD * max(1, workers.n_threads())
            if enough:
                yield _result(client, waiting.popleft(), workers)
        while waiting:
            yield _result(client, waiting.popleft(), workers)


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
    with _quiet():
        try:
            with ThreadPoolExecutor(1) as thread:  # a thread: this one may run an event loop
                thread.submit(asyncio.run, _answer(address)).result()
            client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
        except Exception as error:  # whatever Dask makes of the answers of another kind of server
            raise ClusterError(
                f"no Dask scheduler answers at {address} ({_reason(error)}); "
                "start one, or set another `engine`"
            ) from None
        try:
            yield client
        finally:
            with suppress(TimeoutError):  # the scheduler does not answer
                client.close(timeout=SECONDS_TO_CLOSE)


async def _answer(address: str) -> None:
    """Wait for the first answer of a scheduler; ``Client`` itself waits for it without end."""
    from distributed.comm import connect
    from distributed.security import Security

    arguments = Security().get_connection_args("client")
    comm = await asyncio.wait_for(
        connect(address, timeout=SECONDS_TO_CONNECT, **arguments), 2 * SECONDS_TO_CONNECT
    )
    comm.abort()


def _reason(error: Exception) -> str:
    if isinstance(error, AssertionError):  # Dask's thread did not start within 10 s
        return message_of(error) if str(error) else "this machine is too busy"
    if isinstance(error, TimeoutError) and not str(error):
        return f"something listens there, but it has not answered for {2 * SECONDS_TO_CONNECT:g} s"
    if isinstance(error, OSError | ValueError | TypeError):  # TypeError: tls:// without certificates
        return message_of(error)
    return "another kind of server listens there"


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


class _Workers:
    """The workers of a cluster, and when each of them last sent a sign of life."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address
        # of each worker its last heartbeat, and when that was new here
        self.beats: dict[str, tuple[float, float]] = {}
        self.reported: set[str] = set()
        self.last_seen = time.monotonic()

    def n_threads(self) -> int:
        """The number of threads of all workers; 0 without workers."""
        return sum(self._ask(self.client.scheduler.ncores).values())

    def look(self, waited: float) -> None:
        """Called about once a second while a batch is computed.

        Args:
            waited: for the result of the batch, in seconds.

        Raises:
            ClusterError: no worker is left that could compute it, or a frozen one is not removed.
        """
        now = time.monotonic()
        found = self._ask(self.client.scheduler.identity)["workers"]
        before, self.beats = self.beats, {}
        for worker, state in found.items():
            beat, since = before.get(worker, (None, now))
            self.beats[worker] = (state["last_seen"], since if beat == state["last_seen"] else now)
        silence = {worker: now - since for worker, (_, since) in self.beats.items()}
        silent = [worker for worker, seconds in silence.items() if seconds > SECONDS_WITHOUT_HEARTBEAT]
        self._report(silent)
        if len(silent) < len(found):
            self.last_seen = now
        elif now - self.last_seen > SECONDS_WITHOUT_WORKERS:
            raise ClusterError(self._without_workers(silent))
        if silent and waited > SECONDS_UNTIL_REMOVED:
            them = plural(len(silent), "it", "them")
            raise ClusterError(
                f"{_named(silent)} no sign of life, and the Dask scheduler at {self.address} does not remove "
                f"{them}; end {them}, or set Dask's distributed.scheduler.worker-ttl; {_RESUMED}"
            )

    def _report(self, silent: Sequence[str]) -> None:
        new = [worker for worker in silent if worker not in self.reported]
        if new:
            its, it = plural(len(new), "its", "their"), plural(len(new), "it", "them")
            say(
                f"{_named(new)} no sign of life for {SECONDS_WITHOUT_HEARTBEAT:.0f} s; other workers get "
                f"{its} batches when the scheduler removes {it} (after 5 minutes, unless Dask is configured "
                "otherwise)"
            )
        self.reported = set(silent)

    def _without_workers(self, silent: Sequence[str]) -> str:
        if not silent:
            return f"the Dask scheduler at {self.address} has no workers"
        them = plural(len(silent), "it", "them")
        return (
            f"{_named(silent)} no sign of life, and there is no other; end {them}, start workers; {_RESUMED}"
        )

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return self.client.sync(question, callback_timeout=SECONDS_WITHOUT_ANSWER)
        except TimeoutError:
            raise ClusterError(
                f"the Dask scheduler at {self.address} has not answered for {SECONDS_WITHOUT_ANSWER:.0f} s; "
                f"{_RESUMED}"
            ) from None
        except OSError:  # the connection is closed
            raise ClusterError(_gone(self.address)) from None


def _named(workers: Sequence[str]) -> str:
    number = len(workers)
    return f"the {plural(number, 'worker')} at {', '.join(workers)} {plural(number, 'gives', 'give')}"


def _result(client: Client, future: Future, workers: _Workers) -> Any:
    """Wait for a batch while the cluster has workers to compute it."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    address = workers.address
    workers.last_seen = began = time.monotonic()
    while True:
        try:
            return future.result(timeout=SECONDS_BETWEEN_LOOKS)
        except TimeoutError:
            if client.status != "running":
                raise ClusterError(_gone(address)) from None
            workers.look(time.monotonic() - began)
        except (CancelledError, CommClosedError):  # the second one while a result is being fetched
            raise ClusterError(_gone(address)) from None
        except KilledWorker as error:
            raise ClusterError(f"a batch killed one worker after another: {message_of(error)}") from None
        except (ModuleNotFoundError, RuntimeError) as error:
            missing = error if isinstance(error, ModuleNotFoundError) else error.__cause__
            if not isinstance(missing, ModuleNotFoundError):
                raise
            raise ClusterError(
                f"the cluster at {address} lacks this project or its packages ({message_of(missing)}); start "
                "scheduler and workers in a checkout of the same commit: python -m dask worker ADDRESS"
            ) from None


def _gone(address: str) -> str:
    return f"lost the Dask scheduler at {address}; {_RESUMED}"
