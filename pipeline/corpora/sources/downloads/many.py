"""Download the files of a corpus over a few connections.

Each connection is kept alive and fetches one file after another. Files that an
earlier run fetched are not requested again, so an interrupted run is resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from pipeline.core.text import counted
from pipeline.corpora.sources.downloads.connection import Connection, StoppedError, Traffic
from pipeline.corpora.sources.downloads.single import FIRST_PAUSE_SECONDS, Wanted, download, is_on_shelf
from pipeline.workflow.progress import MB, say, track_transfer

CONNECTIONS = 4  # simultaneous connections; also the limit per host


def download_many(
    files: Sequence[Wanted],
    shelf: Path,
    what: str,
    connections: int = CONNECTIONS,
    traffic: Traffic | None = None,
    first_pause_seconds: float = FIRST_PAUSE_SECONDS,
) -> list[Path]:
    """Fetch all files to ``shelf``, unless they are there already.

    Files with the same sha256 are fetched once. The first failure stops all
    connections; files that have arrived by then stay on the shelf.

    Args:
        files: the files to fetch.
        shelf: as for ``download``.
        what: the name of the corpus, for messages.
        connections: maximum number of connections to one host.
        traffic: shared pauses; None: pauses of this download only.
        first_pause_seconds: pause after the first failed attempt at a file.

    Returns:
        The path of each file, in the order of ``files``.

    Raises:
        DownloadError: a file could not be downloaded from any address.
    """
    shelf.mkdir(parents=True, exist_ok=True)
    distinct = list({file.sha256: file for file in files}.values())
    missing = [file for file in distinct if not is_on_shelf(file, shelf)]
    if len(missing) < len(distinct):
        say(f"{what}: {len(distinct) - len(missing):,} of {_files(len(distinct))} in {shelf} already")
    if missing:
        n_connections = min(connections, len(missing))
        n_bytes = sum(file.size for file in missing)
        say(f"{what}: downloading {_files(len(missing))}, {n_bytes / MB:,.1f} MB, {n_connections} at once")
        _fetch_all(missing, shelf, what, n_connections, traffic or Traffic(), first_pause_seconds)
    return [shelf / file.sha256 for file in files]


def _fetch_all(
    files: Sequence[Wanted],
    shelf: Path,
    what: str,
    n_connections: int,
    traffic: Traffic,
    first_pause_seconds: float,
) -> None:
    """Run one thread per connection; the first failure ends all of them."""
    n_bytes = sum(file.size for file in files)
    with ExitStack() as stack:
        advance = stack.enter_context(track_transfer(f"downloading {what}", len(files), n_bytes))
        idle: SimpleQueue[Connection] = SimpleQueue()
        for _ in range(n_connections):
            idle.put(stack.enter_context(Connection(traffic)))

        def fetch(file: Wanted) -> None:
            traffic.check()
            connection = idle.get()
            try:
                counted = _Counter(advance)
                connection.received = counted
                download(file, shelf, first_pause_seconds, connection)
                advance(1, file.size - counted.n_bytes)
            finally:
                idle.put(connection)

        pool = stack.enter_context(ThreadPoolExecutor(n_connections, thread_name_prefix="download"))
        stack.callback(traffic.stop)  # must run before the pool waits for its threads, also after Ctrl-C
        _wait([pool.submit(fetch, file) for file in files], traffic)


def _wait(running: Sequence[Future[None]], traffic: Traffic) -> None:
    """Wait for all downloads; raise the first failure as soon as it occurs, and stop the others."""
    failure: BaseException | None = None
    for done in as_completed(running):
        error = done.exception()
        if error is not None and failure is None and not isinstance(error, StoppedError):
            failure = error
            traffic.stop()
    if failure is not None:
        raise failure


def _files(n_files: int) -> str:
    return counted(n_files, "file")


class _Counter:
    """Number of bytes of one file that have arrived."""

    def __init__(self, advance: Callable[[int, int], None]) -> None:
        self.n_bytes = 0
        self._advance = advance

    def __call__(self, n_bytes: int) -> None:
        self.n_bytes += n_bytes
        self._advance(0, n_bytes)
