"""The check of what a session of tests leaves behind finds files and processes."""

import subprocess
import sys
from pathlib import Path

from tests.helpers.paths import ROOT

SESSION = """
import subprocess, sys, tempfile
from tests.helpers.leftovers import Session

session = Session()
{leaving}
print(*session.end(), sep="\\n")
"""


def left(leaving: str) -> list[str]:
    """Lines of the check at the end of a session, which runs in a process of its own."""
    command = [sys.executable, "-c", SESSION.format(leaving=leaving)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def test_a_session_that_leaves_nothing_passes() -> None:
    assert left("tempfile.TemporaryDirectory().cleanup(); subprocess.run(['true'])") == [""]


def test_a_file_that_is_left_is_listed() -> None:
    (line,) = left("tempfile.mkstemp(suffix='.wav')")
    assert line.startswith("file ")
    assert line.endswith(".wav")
    assert not Path(line.removeprefix("file ")).exists()


def test_a_process_that_outlives_its_parent_is_listed() -> None:
    start = "subprocess.run('sleep 5 > /dev/null 2>&1 &', shell=True)"
    (line,) = left(f"import tests.helpers.leftovers as module; module.SECONDS_TO_END = 0; {start}")
    assert line.endswith("sleep 5")
