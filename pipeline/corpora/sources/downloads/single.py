"""One file from the network, whole or not at all.

A download goes to ``.cache/downloads`` below the project, under the file's
sha256; the next run resumes what a broken or killed run left there. Only a
file of the right size and sum takes its name, so that a name can be trusted.
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

from pipeline.corpora.sources.downloads.connection import Connection
from pipeline.corpora.sources.downloads.errors import AttemptError
from pipeline.errors import PipelineError
from pipeline.workflow.progress import say

if os.name == "posix":
    import fcntl

ATTEMPTS_PER_URL = 4
FIRST_PAUSE_SECONDS = 1.0  # doubled after every failed attempt
LONGEST_PAUSE_SECONDS = 120.0  # a host that asks for more ends the download; the next run resumes it


class DownloadError(PipelineError):
    """No address gave the file that was asked for."""


@dataclass(frozen=True)
class Wanted:
    """A file as its publisher describes it.

    Attributes:
        urls: the address, then mirrors, tried in turn.
        sha256: hex digest. size: in bytes.
        name: of the file, for messages; "" where the address is name enough.
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
    """The file on ``shelf``, fetched unless it is there already.

    Args:
        wanted: what to fetch, and its sum.
        shelf: folder of finished and begun downloads, named by their sums.
        first_pause_seconds: pause after the first failed attempt.
        connection: kept alive by the caller; None: one for this file.

    Raises:
        DownloadError: every address failed; one line names the file, each address and why.
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
    """Whether a file has arrived before, undamaged."""
    target = shelf / wanted.sha256
    return target.exists() and _sum(target) == wanted.sha256


def _fetch(wanted: Wanted, target: Path, first_pause_seconds: float, connection: Connection) -> None:
    """Try every address in turn; at the end the file has its name."""
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
    raise DownloadError(f"{name}no address gave this file: {'; '.join(dict.fromkeys(failures))}")


def _too_long(wait: float) -> str:
    if wait <= LONGEST_PAUSE_SECONDS:
        return ""
    return f", to be tried again after {wait:,.0f} s; run again then, what has arrived is kept"


def _attempt(url: str, partial: Path, wanted: Wanted, connection: Connection) -> None:
    """Resume the last attempt; at the end the partial file is whole and right."""
    have = partial.stat().st_size if partial.exists() else 0
    if have < wanted.size:
        _receive(url, partial, wanted, have, connection)
    size = partial.stat().st_size if partial.exists() else 0
    if size < wanted.size:
        raise AttemptError(f"broke off after {size} of {wanted.size} bytes")
    found = _sum(partial) if partial.exists() else hashlib.sha256().hexdigest()
    if size > wanted.size or found != wanted.sha256:
        _forget(partial)
        raise AttemptError(f"another file: sha256 {found}, expected {wanted.sha256}", again=have > 0)
    partial.touch()  # a file without a byte is a file, too


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
    """Whether the answer begins at byte ``have``; a 200 begins anew.

    Raises:
        AttemptError: it begins somewhere else.
    """
    if status == 200:
        return False
    found = headers.get("Content-Range", "")
    if found.startswith(f"bytes {have}-"):
        return True
    raise AttemptError(f"asked for bytes from {have}, got {found or 'no Content-Range'}", again=False)


def _copy(chunks: Iterable[bytes], file: IO[bytes], most: int) -> None:
    """Write the body, one byte more than expected at most: more is another file."""
    left = most + 1
    for chunk in chunks:
        file.write(chunk[:left])
        left -= len(chunk)
        if left <= 0:
            return


def _if_range(partial: Path, url: str) -> dict[str, str]:
    """The validator of the begun download, where it came from the same address."""
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
    """One process and thread at a time; the system unlocks when the process ends, however it ends.

    The lock file is deleted at the end. Who locks a file that another has deleted meanwhile tries again.
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
