"""Realistic user folders: links, pipes, names that are not UTF-8."""

import json
import os
import socket
from pathlib import Path

import pytest

from pipeline.corpora.sources.collect import PlaceError
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.settings import FolderSource
from pipeline.corpora.sources.walk import blocking, readable, walk

SCORE = b"X:1\nK:C\nCDEF|\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "scores"
    root.mkdir()
    (root / "a.abc").write_bytes(SCORE)
    return root


def fetched(
    folder: Path, follow_links: bool = False, suffixes: tuple[str, ...] = (".abc",)
) -> dict[str, str]:
    """Name and sha256 of the files that arrive; their content is what the manifest describes."""
    source = FolderSource(
        kind="folder", path=str(folder), follow_links=follow_links, licence="CC0-1.0", citation="us"
    )
    fetch("mine", source, suffixes, folder.parent / "raw")
    manifest = json.loads((folder.parent / "raw/source.json").read_text())
    assert all((folder.parent / "raw" / entry["path"]).is_file() for entry in manifest["files"])
    return {entry["path"]: entry["sha256"] for entry in manifest["files"]}


def ignored(folder: Path) -> list[str]:
    found: list[str] = json.loads((folder.parent / "raw/source.json").read_text())["ignored"]
    return found


def test_special_files_are_skipped_and_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "pipe.abc")
    (folder / "dangling.abc").symlink_to("nowhere.abc")
    (folder / "loop.abc").symlink_to("loop.abc")
    (folder / "again").symlink_to(".")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "socket.abc"))
    assert list(fetched(folder)) == ["a.abc"]
    assert ignored(folder) == [
        "again (a link to a folder of the corpus)",
        "dangling.abc (a link to nothing)",
        "loop.abc (cannot be opened: Too many levels of symbolic links)",
        "pipe.abc (a named pipe)",
        "socket.abc (a socket)",
    ]
    assert "corpus mine: 5 entries skipped: again (a link to a folder" in capsys.readouterr().err


def test_a_link_inside_the_folder_is_a_file(folder: Path) -> None:
    (folder / "b.abc").symlink_to("a.abc")
    assert list(fetched(folder)) == ["a.abc", "b.abc"]


@pytest.mark.parametrize("target", ["secret.abc", "private"])
def test_a_link_that_leaves_the_folder_is_refused_unless_links_are_followed(
    folder: Path, target: str
) -> None:
    (folder.parent / "secret.abc").write_bytes(SCORE)
    (folder.parent / "private").mkdir()
    (folder.parent / "private/c.abc").write_bytes(SCORE)
    (folder / "link.abc").symlink_to(folder.parent / target)
    with pytest.raises(PlaceError, match=r"link.abc \(a link that leaves the folder\).*follow_links: true"):
        fetched(folder)
    assert not (folder.parent / "raw").exists()
    inside = "link.abc" if target == "secret.abc" else "link.abc/c.abc"
    assert list(fetched(folder, follow_links=True)) == ["a.abc", inside]


def test_link_loops_end(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep/up").symlink_to(folder)
    assert [entry.reason for entry in walk(folder, follow_links=True).skipped] == [
        "a link to a folder above it"
    ]


def test_bytes_of_a_name_that_are_not_utf8_are_percent_encoded(folder: Path) -> None:
    (folder / os.fsdecode(b"Gr\xfc\xdfe.abc")).write_bytes(SCORE)
    (folder / "Grüße.abc").write_bytes(SCORE)
    assert list(fetched(folder)) == ["Gr%FC%DFe.abc", "Grüße.abc", "a.abc"]
    (folder / "Gr%FC%DFe.abc").write_bytes(SCORE)
    with pytest.raises(PlaceError, match="two files have the name Gr%FC%DFe.abc"):
        fetched(folder)


def test_a_score_named_like_the_manifest_is_renamed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = b'{"train": [[[72, 67, 64, 48]]]}'
    (folder / "source.json").write_bytes(content)
    (folder / "deep").mkdir()
    (folder / "deep/source.json").write_bytes(content)
    assert list(fetched(folder, suffixes=(".abc", ".json"))) == [
        "a.abc",
        "deep/source.json",
        "source.score.json",
    ]
    assert (folder.parent / "raw/source.score.json").read_bytes() == content
    assert "source.json is kept as source.score.json" in capsys.readouterr().err


def test_what_dvc_cannot_track_is_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"\xff.abc")).write_bytes(SCORE)
    assert list(map(str, blocking(folder))) == ["pipe (a named pipe)", "%FF.abc (a name that is not UTF-8)"]


@pytest.mark.parametrize("name", ["a b.abc", "Grüße.abc", "100%.abc", "%FF.abc", "新.abc"])
def test_a_name_in_utf8_stays_as_it_is(name: str) -> None:
    assert readable(Path(name)) == name
