"""A failed stage restores its last outputs: real processes, started as by DVC."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import main
from tests.helpers.paths import ROOT
from tests.helpers.signals import default_signals
from tests.helpers.waiting import wait_until

DVC = """
stages:
  work:
    foreach: ${jobs}
    do: {cmd: x, outs: [out.txt]}
"""
STAGE = """
import signal
from pathlib import Path
from tests.helpers.waiting import wait_until
{imports}
from pipeline.workflow.runner import stage_main

def run(key):
    Path("began").touch()
    {body}

if __name__ == "__main__":
    stage_main("work", run)
"""
WAITS = "wait_until(Path('go').exists)"


class Workspace:
    """A project whose stage ``work@a`` has run; its output has been deleted, as DVC does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "stages").mkdir()
        shutil.copy(ROOT / "stages/__init__.py", root / "stages")
        (root / "dvc.yaml").write_text(DVC)
        (root / "params.yaml").write_text("jobs: {a: 1}")
        digest = hashlib.md5(b"last", usedforsecurity=False).hexdigest()
        entry = root / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
        entry.parent.mkdir(parents=True)
        entry.write_bytes(b"last")
        (root / "dvc.lock").write_text(
            f"stages:\n  work@a:\n    cmd: x\n    outs:\n    - {{path: out.txt, md5: {digest}}}\n"
        )

    def start(self, body: str, imports: str = "", *prefix: str) -> subprocess.Popen[str]:
        (self.root / "stages" / "work.py").write_text(STAGE.format(imports=imports, body=body))
        return subprocess.Popen(
            [*prefix, sys.executable, "-m", "stages.work", "a"],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=default_signals,
        )

    def wait_for(self, name: str) -> None:
        wait_until((self.root / name).exists, what=name)

    @property
    def output(self) -> str | None:
        path = self.root / "out.txt"
        return path.read_text() if path.exists() else None


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


def test_after_a_traceback_the_last_output_is_back(workspace: Workspace) -> None:
    stage = workspace.start("1 / 0")
    errors = stage.communicate(timeout=60)[1]
    assert stage.returncode == 1
    assert "ZeroDivisionError" in errors
    assert "work@a: its last outputs were restored: out.txt" in errors
    assert workspace.output == "last"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("during_imports", [False, True])
def test_after_a_signal_the_last_output_is_back(
    workspace: Workspace, number: signal.Signals, during_imports: bool
) -> None:
    slow = f"Path('importing').touch()\n{WAITS}"
    stage = workspace.start(WAITS, slow if during_imports else "")
    workspace.wait_for("importing" if during_imports else "began")
    stage.send_signal(number)
    if during_imports:
        (workspace.root / "go").touch()
    errors = stage.communicate(timeout=60)[1]
    assert stage.returncode == 128 + number
    assert "Traceback" not in errors
    assert workspace.output == "last"
    assert list((workspace.root / ".cache/running").iterdir()) == []


def test_after_a_failed_import_the_last_output_is_back(workspace: Workspace) -> None:
    stage = workspace.start("pass", "import no_such_library")
    assert "ModuleNotFoundError" in stage.communicate(timeout=60)[1]
    assert workspace.output == "last"


def test_a_second_signal_does_not_interrupt_the_clean_up(workspace: Workspace) -> None:
    body = f"""try:
        {WAITS}
    finally:
        Path("cleaning").touch()
        wait_until(Path("stop").exists)"""
    stage = workspace.start(body)
    workspace.wait_for("began")
    stage.terminate()
    workspace.wait_for("cleaning")
    stage.send_signal(signal.SIGINT)
    (workspace.root / "stop").touch()
    stage.communicate(timeout=60)
    assert stage.returncode == 128 + signal.SIGTERM
    assert workspace.output == "last"


@pytest.mark.parametrize("moment", ["importing", "began"])
def test_after_sigkill_the_next_command_restores_the_output(
    workspace: Workspace, moment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = workspace.start(WAITS, f"Path('importing').touch()\n{WAITS}" if moment == "importing" else "")
    workspace.wait_for(moment)
    main(["corpora"])
    assert workspace.output is None  # the stage is running
    stage.kill()
    stage.communicate(timeout=60)
    main(["corpora"])
    assert workspace.output == "last"
    assert "work@a was killed; its last outputs were restored: out.txt" in capsys.readouterr().err
    main(["corpora"])
    assert "killed" not in capsys.readouterr().err


def test_a_stage_whose_parent_is_gone_restores_its_output(workspace: Workspace) -> None:
    parent = workspace.start(
        WAITS, "", sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"
    )
    workspace.wait_for("began")
    parent.kill()
    parent.communicate(timeout=60)
    wait_until(lambda: workspace.output == "last", what="the last output")


def test_a_stage_that_succeeds_leaves_no_mark(workspace: Workspace) -> None:
    stage = workspace.start("Path('out.txt').write_text('new')")
    stage.communicate(timeout=60)
    assert stage.returncode == 0
    assert workspace.output == "new"
    assert list((workspace.root / ".cache/running").iterdir()) == []


def test_a_job_in_the_background_still_ignores_sighup(workspace: Workspace) -> None:
    stage = workspace.start(f"({WAITS}, Path('out.txt').write_text('new'))", "", "nohup")
    workspace.wait_for("began")
    stage.send_signal(signal.SIGHUP)
    (workspace.root / "go").touch()
    stage.communicate(timeout=60)
    assert workspace.output == "new"
