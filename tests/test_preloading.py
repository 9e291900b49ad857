"""Programs whose libraries are imported beforehand behave as the interpreter does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.preloading import preloaded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the programs are preloaded on Linux alone")

SHOW = """
import json, os, sys
loaded = "colorsys" in sys.modules
print(json.dumps([__name__, sys.argv, os.getcwd(), os.environ["KEY"], loaded, sys.path[0]]))
print(sys.stdin.read(), file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    with preloaded({"python": ["colorsys"]}) as folders:
        yield folders[0]


def shown(program: str | Path, how: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *how, "one", "-two"],
        input="typed",
        cwd=folder,
        env={"KEY": "é", "PYTHONPATH": "elsewhere"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("how", [["-m", "shown"], ["-c", SHOW], ["below/shown.py"]])
def test_a_command_has_the_arguments_streams_and_status_of_a_new_process(
    how: list[str], programs: Path, tmp_path: Path
) -> None:
    (tmp_path / "shown.py").write_text(SHOW)
    (tmp_path / "below").mkdir()
    (tmp_path / "below/shown.py").write_text(SHOW)
    fast, slow = (shown(program, how, tmp_path) for program in (programs / "python", sys.executable))
    assert (fast.returncode, fast.stderr) == (slow.returncode, slow.stderr) == (7, "typed\n")
    assert fast.stdout.replace("true", "false") == slow.stdout
    assert "true" in fast.stdout


def test_an_uncaught_exception_is_a_traceback_and_status_1(programs: Path) -> None:
    done = subprocess.run([programs / "python", "-c", "1 / 0"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_killed_command_has_the_status_of_a_shell(programs: Path) -> None:
    kill = "import os; os.kill(os.getpid(), 9)"
    assert subprocess.run([programs / "python", "-c", kill]).returncode == 128 + 9


def test_other_options_start_the_interpreter_itself(programs: Path) -> None:
    code = "import sys; sys.exit('colorsys' in sys.modules)"
    assert subprocess.run([programs / "python", "-B", "-c", code]).returncode == 0


def test_a_command_waits_for_its_threads_then_calls_what_is_registered_for_its_end(programs: Path) -> None:
    code = """
import atexit, threading
atexit.register(print, "registered", end="")
threading.Timer(0.2, print, ["thread"]).start()
"""
    for program in (programs / "python", sys.executable):
        done = subprocess.run([program, "-c", code], capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "thread\nregistered", "")


@pytest.mark.parametrize(
    ("left", "status", "error"), [("None", 0, ""), ("300", 300 & 0xFF, ""), ("'a word'", 1, "a word\n")]
)
def test_what_a_command_exits_with_is_its_status(left: str, status: int, error: str, programs: Path) -> None:
    done = subprocess.run(
        [programs / "python", "-c", f"import sys; sys.exit({left})"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (status, error)
