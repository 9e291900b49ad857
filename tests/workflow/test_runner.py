"""The runner in real processes, in a workspace with one stage."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT
from tests.helpers.signals import default_signals
from tests.helpers.waiting import wait_until

STAGE = """
import signal
from pathlib import Path
from pipeline.errors import PipelineError
from pipeline.workflow.runner import stage_main
from tests.helpers.waiting import wait_until

def run(key):
    Path("began").touch()
    {body}

stage_main("work", run)
"""

DVC = """
stages:
  work:
    foreach: ${jobs}
    do:
      cmd: x
      deps: [input.txt]
      params: ["jobs.${key}"]
      outs: [out.txt]
"""


class Workspace:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "dvc.yaml").write_text(DVC)
        (root / "params.yaml").write_text("jobs: {a: 1}")
        (root / "input.txt").write_text("x")

    def start(self, body: str, *prefix: str) -> subprocess.Popen[str]:
        script = self.root / "work.py"
        script.write_text(STAGE.format(body=body))
        (self.root / "began").unlink(missing_ok=True)
        return subprocess.Popen(
            [*prefix, sys.executable, "work.py", "a"],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=default_signals,
        )

    def run(self, body: str) -> tuple[int, str]:
        process = self.start(body)
        output = process.communicate(timeout=60)[1]
        return process.returncode, output

    def wait_for_start(self) -> None:
        wait_until((self.root / "began").exists, what="the stage")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_a_stage_prints_its_summary_and_duration(workspace: Workspace) -> None:
    status, output = workspace.run("Path('out.txt').write_text('x' * 2_500_000)")
    assert status == 0
    heading, row, end = output.splitlines()
    assert (heading.split(), row.split()) == (["output", "files", "MB"], ["out.txt", "1", "2.50"])
    assert re.fullmatch(r"work@a: done in \d+\.\d s", end)


def test_a_stage_without_a_summary_succeeds(workspace: Workspace) -> None:
    (workspace.root / "dvc.yaml").write_text(DVC.replace("out.txt", "data/metrics/a.json"))
    status, output = workspace.run("pass")
    assert status == 0
    assert output.startswith("work@a cannot be summarized: ")
    assert "done in" in output


def test_a_users_mistake_is_one_line_and_status_1(workspace: Workspace) -> None:
    assert workspace.run("raise PipelineError('no such thing')") == (1, "work@a: no such thing\n")


@pytest.mark.parametrize(
    ("body", "output"),
    [
        ("Path('began/x').touch()", "work@a: Not a directory: began/x; no partial output is kept"),
        ('raise RuntimeError("can\'t start new thread")', "work@a: can't start new thread; no partial"),
        (
            "raise ValueError('IO: No space left on device')",
            "work@a: IO: No space left on device; no partial",
        ),
    ],
)
def test_an_error_of_the_operating_system_is_one_line(workspace: Workspace, body: str, output: str) -> None:
    status, words = workspace.run(body)
    assert status == 1
    assert words.startswith(output)
    assert "Traceback" not in words


def test_a_bug_keeps_its_traceback(workspace: Workspace) -> None:
    status, output = workspace.run("1 / 0")
    assert status == 1
    assert "ZeroDivisionError" in output


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("Path('params.yaml').write_text('jobs: {a: 2}')", "params.yaml:jobs.a"),
        ("Path('input.txt').write_text('other')", "input.txt"),
    ],
)
def test_an_edit_while_a_stage_runs_fails_it(workspace: Workspace, body: str, changed: str) -> None:
    status, output = workspace.run(body)
    assert status == 1
    assert f"{changed} changed while the stage ran; run `dvc repro` again" in output


def test_ctrl_c_prints_one_line(workspace: Workspace) -> None:
    process = workspace.start("signal.pause()")
    workspace.wait_for_start()
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert "interrupted" in output
    assert "Traceback" not in output


def test_a_stage_ends_with_the_process_that_started_it(workspace: Workspace) -> None:
    # the parent is an interpreter that would wait for ever, as dvc does
    parent = workspace.start(
        "(Path('pid').write_text(str(__import__('os').getpid())), signal.pause())",
        sys.executable,
        "-c",
        "import subprocess, sys; subprocess.run(sys.argv[1:])",
    )
    workspace.wait_for_start()
    pid = workspace.root / "pid"
    wait_until(lambda: pid.exists() and pid.read_text())
    stage = Path("/proc") / pid.read_text()
    parent.kill()
    parent.communicate(timeout=30)
    wait_until(lambda: not stage.exists() or "zombie" in (stage / "status").read_text(), what="the orphan")


def test_a_second_stage_waits_for_the_first(workspace: Workspace) -> None:
    first = workspace.start("(wait_until(Path('go').exists), Path('out.txt').write_text('first'))")
    workspace.wait_for_start()
    second = workspace.start("Path('out.txt').write_text(f'the old one: {Path(\"out.txt\").exists()}')")
    assert second.stderr is not None
    assert "waiting for another stage" in second.stderr.readline()
    (workspace.root / "go").touch()
    first.communicate(timeout=60)
    second.communicate(timeout=60)
    assert second.returncode == 0
    # outputs of the first stage are deleted before the second one writes
    assert (workspace.root / "out.txt").read_text() == "the old one: False"
