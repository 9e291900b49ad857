"""Download one file; it is complete or absent.

A download is written to ``.cache/downloads`` below the project, under the file's
sha256; the next run resumes partial files of a broken or killed run. Only a file
of the right size and sha256 gets its final name, so a name can be trusted.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.core.text import counted
from pipeline.corpora.sources.downloads.connection import Connection
from pipeline.corpora.sources.downloads.errors import AttemptError
from pipeline.errors import PipelineError
from pipeline.workflow.progress import say

if os.name == "posix":
    import fcntl

ATTEMPTS_PER_URL = 4
FIRST_PAUSE_SECONDS = 1.0  # seconds; doubled after every failed attempt
LONGEST_PAUSE_SECONDS = 120.0  # seconds; a longer requested pause ends the download; the next run resumes it


class DownloadError(PipelineError):
    """A file could not be downloaded from any address."""


@dataclass(frozen=True)
class Wanted:
    """A file as its publisher describes it.

    Attributes:
        urls: the address, then mirrors, tried in turn.
        sha256: hex digest.
        size: size in bytes.
        name: name of the file for messages; "" if the address is sufficient.
    """

    urls: tuple[str, ...]
    sha256: str
    size: int
    name: str = ""


def download(
    wanted: Wanted,
    shelf: Path,
    first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    connection: Connection | None = None,
) -> Path:
    """Fetch a file to ``shelf``, unless it is there already.

    Args:
        wanted: the file to fetch, with its sha256.
        shelf: folder of finished and partial downloads, named by their sha256.
        first_pause_seconds: pause after the first failed attempt.
        connection: a connection kept alive by the caller; None: a new one for this file.

    Raises:
        DownloadError: every address failed; one line has the file, each address and the reason.
        StoppedError: the download was stopped from outside.
    """
    shelf.mkdir(parents=True, exist_ok=True)
    with _alone(shelf / f"{wanted.sha256}.lock"):
        target = shelf / wanted.sha256
        if not is_on_shelf(wanted, shelf):
            if connection is None:
                with Connection() as own:
                    _fetch(wanted, target, first_pause_seconds, own)
            else:
                _fetch(wanted, target, first_pause_seconds, connection)
        return target


def is_on_shelf(wanted: Wanted, shelf: Path) -> bool:
    """Whether a file was fetched before and is undamaged."""
    target = shelf / wanted.sha256
    return target.exists() and _sum(target) == wanted.sha256


def _fetch(wanted: Wanted, target: Path, first_pause_seconds: float, connection: Connection) -> None:
    """Try the addresses in order; on success the file has its final name."""
    partial = target.with_suffix(".partial")
    failures: list[str] = []
    for url in wanted.urls:
        pause = first_pause_seconds
        for attempt in range(1, ATTEMPTS_PER_URL + 1):
            try:
                _attempt(url, partial, wanted, connection)
            except AttemptError as failure:
                wait = max(pause, failure.retry_after or 0.0)
                failures.append(f"{url}: {failure}{_too_long(wait)}")
                if not failure.again or attempt == ATTEMPTS_PER_URL or _too_long(wait):
                    break
                say(f"{url}: {failure}; next attempt in {wait:.0f} s")
                if failure.busy:
                    connection.traffic.postpone(url, wait)
                else:
                    connection.traffic.pause(wait)
                pause *= 2
            else:
                partial.replace(target)
                _validator_file(partial).unlink(missing_ok=True)
                return
    name = f"{wanted.name}: " if wanted.name else ""
    raise DownloadError(f"{name}no address provided this file: {'; '.join(dict.fromkeys(failures))}")


def _too_long(wait: float) -> str:
    if wait <= LONGEST_PAUSE_SECONDS:
        return ""
    return f", retry possible after {wait:,.0f} s; run again then, partial files are kept"


def _attempt(url: str, partial: Path, wanted: Wanted, connection: Connection) -> None:
    """Resume the last attempt; on success the partial file is complete and verified."""
    have = partial.stat().st_size if partial.exists() else 0
    if have < wanted.size:
        _receive(url, partial, wanted, have, connection)
    size = partial.stat().st_size if partial.exists() else 0
    if size < wanted.size:
        raise AttemptError(f"ended after {size:,} of {counted(wanted.size, 'byte')}")
    found = _sum(partial) if partial.exists() else hashlib.sha256().hexdigest()
    if size > wanted.size or found != wanted.sha256:
        _forget(partial)
        raise AttemptError(f"another file: sha256 {found}, expected {wanted.sha256}", again=have > 0)
    partial.touch()  # an empty file is also a valid file


def _receive(url: str, partial: Path, wanted: Wanted, have: int, connection: Connection) -> None:
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        headers.update(_if_range(partial, url))
    with connection.get(url, headers, wanted.size - have) as answer:
        resumed = _is_resumed(answer.status_code, answer.headers, have)
        _remember(partial, url, answer.headers)
        with partial.open("ab" if resumed else "wb") as file:
            _copy(connection.body(answer), file, wanted.size - (have if resumed else 0))
            file.flush()
            os.fsync(file.fileno())


def _is_resumed(status: int, headers: Mapping[str, str], have: int) -> bool:
    """Whether the response begins at byte ``have``; a response with status 200 begins at byte 0.

    Raises:
        AttemptError: it begins at another byte.
    """
    if status == 200:
        return False
    found = headers.get("Content-Range", "")
    if found.startswith(f"bytes {have}-"):
        return True
    raise AttemptError(f"requested bytes from {have}, got {found or 'no Content-Range'}", again=False)


def _copy(chunks: Iterable[bytes], file: IO[bytes], most: int) -> None:
    """Write the body, at most one byte more than expected: a longer body is another file."""
    left = most + 1
    for chunk in chunks:
        file.write(chunk[:left])
        left -= len(chunk)
        if left <= 0:
            return


def _if_range(partial: Path, url: str) -> dict[str, str]:
    """The validator of the partial download, if it came from the same address."""
    try:
        known = json.loads(_validator_file(partial).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {"If-Range": known["validator"]} if known["url"] == url and known["validator"] else {}


def _remember(partial: Path, url: str, headers: Mapping[str, str]) -> None:
    tag = headers.get("ETag", "")
    validator = tag if tag.startswith('"') else headers.get("Last-Modified", "")
    text = json.dumps({"url": url, "validator": validator})
    _validator_file(partial).write_text(text, encoding="utf-8")


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _validator_file(partial).unlink(missing_ok=True)


def _validator_file(partial: Path) -> Path:
    return partial.with_suffix(".partial.json")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(lock_file: Path) -> Iterator[None]:
    """Lock for one process and thread; the system releases it whenever the process ends.

    The lock file is deleted at the end. A process that locks a file deleted in the meantime tries again.
    """
    if os.name != "posix":
        yield
        return
    while True:
        with lock_file.open("a") as lock:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
            if not _is_current(lock, lock_file):
                continue
            try:
                yield
            finally:
                lock_file.unlink(missing_ok=True)
            return


def _is_current(lock: IO[str], lock_file: Path) -> bool:
    """Whether the open file still has its name."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), lock_file.stat())
    except FileNotFoundError:
        return False
