"""The runner of every stage.

A stage module defines one function, ``run(key)`` or ``run()``, and passes it to
:func:`stage_main`, which

* lets only one stage at a time write in a workspace (a stage of a killed
  ``dvc repro`` may still be running: the runner waits until it ends);
* ends the stage when the process that started it has ended;
* compares the stage's inputs, code and parameters at the end with those at the
  start: DVC reads them only afterwards, and would record the old output under
  the new parameters;
* prints a table of the stage's outputs, and the duration;
* turns a user's mistake or an error of the operating system into one message and
  exit status 1;
* restores the stage's last good outputs if it fails: with such a message, with a
  traceback, by SIGINT, SIGTERM or SIGHUP, or because its parent has ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from pipeline.core.files import is_refused
from pipeline.core.settings import load_yaml, lookup
from pipeline.core.text import message_of, safe_line
from pipeline.errors import PipelineError
from pipeline.workflow import interruption
from pipeline.workflow.dvcfile import Declared, declared
from pipeline.workflow.imports import without_pandas
from pipeline.workflow.progress import say, show
from pipeline.workflow.summary import SummaryError, summaries

if os.name == "posix":
    import fcntl

LOCK_FILE = Path(".cache/stage.lock")
SECONDS_TO_WAIT_FOR_LOCK = 30.0
SECONDS_BETWEEN_LOOKS = 0.5
ORPHANED = 75
MADE = (".pyc", ".so", ".pyd")  # suffixes of files that Python or a compiler makes of the code
SHELLS = ("sh", "bash", "dash", "zsh", "fish", "cmd.exe")


class StageError(PipelineError):
    """A stage cannot run, or its inputs changed while it ran."""


def stage_main(stage: str, run: Callable[..., None]) -> None:
    """Run a stage; its key, if it has one, comes from the command line."""
    arguments = sys.argv[1:]
    key = arguments[0] if arguments else None
    name = f"{stage}@{key}" if key else stage
    parents = _parents()
    began = time.monotonic()
    without_pandas()
    interruption.begin(name)
    try:
        with interruption.interruptible(), _one_writer(name, stage, key):
            _end_with(parents, name)
            before = _fingerprint(declared(stage, key))
            run(*arguments)
            changed = _differences(before, _fingerprint(declared(stage, key)))
            if changed:
                raise StageError(f"{', '.join(changed)} changed while the stage ran; run `dvc repro` again")
            _tell(name, time.monotonic() - began)
        interruption.end(succeeded=True)
    except PipelineError as error:
        for line in str(error).splitlines():
            say(f"{name}: {line}")
        _end(name)
        raise SystemExit(1) from None
    except KeyboardInterrupt as error:
        say(f"{name}: {_stopped(error)}; no partial output is kept, `dvc repro` continues from here")
        _end(name)
        raise SystemExit(_status(error)) from None
    except Exception as error:
        refused = refusal(error)
        if refused is None:
            say(traceback.format_exc().rstrip())
        else:
            say(f"{name}: {refused}; no partial output is kept, `dvc repro` continues from here")
        _end(name)
        raise SystemExit(1) from None


def _stopped(error: KeyboardInterrupt) -> str:
    number = getattr(error, "number", signal.SIGINT)
    return "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"


def _status(error: KeyboardInterrupt) -> int:
    return interruption.SHELL_STATUS + int(getattr(error, "number", signal.SIGINT))


def _tell(name: str, seconds: float) -> None:
    """Print the summary tables; a stage succeeds even if they cannot be made."""
    try:
        for summary in summaries(name):
            show(summary.columns, summary.rows)
    except SummaryError as error:
        say(f"{error}")
    say(f"{name}: done in {seconds:.1f} s")


def refusal(error: Exception) -> str | None:
    """The error of the operating system and its file: a full disk, a read-only folder.

    Libraries raise exceptions of their own that contain the system's message.

    Returns:
        None for any other error.
    """
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, OSError):
        file = f": {safe_line(str(error.filename))}" if error.filename else ""
        return f"{error.strerror or message_of(error)}{file}"
    return message_of(error) if is_refused(error) else None


def _end(name: str) -> bool:
    """Restore the last outputs; False if another thread does so already."""
    told = interruption.end()
    for sentence in told or []:
        say(f"{name}: {sentence}")
    return told is not None


@contextmanager
def _one_writer(name: str, stage: str, key: str | None) -> Iterator[None]:
    """Hold the workspace's lock; the system releases it when the process ends."""
    LOCK_FILE.parent.mkdir(exist_ok=True)
    with LOCK_FILE.open("a+") as lock:
        if os.name == "posix" and _take(lock.fileno(), name):
            _clear(declared(stage, key))
        interruption.mark()
        yield


def _clear(stage: Declared) -> None:
    """Delete outputs that an older process of this stage wrote or restored after DVC deleted them."""
    for out in map(Path, stage.outs):
        if out.is_dir() and not out.is_symlink():
            shutil.rmtree(out)
        else:
            out.unlink(missing_ok=True)


def _take(descriptor: int, name: str) -> bool:
    """Take the lock; True if another stage had it first."""
    deadline = time.monotonic() + SECONDS_TO_WAIT_FOR_LOCK
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return told
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StageError(
                    "another stage is running in this workspace; wait for it or end it"
                ) from None
            if not told:
                say(f"{name}: waiting for another stage in this workspace")
                told = True
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _parents() -> list[psutil.Process]:
    """The processes that started this stage: the parent, and its parent if that is a shell."""
    parents: list[psutil.Process] = []
    process = psutil.Process().parent()
    while process is not None:
        parents.append(process)
        if process.name() not in SHELLS:
            break
        process = process.parent()
    return parents


def _end_with(parents: list[psutil.Process], name: str) -> None:
    """Watch the parents in a thread; when one has ended, restore the last outputs and exit."""

    def watch() -> None:
        while all(map(_is_running, parents)):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if _end(name):
            os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True, name="parent watch").start()


def _is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except OSError:  # too many open files: not known now, and known at the next look
        return True


def _fingerprint(stage: Declared) -> dict[str, object]:
    """Current state of a stage's inputs: parameters by value, files by size and time."""
    state: dict[str, object] = {}
    files = {file: load_yaml(Path(file)) for file, _ in stage.params}
    for file, name in stage.params:
        state[f"{file}:{name}"] = lookup(files[file], *name.split("."))
    for dep in stage.deps:
        state[dep] = sorted(_stamps(Path(dep)))
    return state


def _stamps(path: Path) -> Iterator[tuple[str, int, int]]:
    files = path.rglob("*") if path.is_dir() else [path]
    for file in files:
        if file.is_file() and file.suffix not in MADE and file.name != ".gitignore":
            status = file.stat()
            yield file.as_posix(), status.st_size, status.st_mtime_ns


def _differences(before: dict[str, object], after: dict[str, object]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
