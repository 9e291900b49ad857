"""Temporary files of a stage that is killed together with all of its processes are deleted; no others are."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pipeline.cli import main
from pipeline.workflow import interruption, temporaries
from tests.helpers.paths import ROOT

LINUX = pytest.mark.skipif(not temporaries.SEMAPHORES.is_dir(), reason="no folder of semaphores")
KILLED_BY_A_WORKER = """
import os
from functools import partial
from pipeline.corpora.parsing.isolation import ChildLimits, run_isolated
from pipeline.workflow import interruption
from pipeline.workflow.engine import EngineSettings, map_batches

if __name__ == "__main__":
    interruption.begin("work@a")
    assert list(run_isolated(abs, [-1], ChildLimits(60, 1 << 30))) == [1]
    settings = EngineSettings(kind="processes", workers=2, address=None)
    list(map_batches(partial(os.killpg, 0), [9, 9], settings))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """For temporary files; its path is short, because paths of sockets contain it."""
    with TemporaryDirectory() as name:
        yield Path(name)


def left(process: int, folder: Path) -> list[str]:
    """Semaphores of a process, and its temporary files in this folder."""
    paths = [*temporaries.SEMAPHORES.glob(f"sem.loky-{process}-*"), *folder.iterdir()]
    return sorted(path.name.split("-")[0] for path in paths)


@LINUX
@pytest.mark.parametrize("again", ["a command", "the stage itself"])
def test_the_next_command_or_run_deletes_what_a_killed_process_group_leaves(
    again: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "killed.py").write_text(KILLED_BY_A_WORKER)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    command = [sys.executable, "killed.py"]
    stage = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)
    assert stage.wait(timeout=60) == -signal.SIGKILL
    assert left(stage.pid, folder) == ["entchen", "pymp", *(["sem.loky"] * 8)]
    if again == "a command":
        main(["corpora"])
        assert list(interruption.FOLDER.iterdir()) == []
    else:
        begins = "from pipeline.workflow import interruption; interruption.begin('work@a')"
        subprocess.run([sys.executable, "-c", begins], env=environment, check=True, timeout=60)
    assert left(stage.pid, folder) == []


def test_only_recorded_files_of_these_kinds_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shm = tmp_path / "shm"
    monkeypatch.setattr(temporaries, "SEMAPHORES", shm)
    for folder in ("shm", "entchen-aaaaaaaa", "entchen-music", "shm/sem.loky-2-abc_de12", "open"):
        (tmp_path / folder).mkdir(mode=0o700)
        (tmp_path / folder / "file").touch()
    (tmp_path / "entchen-bbbbbbbb").mkdir(mode=0o755)
    (tmp_path / "entchen-cccccccc").symlink_to(tmp_path / "open")
    for name in ("sem.loky-1-abc_de12", "sem.mp-abcdefgh", "sem.loky-x-abc_de12", "psm_1234"):
        (shm / name).touch()
    (tmp_path / "sem.loky-3-abc_de12").touch()
    before = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    names = [*before, "shm/../sem.loky-3-abc_de12", "shm/sem.loky-9-abc_de12"]
    temporaries.delete([*(str(tmp_path / name) for name in names), "", "/", "a\0b", "entchen-aaaaaaaa"])
    after = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert before - after == {"shm/sem.loky-1-abc_de12", "entchen-aaaaaaaa", "entchen-aaaaaaaa/file"}
