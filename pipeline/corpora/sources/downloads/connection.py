"""HTTP as downloads need it: kept-alive connections, polite to the host.

RFC 9110, sections 10.1.5 (User-Agent), 10.2.3 (Retry-After), 13.1.5 (If-Range),
14 (Range) and 15.4 (redirects).

A timeout of a socket is one of silence: a server that sends a byte now and then never
meets it. So every request has a deadline as well, after which its socket is closed.
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

from pipeline.corpora.sources.downloads.deadline import Deadline, DeadlineAdapter
from pipeline.corpora.sources.downloads.errors import AttemptError

USER_AGENT = f"entchen (fetches published corpora of symbolic music) {requests.utils.default_user_agent()}"
CHUNK_BYTES = 1 << 16
SECONDS_TO_CONNECT = 15.0
SECONDS_OF_SILENCE = 60.0  # a server that sends nothing for this long has hung
SECONDS_TO_ANSWER = 120.0  # with redirects and headers
LEAST_BYTES_PER_SECOND = 10_000  # of a body; a slower transfer is resumed by the next attempt
MAX_REDIRECTS = 5
HOSTS_PER_SESSION = 4  # a mirror, the publisher and where they redirect to
BUSY = (429, 503)  # Too Many Requests, Service Unavailable
PASSING = (408, 425, 429)  # of the statuses 4xx, those that another attempt may change
LASTING_FAULTS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.TooManyRedirects,
)


class StoppedError(Exception):
    """Another file of the same download failed, so this one is not needed any more."""


class Traffic:
    """What all connections of a download share: the pauses of each host, and the signal to stop.

    Args:
        sleep: waits for a number of seconds; None: until they pass or ``stop`` is called.
        clock: seconds since any fixed moment.
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
        """Wait; only the calling connection does."""
        self._sleep(seconds)
        self.check()

    def postpone(self, url: str, seconds: float) -> None:
        """No connection may ask the host of an address again before so many seconds have passed."""
        with self._lock:
            host = urlsplit(url).netloc
            self._free_at[host] = max(self._free_at.get(host, 0.0), self._clock() + seconds)

    def wait_for(self, url: str) -> None:
        """Wait until the host of an address may be asked."""
        self.check()
        while (left := self._free_at.get(urlsplit(url).netloc, 0.0) - self._clock()) > 0:
            self.pause(left)


@dataclass
class Connection:
    """One session: at most one open connection to each host, kept alive between files.

    Attributes:
        traffic: shared with the other connections of the download.
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
        """The answer of a host, its body unread.

        Args:
            n_bytes: of the body; the time allowed for it follows from LEAST_BYTES_PER_SECOND.

        Raises:
            AttemptError: no answer, or one with another status than 200 and 206.
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
        """The body of an answer, chunk by chunk.

        Raises:
            AttemptError: it breaks off, is malformed, or arrives too slowly.
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
        """Turn whatever the HTTP library raises into a failed attempt.

        Its own errors are RequestException, but urllib3, http.client and codecs raise others for
        addresses and chunk lengths that servers send: a redirect to an impossible address is final.
        """
        try:
            yield
        except AttemptError:
            raise
        except Exception as error:
            self._deadline.check()
            again = isinstance(error, requests.RequestException) and not isinstance(error, LASTING_FAULTS)
            raise AttemptError(f"{type(error).__name__}: {error}", again=again) from None


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """A header Retry-After in seconds from now; None where it is missing or unreadable.

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
    """A session for http and https only; a redirect to any other scheme is an error."""
    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    session.max_redirects = MAX_REDIRECTS
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter(deadline, pool_connections=HOSTS_PER_SESSION, pool_maxsize=1))
    return session


def _require_content(answer: requests.Response) -> None:
    if answer.status_code in (requests.codes.ok, requests.codes.partial_content):
        return
    next(answer.iter_content(CHUNK_BYTES), b"")  # a short body, read to its end, keeps the connection
    status = answer.status_code
    raise AttemptError(
        f"status {status} {answer.reason}",
        again=status >= 500 or status in PASSING,
        busy=status in BUSY,
        retry_after=retry_after_seconds(answer.headers.get("Retry-After"), datetime.now(UTC)),
    )
