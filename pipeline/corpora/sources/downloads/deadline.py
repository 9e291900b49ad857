"""A deadline for a whole HTTP exchange: when it passes, the socket is shut down.

The connections of urllib3 register their socket with the deadline, so that a thread that
waits for the next byte can be interrupted.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pipeline.corpora.sources.downloads.errors import AttemptError


class Deadline:
    """The deadline of the current exchange of a session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._passed_after: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Shut the socket down if the block does not end in time."""
        self._passed_after = None
        timer = threading.Timer(seconds, self._pass, [seconds])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._socket = None

    def watch(self, opened: socket.socket | None) -> None:
        """Shut down this socket when the deadline passes, or now if it has passed."""
        with self._lock:
            self._socket = opened
            if self._passed_after is not None:
                self._shut_down()

    def check(self) -> None:
        """Raises AttemptError when the deadline has passed."""
        if self._passed_after is not None:
            raise AttemptError(f"too slow: not complete after {self._passed_after:,.0f} s")

    def _pass(self, seconds: float) -> None:
        with self._lock:
            self._passed_after = seconds
            self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class DeadlineAdapter(HTTPAdapter):
    """A transport adapter of requests whose connections have a deadline."""

    def __init__(self, deadline: Deadline, **options: Any) -> None:
        self._deadline = deadline
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Create pools of connections with a deadline."""
        super().init_poolmanager(*arguments, **options)
        deadline = self._deadline

        class WatchedHTTP(HTTPConnection):
            def getresponse(self) -> Any:
                deadline.watch(self.sock)
                return super().getresponse()

        class WatchedHTTPS(HTTPSConnection):
            def getresponse(self) -> Any:
                deadline.watch(self.sock)
                return super().getresponse()

        class HTTPPool(HTTPConnectionPool):
            ConnectionCls = WatchedHTTP

        class HTTPSPool(HTTPSConnectionPool):
            ConnectionCls = WatchedHTTPS

        self.poolmanager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}
