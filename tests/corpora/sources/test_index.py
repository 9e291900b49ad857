"""Index files, and corpora that are fetched by them."""

import hashlib
from pathlib import Path

import pytest

from pipeline.corpora.sources.collect import PlaceError
from pipeline.corpora.sources.downloads import DownloadError
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.index import IndexFileError, from_index, read_index
from pipeline.corpora.sources.manifest import read_manifest
from pipeline.corpora.sources.settings import IndexSource, RemoteFile, UrlSource
from tests.helpers.loopback import Fault, hosted

SUFFIXES = (".abc", ".mid")
TUNES = {f"tunes/Who's {number}?.abc": f"X:{number}\nK:C\nCDEF|\n".encode() for number in range(1, 6)}
SUM = "0" * 64


def index_of(files: dict[str, bytes], address: str) -> bytes:
    lines = [
        f"{path}\t{len(content)}\t{hashlib.sha256(content).hexdigest()}" for path, content in files.items()
    ]
    head = f"# {address} at 1; path, size, sha256; a file lies at {address}/PATH (PATH percent-encoded)"
    return "\n".join([head, *lines, ""]).encode()


def source(path: Path, files: dict[str, bytes], address: str) -> IndexSource:
    (path / "tunes.tsv").write_bytes(index_of(files, address))
    return IndexSource(kind="index", index=str(path / "tunes.tsv"), licence="CC0-1.0", citation="us")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_line_is_a_file_with_its_percent_encoded_address() -> None:
    (file,) = read_index(index_of({"Très/Who's Sorry?.abc": b"x"}, "https://host/1"), "it")
    assert file.path == "Très/Who's Sorry?.abc"
    assert file.urls == ["https://host/1/Tr%C3%A8s/Who%27s%20Sorry%3F.abc"]
    assert (file.size, file.sha256) == (1, hashlib.sha256(b"x").hexdigest())


