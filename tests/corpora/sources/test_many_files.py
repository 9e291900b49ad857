"""Corpora of many files over the loopback: few connections, polite, resumed file by file."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.corpora.sources.downloads import DownloadError, Traffic, Wanted, download_many
from tests.helpers.loopback import Fault, Host, hosted

FILES = {f"songs/{number:03d}.abc": f"X:{number}\nK:C\nCDEF\n".encode() * number for number in range(1, 41)}
LONG = "songs/040.abc"
FILES[LONG] *= 400  # several chunks
ARRIVED = 131_072  # bytes in whole chunks where a connection is cut after CUT of them
CUT = 150_000


@dataclass
class Clock:
    """A clock that only waiting moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def traffic(self) -> Traffic:
        return Traffic(self.wait, lambda: self.now)


@pytest.fixture
def host() -> Iterator[Host]:
    with hosted(FILES) as running:
        yield running


def wanted(host: Host, *paths: str) -> list[Wanted]:
    return [
        Wanted(
            (f"{host.address}/{path}",), hashlib.sha256(FILES[path]).hexdigest(), len(FILES[path]), name=path
        )
        for path in paths or FILES
    ]


def fetch(
    host: Host, shelf: Path, *paths: str, clock: Clock | None = None, connections: int = 4
) -> list[bytes]:
    files = wanted(host, *paths)
    traffic = clock.traffic() if clock else None
    places = download_many(files, shelf, "songs", connections, traffic, first_pause_seconds=0.0)
    return [place.read_bytes() for place in places]


def test_all_files_arrive_in_their_order(host: Host, tmp_path: Path) -> None:
    assert fetch(host, tmp_path) == list(FILES.values())
    assert sorted(host.paths()) == sorted(FILES)


@pytest.mark.parametrize("connections", [1, 3, 4])
def test_few_connections_fetch_many_files(host: Host, connections: int, tmp_path: Path) -> None:
    fetch(host, tmp_path, connections=connections)
    assert host.n_connections == host.most_open <= connections
    assert len(host.requests) == len(FILES)


def test_the_shelf_holds_the_files_and_nothing_else(host: Host, tmp_path: Path) -> None:
    fetch(host, tmp_path)
    sums = {hashlib.sha256(content).hexdigest() for content in FILES.values()}
    assert {path.name for path in tmp_path.iterdir()} == sums


