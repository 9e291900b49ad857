import json
from pathlib import Path

import pytest

from pipeline.workflow.outputs import bring_back, last_version

LOCK = """
schema: '2.0'
stages:
  make@x:
    cmd: x
    outs:
    - {path: data/one.txt, hash: md5, md5: aabbcc, size: 3}
    - {path: data/many, hash: md5, md5: ddeeff.dir, size: 6, nfiles: 2}
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    cache = tmp_path / ".dvc/cache/files/md5"
    listing = [{"md5": "112233", "relpath": "a.txt"}, {"md5": "445566", "relpath": "deep/b.txt"}]
    contents = {"aabbcc": "one", "112233": "a", "445566": "b", "ddeeff.dir": json.dumps(listing)}
    for digest, content in contents.items():
        (cache / digest[:2]).mkdir(parents=True)
        (cache / digest[:2] / digest[2:]).write_text(content)
    (tmp_path / "dvc.lock").write_text(LOCK)
    return tmp_path


def test_files_and_folders_come_back(workspace: Path) -> None:
    assert bring_back("make@x") == ["data/one.txt", "data/many"]
    assert (workspace / "data/one.txt").read_text() == "one"
    assert (workspace / "data/many/deep/b.txt").read_text() == "b"


def test_what_exists_is_left_alone(workspace: Path) -> None:
    (workspace / "data").mkdir()
    (workspace / "data/one.txt").write_text("new")
    assert bring_back("make@x") == ["data/many"]
    assert (workspace / "data/one.txt").read_text() == "new"


def test_what_the_cache_lost_stays_away_whole(workspace: Path) -> None:
    (workspace / ".dvc/cache/files/md5/44/5566").unlink()
    assert bring_back("make@x") == ["data/one.txt"]
    assert not (workspace / "data/many").exists()


def test_a_stage_that_never_ran_has_nothing(workspace: Path) -> None:
    assert bring_back("make@y") == []
    (workspace / "dvc.lock").unlink()
    assert bring_back("make@x") == []


def test_a_cache_that_others_share_is_found(workspace: Path) -> None:
    (workspace / ".dvc/cache").rename(workspace / "shared")
    assert bring_back("make@x") == []
    (workspace / ".dvc/config").write_text("[core]\n    analytics = false\n[cache]\n    dir = ../shared\n")
    assert bring_back("make@x") == ["data/one.txt", "data/many"]


def test_the_last_version_of_a_file_is_found_while_its_place_is_empty(workspace: Path) -> None:
    last = last_version("make@x", "data/one.txt")
    assert last is not None
    assert last.read_text() == "one"
    assert last_version("make@x", "data/two.txt") is None
    assert last_version("other", "data/one.txt") is None
    (workspace / last).unlink()
    assert last_version("make@x", "data/one.txt") is None
