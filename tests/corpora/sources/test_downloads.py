"""Downloads over the loopback, from servers that behave and servers that do not."""

import hashlib
import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from pipeline.corpora.sources.downloads import DownloadError, Wanted, download
from tests.helpers.paths import ROOT
from tests.helpers.waiting import wait_until

CONTENT = bytes(range(256)) * 1000
SUM = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """Serves CONTENT with the faults that a test asks for."""

    url: str = ""
    breaks_after: int | None = None  # bytes of the first answer
    ignores_range: bool = False
    etag: str = '"v1"'
    statuses: list[int] = field(default_factory=list)  # answered first, one each
    content: bytes = CONTENT
    holds_at: int | None = None  # byte before which an answer waits for ``go``
    go: threading.Event = field(default_factory=threading.Event)
    requests: list[dict[str, str]] = field(default_factory=list)

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self.requests.append({name.lower(): value for name, value in handler.headers.items()})
        if self.statuses:
            handler.send_error(self.statuses.pop(0))
            return
        begin = self._begin()
        body = self.content[begin:]
        handler.send_response(206 if begin else 200)
        if begin:
            handler.send_header("Content-Range", f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("ETag", self.etag)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.breaks_after is not None:
            body, self.breaks_after = body[: self.breaks_after], None
            handler.wfile.write(body)
            handler.connection.close()
            return
        for first in range(0, len(body), 16384):
            if first == self.holds_at:
                self.go.wait(60)
            handler.wfile.write(body[first : first + 16384])

    def _begin(self) -> int:
        headers = self.requests[-1]
        stale = headers.get("if-range", self.etag) != self.etag
        if self.ignores_range or stale or "range" not in headers:
            return 0
        return int(headers["range"].removeprefix("bytes=").removesuffix("-"))


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                state.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{httpd.server_port}/file"
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def wanted(*urls: str) -> Wanted:
    return Wanted(urls, SUM, len(CONTENT))


def fetch(shelf: Path, *urls: str) -> Path:
    return download(wanted(*urls), shelf, first_pause_seconds=0.0)


def test_a_file_is_named_by_its_sha256(server: Server, tmp_path: Path) -> None:
    assert fetch(tmp_path, server.url) == tmp_path / SUM
    assert (tmp_path / SUM).read_bytes() == CONTENT


def test_a_complete_file_is_not_requested_again(server: Server, tmp_path: Path) -> None:
    fetch(tmp_path, server.url)
    fetch(tmp_path, server.url)
    assert len(server.requests) == 1


def test_a_broken_download_is_resumed(server: Server, tmp_path: Path) -> None:
    server.breaks_after = 131_072
    assert fetch(tmp_path, server.url).read_bytes() == CONTENT
    assert server.requests[1]["range"] == "bytes=131072-"
    assert server.requests[1]["if-range"] == '"v1"'


def test_a_server_that_ignores_ranges_restarts_the_download(server: Server, tmp_path: Path) -> None:
    server.breaks_after = 131_072
    server.ignores_range = True
    assert fetch(tmp_path, server.url).read_bytes() == CONTENT


def test_a_changed_file_restarts_the_download(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{SUM}.partial").write_bytes(b"old" * 1000)
    (tmp_path / f"{SUM}.partial.json").write_text(f'{{"url": "{server.url}", "validator": "\\"v0\\""}}')
    assert fetch(tmp_path, server.url).read_bytes() == CONTENT
    assert server.requests[0]["if-range"] == '"v0"'


def test_wrong_bytes_from_an_earlier_run_are_discarded(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"{SUM}.partial").write_bytes(b"wrong")
    assert fetch(tmp_path, server.url).read_bytes() == CONTENT


def test_a_temporary_error_is_retried(server: Server, tmp_path: Path) -> None:
    server.statuses = [503, 429]
    assert fetch(tmp_path, server.url).read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_the_mirror_is_used_when_the_publisher_is_unavailable(server: Server, tmp_path: Path) -> None:
    gone = server.url.replace("/file", "/gone")
    server.statuses = [404]
    assert fetch(tmp_path, gone, server.url).read_bytes() == CONTENT
    assert len(server.requests) == 2


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT + b"more", b""])
def test_a_different_file_is_never_accepted(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    with pytest.raises(DownloadError, match=f"{server.url}: (another file: sha256|ended after)"):
        fetch(tmp_path, server.url)
    assert not (tmp_path / SUM).exists()


def test_a_damaged_file_on_the_shelf_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / SUM).write_bytes(b"damaged")
    assert fetch(tmp_path, server.url).read_bytes() == CONTENT


def test_a_refused_connection_is_an_error_with_the_address(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"http://127\.0\.0\.1:9/file: ConnectionError"):
        fetch(tmp_path, "http://127.0.0.1:9/file")


SCRIPT = """
import sys
from pathlib import Path
from pipeline.corpora.sources.downloads import Wanted, download
download(Wanted((sys.argv[1],), sys.argv[2], int(sys.argv[3])), Path(sys.argv[4]))
"""


def start(server: Server, shelf: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, server.url, SUM, str(len(CONTENT)), str(shelf)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_a_killed_download_is_resumed(server: Server, tmp_path: Path) -> None:
    server.holds_at = 131_072
    process = start(server, tmp_path)
    partial = tmp_path / f"{SUM}.partial"
    wait_until(lambda: partial.exists() and partial.stat().st_size >= 65_536, what="some bytes")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / SUM).exists()
    server.holds_at = None
    server.go.set()
    assert fetch(tmp_path, server.url).read_bytes() == CONTENT
    assert server.requests[-1]["range"].startswith("bytes=")


def has_the_lock_file_open(process: subprocess.Popen[bytes]) -> bool:
    return any(file.path.endswith(".lock") for file in psutil.Process(process.pid).open_files())


def test_two_runs_at_once_download_once(server: Server, tmp_path: Path) -> None:
    server.holds_at = 0
    both = [start(server, tmp_path), start(server, tmp_path)]
    wait_until(lambda: all(map(has_the_lock_file_open, both)), what="both runs")
    server.go.set()
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert len(server.requests) == 1