def test_files_of_an_earlier_run_are_not_requested_again(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = list(FILES)[:15]
    fetch(host, tmp_path, *first)
    host.requests.clear()
    capsys.readouterr()
    assert fetch(host, tmp_path) == list(FILES.values())
    assert sorted(host.paths()) == list(FILES)[15:]
    assert f"songs: 15 of 40 files in {tmp_path} already" in capsys.readouterr().err


def test_a_damaged_file_of_an_earlier_run_is_fetched_again(host: Host, tmp_path: Path) -> None:
    first = next(iter(FILES))
    fetch(host, tmp_path)
    (tmp_path / hashlib.sha256(FILES[first]).hexdigest()).write_bytes(b"damaged")
    host.requests.clear()
    assert fetch(host, tmp_path) == list(FILES.values())
    assert host.paths() == [first]


def test_a_cut_connection_is_resumed_where_it_stopped(host: Host, tmp_path: Path) -> None:
    host.faults[LONG] = [Fault(cut_after=CUT)]
    assert fetch(host, tmp_path) == list(FILES.values())
    assert [headers.get("range") for path, headers in host.requests if path == LONG] == [
        None,
        f"bytes={ARRIVED}-",
    ]


def test_a_later_run_resumes_the_file_that_failed(host: Host, tmp_path: Path) -> None:
    host.faults[LONG] = [Fault(cut_after=CUT), Fault(404)]
    with pytest.raises(DownloadError):
        fetch(host, tmp_path, LONG)
    assert fetch(host, tmp_path) == list(FILES.values())
    assert [headers.get("range") for path, headers in host.requests if path == LONG][2] == f"bytes={ARRIVED}-"


def test_files_of_the_same_content_are_fetched_once(tmp_path: Path) -> None:
    with hosted({"a.abc": b"same", "b.abc": b"same"}) as host:
        sum_ = hashlib.sha256(b"same").hexdigest()
        files = [Wanted((f"{host.address}/{name}.abc",), sum_, 4) for name in "ab"]
        assert download_many(files, tmp_path, "songs") == [tmp_path / sum_] * 2
        assert len(host.requests) == 1


def test_an_empty_file_is_fetched(tmp_path: Path) -> None:
    with hosted({"empty.abc": b""}) as host:
        file = Wanted((f"{host.address}/empty.abc",), hashlib.sha256(b"").hexdigest(), 0)
        assert download_many([file], tmp_path, "songs")[0].read_bytes() == b""


def test_another_file_ends_the_download_and_is_named(host: Host, tmp_path: Path) -> None:
    host.files[LONG] = b"?" * len(FILES[LONG])
    with pytest.raises(DownloadError) as error:
        fetch(host, tmp_path)
    assert str(error.value).startswith(
        f"{LONG}: no address provided this file: {host.address}/{LONG}: another file"
    )
    assert "\n" not in str(error.value)
    assert not (tmp_path / hashlib.sha256(FILES[LONG]).hexdigest()).exists()


def test_a_missing_file_ends_the_download_and_is_named(host: Host, tmp_path: Path) -> None:
    first = next(iter(FILES))
    del host.files[first]
    with pytest.raises(DownloadError) as error:
        fetch(host, tmp_path)
    assert str(error.value) == (
        f"{first}: no address provided this file: {host.address}/{first}: status 404 Not Found"
    )
    assert len(host.requests) < len(FILES)  # the other connections stop


def test_a_missing_file_is_requested_once(host: Host, tmp_path: Path) -> None:
    del host.files[LONG]
    with pytest.raises(DownloadError):
        fetch(host, tmp_path, LONG)
    assert host.paths() == [LONG]


def test_a_mirror_without_the_files_keeps_its_connection(host: Host, tmp_path: Path) -> None:
    with hosted({}) as mirror:
        files = [
            Wanted((f"{mirror.address}/{file.name}", *file.urls), file.sha256, file.size)
            for file in wanted(host)
        ]
        download_many(files, tmp_path, "songs", connections=2)
        assert len(mirror.requests) == len(host.requests) == len(FILES)
        assert mirror.n_connections <= 2
        assert host.n_connections <= 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_host_is_retried_after_the_requested_pause(host: Host, status: int, tmp_path: Path) -> None:
    clock = Clock()
    host.faults[LONG] = [Fault(status, {"Retry-After": "7"})]
    assert fetch(host, tmp_path, LONG, clock=clock) == [FILES[LONG]]
    assert clock.slept == [7.0]


def test_a_busy_host_pauses_all_connections_to_it() -> None:
    clock = Clock()
    traffic = clock.traffic()
    traffic.postpone("http://here/one", 5.0)
    traffic.wait_for("http://here/another")
    assert clock.now == 5.0
    traffic.wait_for("http://elsewhere/file")
    assert clock.now == 5.0


def test_pauses_grow_if_a_busy_host_gives_no_time(host: Host, tmp_path: Path) -> None:
    clock = Clock()
    host.faults[LONG] = [Fault(429), Fault(429), Fault(503)]
    download_many(wanted(host, LONG), tmp_path, "songs", 1, clock.traffic(), first_pause_seconds=1.0)
    assert clock.slept == [1.0, 2.0, 4.0]


def test_a_requested_pause_of_an_hour_ends_the_download(host: Host, tmp_path: Path) -> None:
    clock = Clock()
    host.faults[LONG] = [Fault(429, {"Retry-After": "3600"})]
    with pytest.raises(DownloadError, match=r"status 429 Too Many Requests, retry possible after 3,600 s"):
        fetch(host, tmp_path, LONG, clock=clock)
    assert clock.slept == []


def test_requests_name_the_program(host: Host, tmp_path: Path) -> None:
    fetch(host, tmp_path, LONG)
    assert host.requests[0][1]["user-agent"].startswith("entchen ")


def test_a_redirect_is_followed(host: Host, tmp_path: Path) -> None:
    host.faults[LONG] = [Fault(302, {"Location": f"{host.address}/moved"})]
    host.files["moved"] = FILES[LONG]
    assert fetch(host, tmp_path, LONG) == [FILES[LONG]]


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/file", "gopher://127.0.0.1/1"])
def test_a_redirect_to_another_scheme_is_refused(host: Host, target: str, tmp_path: Path) -> None:
    host.faults[LONG] = [Fault(302, {"Location": target})]
    with pytest.raises(DownloadError, match="InvalidSchema"):
        fetch(host, tmp_path, LONG)
    assert host.paths() == [LONG]


def test_a_redirect_loop_ends(host: Host, tmp_path: Path) -> None:
    host.faults[LONG] = [Fault(302, {"Location": f"/{LONG}"})] * 20
    with pytest.raises(DownloadError, match="TooManyRedirects"):
        fetch(host, tmp_path, LONG)
    assert len(host.requests) <= 6
