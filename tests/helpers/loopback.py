"""Files served over the loopback: published corpora, and hosts with injected faults."""

import functools
import http.server
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from tests.helpers.paths import ROOT

SHARED = ROOT.parent / "shared/corpora"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address under which the files of a folder can be fetched."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


@contextmanager
def answering(*pieces: bytes, pause: threading.Event | None = None, seconds: float = 0.0) -> Iterator[str]:
    """The address of a server that sends these bytes, for any request, and closes the connection.

    Args:
        pause: after each piece it waits until this is set, ``seconds`` at most.
    """

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            try:
                for piece in pieces:
                    self.wfile.write(piece)
                    if pause is not None:
                        pause.wait(seconds)
            except OSError:
                pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            if pause is not None:
                pause.set()
            server.shutdown()
            thread.join()


@dataclass
class Fault:
    """What a host answers once in place of a file.

    Attributes:
        status: of the answer; 200 sends the file, as far as ``cut_after`` allows.
        headers: sent in addition.
        cut_after: bytes of the body after which the connection is closed; None: all of them.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None


@dataclass
class Host:
    """A host that keeps connections alive, counts them, and fails where a test requires it.

    Attributes:
        address: under which the files are found, without a slash at its end.
        files: path to content; paths are decoded.
        faults: path to the answers that are given first, one each.
        requests: path and headers of every request, in their order.
        n_connections: that were opened. most_open: at the same time.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    n_connections: int = 0
    most_open: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    n_open: int = 0

    def paths(self) -> list[str]:
        """The requested paths, in order."""
        return [path for path, _ in self.requests]

    def count(self, opened: int) -> None:
        with self.lock:
            self.n_open += opened
            self.n_connections += max(opened, 0)
            self.most_open = max(self.most_open, self.n_open)

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        path = unquote(handler.path).lstrip("/")
        with self.lock:
            self.requests.append((path, {name.lower(): value for name, value in handler.headers.items()}))
            waiting = self.faults.get(path, [])
            fault = waiting.pop(0) if waiting else Fault(200 if path in self.files else 404)
        begin = 0
        if fault.status == 200:
            content = self.files[path]
            begin = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            body = content[begin:]
        else:
            body = b"no such file, or not now"
        handler.send_response(206 if begin else fault.status)
        if begin:
            handler.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        for name, value in fault.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: fault.cut_after])
        if fault.cut_after is not None:
            handler.close_connection = True


@contextmanager
def hosted(files: Mapping[str, bytes] | Path) -> Iterator[Host]:
    """A host of files given by path, or of all files below a folder."""
    if isinstance(files, Path):
        files = {
            path.relative_to(files).as_posix(): path.read_bytes()
            for path in files.rglob("*")
            if path.is_file()
        }
    host = Host(files=dict(files))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together

        def setup(self) -> None:
            super().setup()
            host.count(1)

        def finish(self) -> None:
            host.count(-1)
            super().finish()

        def do_GET(self) -> None:
            try:
                host.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    host.address = f"http://127.0.0.1:{httpd.server_port}"
    try:
        yield host
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
