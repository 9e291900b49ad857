"""HTTP connections for downloads: kept alive, and limited in load on the host.

RFC 9110, sections 10.1.5 (User-Agent), 10.2.3 (Retry-After), 13.1.5 (If-Range),
14 (Range) and 15.4 (redirects).

A socket timeout limits only the time between two bytes, so a server that sends a byte now
and then never triggers it. Every request therefore also has a deadline, after which its
socket is closed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import urlsplit

import requests

from pipeline.core.text import message_of
from pipeline.corpora.sources.downloads.deadline import Deadline, DeadlineAdapter
from pipeline.corpora.sources.downloads.errors import AttemptError

USER_AGENT = f"entchen (fetches published corpora of symbolic music) {requests.utils.default_user_agent()}"
CHUNK_BYTES = 1 << 16
SECONDS_TO_CONNECT = 15.0
SECONDS_OF_SILENCE = 60.0  # without data for this long, a server counts as hung
SECONDS_TO_ANSWER = 120.0  # including redirects and headers
LEAST_BYTES_PER_SECOND = 10_000  # per body; a slower transfer is aborted and resumed by the next attempt
MAX_REDIRECTS = 5
HOSTS_PER_SESSION = 4  # a mirror, the publisher and the targets of their redirects
BUSY = (429, 503)  # Too Many Requests, Service Unavailable
PASSING = (408, 425, 429)  # the 4xx statuses that may change on another attempt
LASTING_FAULTS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.TooManyRedirects,
)


class StoppedError(Exception):
    """The download was stopped because another of its files failed."""


class Traffic:
    """State shared by all connections of a download: the pauses of each host, and the stop signal.

    Args:
        sleep: function that waits for a number of seconds; None: wait until they pass or ``stop`` is called.
        clock: function that returns seconds since a fixed moment.
    """

    def __init__(
        self, sleep: Callable[[float], object] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}

    def stop(self) -> None:
        """End all pauses and transfers."""
        self._stopped.set()

    def check(self) -> None:
        """Raises StoppedError after ``stop``."""
        if self._stopped.is_set():
            raise StoppedError

    def pause(self, seconds: float) -> None:
        """Make the calling connection wait."""
        self._sleep(seconds)
        self.check()

    def postpone(self, url: str, seconds: float) -> None:
        """Block requests of all connections to the host of an address for a number of seconds."""
        with self._lock:
            host = urlsplit(url).netloc
            self._free_at[host] = max(self._free_at.get(host, 0.0), self._clock() + seconds)

    def wait_for(self, url: str) -> None:
        """Wait until requests to the host of an address are allowed."""
        self.check()
        while (left := self._free_at.get(urlsplit(url).netloc, 0.0) - self._clock()) > 0:
            self.pause(left)


@dataclass
class Connection:
    """One session: at most one open connection to each host, kept alive between files.

    Attributes:
        traffic: state shared with the other connections of the download.
        received: called with the number of bytes of every chunk that arrives.
    """

    traffic: Traffic = field(default_factory=Traffic)
    received: Callable[[int], None] = lambda _: None
    seconds_to_answer: float = SECONDS_TO_ANSWER

    def __post_init__(self) -> None:
        self._deadline = Deadline()
        self._session = _new_session(self._deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str], n_bytes: int = 0) -> Iterator[requests.Response]:
        """The response of a host; its body is not read yet.

        Args:
            n_bytes: size of the body; LEAST_BYTES_PER_SECOND determines its time limit.

        Raises:
            AttemptError: no response, or a response with another status than 200 and 206.
            StoppedError: the download was stopped.
        """
        self.traffic.wait_for(url)
        timeouts = (SECONDS_TO_CONNECT, SECONDS_OF_SILENCE)
        with self._deadline.within(self.seconds_to_answer + n_bytes / LEAST_BYTES_PER_SECOND):
            with self._attempt():
                answer = self._session.get(url, headers=dict(headers), stream=True, timeout=timeouts)
            with answer:
                with self._attempt():
                    _require_content(answer)
                yield answer

    def body(self, answer: requests.Response) -> Iterator[bytes]:
        """The body of a response, chunk by chunk.

        Raises:
            AttemptError: the body is truncated, malformed, or arrives too slowly.
            StoppedError: the download was stopped.
        """
        chunks = answer.iter_content(CHUNK_BYTES)
        while True:
            with self._attempt():
                chunk = next(chunks, None)
            self.traffic.check()
            if chunk is None:
                self._deadline.check()
                return
            self.received(len(chunk))
            yield chunk

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """Convert any exception of the HTTP library into a failed attempt.

        Its own errors are RequestException, but urllib3, http.client and codecs raise others for
        invalid addresses and chunk lengths; a redirect to an invalid address is not retried.
        """
        try:
            yield
        except AttemptError:
            raise
        except Exception as error:
            self._deadline.check()
            again = isinstance(error, requests.RequestException) and not isinstance(error, LASTING_FAULTS)
            raise AttemptError(f"{type(error).__name__}: {message_of(error)}", again=again) from None


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """The header Retry-After in seconds from now; None if it is missing or malformed.

    >>> noon = datetime(2026, 11, 26, 12, tzinfo=UTC)
    >>> retry_after_seconds("7", noon), retry_after_seconds("Thu, 26 Nov 2026 12:01:00 GMT", noon)
    (7.0, 60.0)
    >>> retry_after_seconds("soon", noon), retry_after_seconds("Thu, 26 Nov 2026 11:00:00 GMT", noon)
    (None, 0.0)
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)


def _new_session(deadline: Deadline) -> requests.Session:
    """A session for http and https only; a redirect to another scheme is an error."""
    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    session.max_redirects = MAX_REDIRECTS
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter(deadline, pool_connections=HOSTS_PER_SESSION, pool_maxsize=1))
    return session


def _require_content(answer: requests.Response) -> None:
    if answer.status_code in (requests.codes.ok, requests.codes.partial_content):
        return
    next(answer.iter_content(CHUNK_BYTES), b"")  # reading a short body to its end keeps the connection alive
    status = answer.status_code
    raise AttemptError(
        f"status {status} {answer.reason}",
        again=status >= 500 or status in PASSING,
        busy=status in BUSY,
        retry_after=retry_after_seconds(answer.headers.get("Retry-After"), datetime.now(UTC)),
    )
