"""One file from the network, whole or not at all.

A download goes to ``.cache/downloads`` below the project, under the file's
sha256; what a broken or killed run left there is resumed by the next. Only a
file of the right size and sum takes its name, so that a name can be trusted.

HTTP as used here: RFC 9110 sections 13.1.5 (If-Range) and 14 (Range).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from pipeline.errors import PipelineError
from pipeline.workflow.progress import say

if os.name == "posix":
    import fcntl

CHUNK_BYTES = 1 << 16
SECONDS_TO_CONNECT = 15.0
SECONDS_OF_SILENCE = 60.0  # a server that sends nothing for so long has hung
ATTEMPTS_PER_URL = 4
FIRST_PAUSE_SECONDS = 1.0  # doubled after every failed attempt


class DownloadError(PipelineError):
    """No address gave the file that was asked for."""


class _AttemptError(Exception):
    """One attempt failed; ``again`` tells whether the same address may do better."""

    def __init__(self, reason: str, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True)
class Wanted:
    """A file as its publisher describes it.

    Attributes:
        urls: the address, then mirrors, tried in turn.
        sha256: hex digest. size: in bytes.
    """

    urls: tuple[str, ...]
    sha256: str
    size: int


def download(wanted: Wanted, shelf: Path, first_pause_seconds: float = FIRST_PAUSE_SECONDS) -> Path:
    """The file on ``shelf``, fetched unless it is there already.

    Args:
        wanted: what to fetch, and its sum.
        shelf: folder of finished and begun downloads, named by their sums.
        first_pause_seconds: pause after the first failed attempt.

    Raises:
        DownloadError: every address failed; the message names each and why.
    """
    shelf.mkdir(parents=True, exist_ok=True)
    target = shelf / wanted.sha256
    with _alone(shelf / f"{wanted.sha256}.lock"):
        if target.exists() and _sum(target) == wanted.sha256:
            return target
        partial = target.with_suffix(".partial")
        failures: list[str] = []
        for url in wanted.urls:
            pause = first_pause_seconds
            for attempt in range(1, ATTEMPTS_PER_URL + 1):
                try:
                    _attempt(url, partial, wanted)
                except _AttemptError as failure:
                    failures.append(f"{url}: {failure}")
                    if not failure.again or attempt == ATTEMPTS_PER_URL:
                        break
                    say(f"{url}: {failure}; trying again in {pause:.0f} s")
                    time.sleep(pause)
                    pause *= 2
                else:
                    partial.replace(target)
                    _validator_file(partial).unlink(missing_ok=True)
                    return target
        raise DownloadError("no address gave the file:\n" + "\n".join(dict.fromkeys(failures)))


def _attempt(url: str, partial: Path, wanted: Wanted) -> None:
    """Go on where the last attempt stopped; at the end the partial file is whole and right."""
    have = partial.stat().st_size if partial.exists() else 0
    if have < wanted.size:
        _receive(url, partial, wanted, have)
    size = partial.stat().st_size
    if size < wanted.size:
        raise _AttemptError(f"broke off after {size} of {wanted.size} bytes")
    found = _sum(partial)
    if size > wanted.size or found != wanted.sha256:
        _forget(partial)
        raise _AttemptError(f"another file: sha256 {found}, expected {wanted.sha256}", again=have > 0)


def _receive(url: str, partial: Path, wanted: Wanted, have: int) -> None:
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        headers.update(_if_range(partial, url))
    timeouts = (SECONDS_TO_CONNECT, SECONDS_OF_SILENCE)
    try:
        with requests.get(url, headers=headers, stream=True, timeout=timeouts) as answer:
            resumed = _resumed(answer, have)
            _remember(partial, url, answer)
            with partial.open("ab" if resumed else "wb") as file:
                _copy(answer, file.write, wanted.size - (have if resumed else 0))
                file.flush()
                os.fsync(file.fileno())
    except requests.RequestException as error:
        raise _AttemptError(f"{type(error).__name__}: {error}") from None


def _resumed(answer: requests.Response, have: int) -> bool:
    """Whether the answer goes on at byte ``have``; a 200 begins anew.

    Raises:
        _AttemptError: any other answer.
    """
    if answer.status_code == requests.codes.ok:
        return False
    if answer.status_code == requests.codes.partial_content:
        if answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            return True
        raise _AttemptError(
            f"asked for bytes from {have}, got {answer.headers.get('Content-Range')}", again=False
        )
    lasting = 400 <= answer.status_code < 500 and answer.status_code not in (408, 425, 429)
    raise _AttemptError(f"status {answer.status_code} {answer.reason}", again=not lasting)


def _copy(answer: requests.Response, write: object, most: int) -> None:
    """Write the body, one byte more than expected at most: more is another file."""
    left = most + 1
    for chunk in answer.iter_content(CHUNK_BYTES):
        write(chunk[:left])  # type: ignore[operator]
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


def _remember(partial: Path, url: str, answer: requests.Response) -> None:
    tag = answer.headers.get("ETag", "")
    validator = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
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
    """One process at a time; the system lets go when the process ends, however it ends."""
    with lock_file.open("a") as lock:
        if os.name == "posix":
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        yield