@pytest.mark.parametrize(
    "path",
    [
        *("../evil.abc", "/evil.abc", "a/../../evil.abc", "..\\evil.abc", "C:evil.abc", "..", "a/"),
        *("a/./b.abc", "a//b.abc", ".hidden.abc", "a/.hidden/b.abc", "source.json", "nul\0.abc"),
    ],
)
def test_paths_outside_the_corpus_and_hidden_paths_are_refused(path: str) -> None:
    with pytest.raises(IndexFileError, match="it, line 2: the path"):
        read_index(index_of({path: b"x"}, "https://host/1"), "it")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"line 1: found ''; expected '# … https://ADDRESS/PATH …'"),
        (b"# a file lies at ftp://host/PATH\n", "line 1: found"),
        (b"# a file lies at https://host/PATH\n", "lists no file"),
        (
            b"# a file lies at https://host/PATH\na.abc 1 2\n",
            "line 2: found 'a.abc 1 2'; expected path, size",
        ),
        (f"# https://host/PATH\na\t1\t{SUM}\nb\t-1\t{SUM}\n".encode(), "line 3: found"),
        (f"# https://host/PATH\na\t1\t{SUM}\n\n".encode(), "line 3: found ''"),
        (f"# https://host/PATH\na\t1\t{SUM}\na\t1\t{SUM}\n".encode(), "line 3: a is listed twice"),
        (f"# https://host/PATH\r\na\t1\t{SUM}\r\n".encode(), "line 2: found"),
        (b"# https://host/PATH\n\xff", "not UTF-8"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(content: bytes, message: str) -> None:
    with pytest.raises(IndexFileError, match=message):
        read_index(content, "it")


def test_an_index_with_another_sum_is_refused(tmp_path: Path) -> None:
    pinned = source(tmp_path, TUNES, "https://host/1").model_copy(update={"index_sha256": SUM})
    with pytest.raises(IndexFileError, match=r"tunes.tsv: another index: sha256 \w{64}, expected 0{64}"):
        from_index(pinned)


def test_a_missing_index_is_an_error() -> None:
    missing = IndexSource(kind="index", index="nowhere.tsv", licence="", citation="")
    with pytest.raises(IndexFileError, match=r"nowhere.tsv: not readable \(No such file"):
        from_index(missing)


def test_the_files_of_an_index_arrive_in_their_folders(tmp_path: Path) -> None:
    with hosted(TUNES) as host:
        assert fetch("tunes", source(tmp_path, TUNES, host.address), SUFFIXES, tmp_path / "raw/tunes") == 5
        assert len(host.requests) == 5
    for path, content in TUNES.items():
        assert (tmp_path / "raw/tunes" / path).read_bytes() == content
    assert [file["path"] for file in read_manifest(tmp_path / "raw/tunes")["files"]] == sorted(TUNES)
    assert left_in(tmp_path / "raw") == ["tunes"]


def test_files_that_are_not_scores_are_counted_and_not_requested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {**TUNES, "LICENSE": b"free", "read.md": b"me", "tunes/more.md": b"!"}
    with hosted(files) as host:
        assert fetch("tunes", source(tmp_path, files, host.address), SUFFIXES, tmp_path / "raw/tunes") == 5
        assert sorted(host.paths()) == sorted(TUNES)
    assert read_manifest(tmp_path / "raw/tunes")["ignored"] == ["LICENSE", "read.md", "tunes/more.md"]
    assert "corpus tunes: 3 files ignored: 2 .md, 1 without suffix" in capsys.readouterr().err


def test_a_failure_leaves_the_last_corpus_alone_and_nothing_partial(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    with hosted(TUNES) as host:
        tunes = source(tmp_path, TUNES, host.address)
        fetch("tunes", tunes, SUFFIXES, raw / "tunes")
        more = {**TUNES, "new.abc": b"X:9\nK:C\nC\n"}
        with pytest.raises(DownloadError, match=r"^new.abc: no address .*status 404 Not Found$"):
            fetch("tunes", source(tmp_path, more, host.address), SUFFIXES, raw / "tunes")
        assert len(read_manifest(raw / "tunes")["files"]) == 5
        with pytest.raises(DownloadError):
            fetch("others", source(tmp_path, {"no.abc": b"?"}, host.address), SUFFIXES, raw / "others")
    assert left_in(raw) == ["tunes"]


def test_a_second_run_requests_only_missing_files(tmp_path: Path) -> None:
    last = list(TUNES)[-1]
    with hosted(TUNES) as host:
        tunes = source(tmp_path, TUNES, host.address)
        host.faults[last] = [Fault(404)]
        with pytest.raises(DownloadError):
            fetch("tunes", tunes, SUFFIXES, tmp_path / "raw/tunes")
        shelf = set(left_in(tmp_path / ".cache/downloads"))
        arrived = {path for path, content in TUNES.items() if hashlib.sha256(content).hexdigest() in shelf}
        assert last not in arrived
        host.requests.clear()
        assert fetch("tunes", tunes, SUFFIXES, tmp_path / "raw/tunes") == 5
        assert set(host.paths()) == set(TUNES) - arrived


def remote(path: str, unpack: bool = False) -> RemoteFile:
    return RemoteFile(path=path, urls=["http://127.0.0.1:9/x"], sha256=SUM, size=1, unpack=unpack)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["../a.abc"], "the path '../a.abc' would leave the folder"),
        (["source.json"], "the path 'source.json' is taken"),
        (["a.abc", "./a.abc"], "./a.abc is listed twice"),
        (["a.abc/b.abc", "a.abc"], "a.abc is listed as a file and as a folder"),
    ],
)
def test_paths_are_checked_before_anything_is_fetched(paths: list[str], message: str, tmp_path: Path) -> None:
    listed = UrlSource(kind="url", files=[remote(path) for path in paths], licence="", citation="")
    with pytest.raises(PlaceError, match=message):
        fetch("tunes", listed, SUFFIXES, tmp_path / "raw/tunes")
