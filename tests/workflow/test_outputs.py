"""The last outputs of a failed stage are restored from DVC's cache, verified."""

import hashlib
import json
from pathlib import Path

import pytest

from pipeline.workflow.outputs import FOLDER_SUFFIX, last_version, listing, restore


class Workspace:
    """A project whose stage ``make@x`` has one output that is a file and one that is a folder."""

    def __init__(self, root: Path) -> None:
        self.cache = root / ".dvc/cache/files/md5"
        self.one = self.store(b"one")
        self.a, self.b = self.store(b"a"), self.store(b"b")
        self.lock(self.store_folder({"a.txt": self.a, "deep/b.txt": self.b}))

    def entry(self, digest: str) -> Path:
        return self.cache / digest[:2] / digest[2:]

    def store(self, content: bytes, suffix: str = "") -> str:
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest() + suffix
        self.entry(digest).parent.mkdir(parents=True, exist_ok=True)
        self.entry(digest).write_bytes(content)
        return digest

    def store_folder(self, members: dict[str, str]) -> str:
        listed = [{"md5": digest, "relpath": name} for name, digest in members.items()]
        return self.store(json.dumps(listed).encode(), FOLDER_SUFFIX)

    def lock(self, folder: str, path: str = "data/one.txt") -> None:
        Path("dvc.lock").write_text(
            "schema: '2.0'\nstages:\n  make@x:\n    cmd: x\n    outs:\n"
            f"    - {{path: '{path}', hash: md5, md5: {self.one}, size: 3}}\n"
            f"    - {{path: data/many, hash: md5, md5: {folder}, size: 6, nfiles: 2}}\n"
        )


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return Workspace(Path())


def test_files_and_folders_are_restored(workspace: Workspace) -> None:  # noqa: ARG001 (the project)
    assert restore("make@x").outputs == ["data/one.txt", "data/many"]
    assert Path("data/one.txt").read_text() == "one"
    assert Path("data/many/deep/b.txt").read_text() == "b"
    assert not [path for path in Path().rglob("*") if ".partial" in path.name]


def test_existing_outputs_are_not_touched(workspace: Workspace) -> None:  # noqa: ARG001
    Path("data").mkdir()
    Path("data/one.txt").write_text("new")
    assert restore("make@x").outputs == ["data/many"]
    assert Path("data/one.txt").read_text() == "new"


def test_an_output_that_is_incomplete_in_the_cache_is_not_restored(workspace: Workspace) -> None:
    workspace.entry(workspace.b).unlink()
    assert restore("make@x").outputs == ["data/one.txt"]
    assert not Path("data/many").exists()


def test_a_stage_that_never_ran_has_nothing_to_restore(workspace: Workspace) -> None:  # noqa: ARG001
    assert restore("make@y").outputs == []
    Path("dvc.lock").unlink()
    assert restore("make@x").outputs == []


def test_half_a_lock_file_restores_nothing(workspace: Workspace) -> None:  # noqa: ARG001
    text = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(text[: text.index("data/many")])
    assert restore("make@x").outputs == []


def test_a_shared_cache_is_found(workspace: Workspace) -> None:  # noqa: ARG001
    Path(".dvc/cache").rename("shared")
    assert restore("make@x").outputs == []
    Path(".dvc/config").write_text("[core]\n    analytics = false\n[cache]\n    dir = ../shared\n")
    assert restore("make@x").outputs == ["data/one.txt", "data/many"]


def test_a_damaged_entry_of_the_cache_is_not_restored(workspace: Workspace) -> None:
    workspace.entry(workspace.one).write_bytes(b"onf")
    workspace.entry(workspace.b).write_bytes(b"B")
    found = restore("make@x")
    assert (found.outputs, found.damaged) == ([], ["data/one.txt", "data/many"])
    assert list(Path("data").iterdir()) == []


@pytest.mark.parametrize(
    "outside", ["../../outside.txt", "/tmp/outside.txt", "deep/../../../x", "..\\..\\x", "C:x", ""]
)
def test_no_path_of_a_listing_leaves_the_folder_of_the_output(workspace: Workspace, outside: str) -> None:
    folder = workspace.store_folder({"a.txt": workspace.a, outside: workspace.b})
    workspace.lock(folder)
    found = restore("make@x")
    assert (found.outputs, found.damaged) == (["data/one.txt"], ["data/many"])
    assert listing(folder) is None
    assert sorted(path.name for path in Path("..").iterdir()) == ["project"]


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"[", b'[{"md5": "aa"}]'])
def test_a_listing_of_another_form_is_damaged(workspace: Workspace, content: bytes) -> None:
    workspace.lock(workspace.store(content, FOLDER_SUFFIX))
    assert restore("make@x").outputs == ["data/one.txt"]


def test_a_listing_with_another_digest_is_damaged(workspace: Workspace) -> None:
    folder = workspace.store_folder({"a.txt": workspace.a})
    workspace.entry(folder).write_text(json.dumps([{"md5": workspace.b, "relpath": "a.txt"}]))
    workspace.lock(folder)
    assert restore("make@x").damaged == ["data/many"]


def test_no_path_of_dvc_lock_leaves_the_project(workspace: Workspace) -> None:
    workspace.lock(workspace.store_folder({"a.txt": workspace.a}), path="../one.txt")
    assert restore("make@x").outputs == ["data/many"]


def test_the_last_version_of_a_file_is_found_while_its_place_is_empty(workspace: Workspace) -> None:  # noqa: ARG001
    last = last_version("make@x", "data/one.txt")
    assert last is not None
    assert last.read_text() == "one"
    assert last_version("make@x", "data/two.txt") is None
    assert last_version("other", "data/one.txt") is None


def test_a_damaged_last_version_counts_as_missing(workspace: Workspace) -> None:
    workspace.entry(workspace.one).write_bytes(b"onf")
    assert last_version("make@x", "data/one.txt") is None
    workspace.entry(workspace.one).unlink()
    assert last_version("make@x", "data/one.txt") is None
