"""DVC's lock file, damaged by a kill: repaired by the next command, unless DVC is running."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.workflow.dvctmp import GUARD, RWLOCK, repair_rwlock
from tests.helpers.waiting import wait_until

SOUND = '{"write": {"/p/out": {"pid": 1, "cmd": "dvc repro"}}, "read": {}}'


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    RWLOCK.parent.mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("content", ["", SOUND[:20], "[]", "null", '{"write": []}', "\0" * 40, "[" * 100_000])
def test_a_damaged_file_is_deleted_by_the_next_command(
    content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    RWLOCK.write_text(content)
    Path("params.yaml").write_text("corpora: {}")
    main(["corpora"])
    assert not RWLOCK.exists()
    assert ".dvc/tmp/rwlock was damaged" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["{}", SOUND, None])
def test_a_sound_or_absent_file_stays(content: str | None) -> None:
    if content is not None:
        RWLOCK.write_text(content)
    assert repair_rwlock() == []
    assert RWLOCK.exists() == (content is not None)


def test_nothing_is_deleted_while_dvc_is_running(workspace: Path) -> None:
    RWLOCK.write_text("")
    program = workspace / "dvc"
    program.write_text("import sys\nopen('began', 'w').close()\nsys.stdin.read()\n")
    with subprocess.Popen([sys.executable, str(program)], stdin=subprocess.PIPE) as running:
        wait_until(Path("began").exists, what="the process")
        (sentence,) = repair_rwlock()
        assert f"PID {running.pid}" in sentence
        assert RWLOCK.exists()


def test_nothing_is_deleted_while_dvc_writes_the_file() -> None:
    RWLOCK.write_text("")
    with GUARD.open("a+") as guard:
        fcntl.flock(guard.fileno(), fcntl.LOCK_EX)
        assert repair_rwlock() == []
    assert RWLOCK.exists()
