"""What every stage does around its own work.

A stage module holds one function, ``run(key)`` or ``run()``, and hands it to
:func:`stage_main`, which

* lets one stage at a time write in a workspace (an orphan of a killed
  ``dvc repro`` may still be running: it is waited for, and ends by itself);
* ends the stage when the process that started it is gone;
* compares the stage's inputs, code and parameters at the end with those at the
  start: DVC reads them only afterwards, and would file the old output under
  the new parameters;
* says what the stage made, as a table, and how long that took;
* turns a user's mistake, and what the machine refuses, into one clear message and
  exit status 1, and puts the stage's last good outputs back.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from pipeline.core.settings import load_yaml, lookup
from pipeline.errors import PipelineError
from pipeline.workflow.dvcfile import Declared, declared
from pipeline.workflow.outputs import bring_back
from pipeline.workflow.progress import say, show
from pipeline.workflow.summary import SummaryError, summaries

if os.name == "posix":
    import fcntl

LOCK_FILE = Path(".cache/stage.lock")
SECONDS_TO_WAIT_FOR_LOCK = 30.0
SECONDS_BETWEEN_LOOKS = 0.5
INTERRUPTED = 130  # exit status after Ctrl-C, as shells count it
ORPHANED = 75
REFUSALS = (
    *map(os.strerror, (errno.ENOSPC, errno.EIO, errno.EAGAIN, errno.ENOMEM, errno.EDQUOT, errno.EROFS)),
    *map(os.strerror, (errno.EACCES, errno.EMFILE)),
    "can't start new thread",
)
SHELLS = ("sh", "bash", "dash", "zsh", "fish", "cmd.exe")


class StageError(PipelineError):
    """A stage cannot run, or must not be trusted."""


def stage_main(stage: str, run: Callable[..., None]) -> None:
    """Run a stage; its key, if it has one, comes from the command line."""
    arguments = sys.argv[1:]
    key = arguments[0] if arguments else None
    name = f"{stage}@{key}" if key else stage
    parents = _parents()
    began = time.monotonic()
    try:
        with _one_writer(name):
            _end_with(parents)
            before = _fingerprint(declared(stage, key))
            run(*arguments)
            changed = _differences(before, _fingerprint(declared(stage, key)))
            if changed:
                raise StageError(f"{', '.join(changed)} changed while the stage ran; run `dvc repro` again")
            _tell(name, time.monotonic() - began)
    except PipelineError as error:
        for line in str(error).splitlines():
            say(f"{name}: {line}")
        _bring_back(name)
        raise SystemExit(1) from None
    except Exception as error:
        refused = _refused(error)
        if refused is None:
            raise
        say(f"{name}: {refused}; nothing half-written is kept, `dvc repro` goes on from here")
        _bring_back(name)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        say(f"{name}: interrupted; nothing half-written is kept, `dvc repro` goes on from here")
        _bring_back(name)
        raise SystemExit(INTERRUPTED) from None


def _tell(name: str, seconds: float) -> None:
    """What the stage made; it is made, whether or not it can be told."""
    try:
        for summary in summaries(name):
            show(summary.columns, summary.rows)
    except SummaryError as error:
        say(f"{error}")
    say(f"{name}: done in {seconds:.1f} s")


def _refused(error: Exception) -> str | None:
    """What the machine refused, and for which file: a full disk, a folder that may not be written.

    Libraries raise exceptions of their own with the system's words in them.

    Returns:
        None where the fault is not the machine's.
    """
    if isinstance(error, OSError):
        return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    said = str(error)
    return said if any(words in said for words in REFUSALS) else None


def _bring_back(name: str) -> None:
    restored = bring_back(name)
    if restored:
        say(f"{name}: what it made last is back in place: {', '.join(restored)}")


@contextmanager
def _one_writer(name: str) -> Iterator[None]:
    """Hold the workspace's lock; the system lets go of it when the process ends."""
    LOCK_FILE.parent.mkdir(exist_ok=True)
    with LOCK_FILE.open("a+") as lock:
        if os.name == "posix":
            _take(lock.fileno(), name)
        yield


def _take(descriptor: int, name: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_WAIT_FOR_LOCK
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StageError(
                    "another stage is running in this workspace; wait for it or end it"
                ) from None
            if not told:
                say(f"{name}: waiting for another stage that runs in this workspace")
                told = True
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _parents() -> list[psutil.Process]:
    """Who started this stage: the parent, and its parent where that is a shell."""
    parents: list[psutil.Process] = []
    process = psutil.Process().parent()
    while process is not None:
        parents.append(process)
        if process.name() not in SHELLS:
            break
        process = process.parent()
    return parents


def _end_with(parents: list[psutil.Process]) -> None:
    """Watch the parents from a thread of its own; end at once when one is gone."""

    def watch() -> None:
        while all(parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE for parent in parents):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True, name="parent watch").start()


def _fingerprint(stage: Declared) -> dict[str, object]:
    """What a stage depends on, now: parameters by value, files by size and time."""
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
        if file.is_file() and file.suffix != ".pyc" and file.name != ".gitignore":
            status = file.stat()
            yield file.as_posix(), status.st_size, status.st_mtime_ns


def _differences(before: dict[str, object], after: dict[str, object]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
