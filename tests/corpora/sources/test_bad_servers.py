"""After any fault of one address the next is tried; the final error is one line."""

import hashlib
import threading
from pathlib import Path

import pytest

from pipeline.corpora.sources.downloads import Connection, DownloadError, Traffic, Wanted, download
from tests.helpers.loopback import answering, hosted

CONTENT = b"X:1\nK:C\nCDEF|\n"
SUM = hashlib.sha256(CONTENT).hexdigest()
HEAD = b"HTTP/1.1 200 OK\r\n"
LOCATIONS = (
    *(b"http://a..b/", b"http://.", b"http://" + b"a" * 70 + b"/", b"http://[::1/", b"http://\xff\xfe/"),
    *(
        b"file:///etc/passwd",
        b"ftp://127.0.0.1/x",
        b"gopher://x",
        b"http://127.0.0.1:99999/",
        b"//",
        b"http:",
    ),
)
ANSWERS = {
    "chunk length": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n",
    "chunk words": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "content length": HEAD + b"Content-Length: -5\r\n\r\nabc",
    "content length words": HEAD + b"Content-Length: many\r\n\r\nabc",
    "content encoding": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "status": b"HTTP/1.1 9999 \r\n\r\n",
    "no status": b"\xff\xfe\x00 nothing\r\n\r\n",
    "nothing": b"",
    "long line": b"HTTP/1.1 200 " + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": HEAD + b"A: b\r\n" * 200 + b"\r\n",
    "escape": b"HTTP/1.1 404 \x1b[2J\x9b\x07gone\r\nContent-Length: 0\r\n\r\n",
    "range": b"HTTP/1.1 206 OK\r\nContent-Range: bytes x-y/z\r\nContent-Length: 3\r\n\r\nabc",
    **{str(place): b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\n\r\n" for place in LOCATIONS},
}


def wanted(*addresses: str) -> Wanted:
    return Wanted(tuple(f"{address}/a.abc" for address in addresses), SUM, len(CONTENT))


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_the_next_address_is_tried_after_any_faulty_response(answer: bytes, tmp_path: Path) -> None:
    with answering(answer) as bad, hosted({"a.abc": CONTENT}) as good:
        assert download(wanted(bad, good.address), tmp_path, 0.0).read_bytes() == CONTENT


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_without_another_address_the_message_is_one_line_without_control_characters(
    answer: bytes, tmp_path: Path
) -> None:
    with answering(answer) as bad, pytest.raises(DownloadError) as failure:
        download(wanted(bad), tmp_path, 0.0)
    assert str(failure.value).isprintable()
    assert str(failure.value).startswith("no address provided this file")


@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD, *[b"A"] * 10_000),
        (HEAD + b"Content-Length: 14\r\n\r\n", *[bytes([letter]) for letter in CONTENT[:-1] * 1000]),
    ],
    ids=["header", "body"],
)
def test_a_server_that_sends_too_slowly_is_given_up(pieces: tuple[bytes, ...], tmp_path: Path) -> None:
    with (
        answering(*pieces, pause=threading.Event(), seconds=0.05) as slow,
        hosted({"a.abc": CONTENT}) as good,
        Connection(Traffic(sleep=lambda _: None), seconds_to_answer=0.1) as connection,
    ):
        with pytest.raises(DownloadError, match="too slow: not complete after"):
            download(wanted(slow), tmp_path, 0.0, connection)
        assert download(wanted(slow, good.address), tmp_path, 0.0, connection).read_bytes() == CONTENT


def test_an_empty_file_is_valid(tmp_path: Path) -> None:
    nothing = Wanted(("http://127.0.0.1:1/a",), hashlib.sha256(b"").hexdigest(), 0)
    assert download(nothing, tmp_path, 0.0).read_bytes() == b""
    with pytest.raises(DownloadError, match="another file"):
        download(Wanted(nothing.urls, SUM, 0), tmp_path, 0.0)
