"""Interrupted stages: signal handlers, and marker files of stages that were killed.

DVC has deleted the outputs of a stage before its process starts, so the process must be
able to restore them from its first moment: :func:`begin` runs before any large library is
imported. A signal that arrives during the imports is remembered, because an exception
inside an import can be swallowed by the code of a library; :func:`interruptible` raises it.

SIGKILL leaves no time at all. So a running stage holds a lock on a file,
``.cache/running/STAGE``; a file without a lock belongs to a stage that was killed, and the next
``python -m pipeline`` command restores its outputs (:func:`restore_killed`). The file lists the
temporary files of its worker processes, which are deleted then, or when the stage runs again.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO

from pipeline.core.text import message_of, safe
from pipeline.workflow import temporaries

if os.name == "posix":
    import fcntl

FOLDER = Path(".cache/running")
STAGES = "stages."
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
SHELL_STATUS = 128  # exit status after signal N, as shells count it: 128 + N
LONGEST_RECORD = 1 << 16  # characters of a mark
INTERRUPTED = SHELL_STATUS + signal.SIGINT


class StopSignalError(KeyboardInterrupt):
    """A signal ends the stage; libraries treat it like Ctrl-C.

    Attributes:
        number: signal number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class _Run:
    """This process as the run of a stage; at most one at a time."""

    def __init__(self) -> None:
        self.start("")

    def start(self, name: str) -> None:
        """Reset the state; this process now runs the stage of this name."""
        self.name = name
        self.process = os.getpid()
        self.mark: IO[str] | None = None
        self.pending = 0  # a signal that has not been raised yet
        self.interruptible = False
        self.ending = threading.Lock()  # taken once, by the thread that ends the stage

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.interruptible:
            self.interruptible = False  # one exception is enough: the clean-up must not be interrupted
            raise StopSignalError(number)
        self.pending = self.pending or number


_run = _Run()


def begin_command_line() -> None:
    """Begin the stage of ``python -m stages.NAME [KEY]``; other commands are ignored.

    Python imports the package of the module that it runs first, and ``sys.argv[0]`` is
    "-m" meanwhile.
    """
    words = sys.orig_argv
    if sys.argv[:1] != ["-m"] or "-m" not in words or os.environ.get("RANK", "0") != "0":
        return
    module, *arguments = words[words.index("-m") + 1 :]
    if module.startswith(STAGES) and Path("dvc.yaml").exists():
        begin("@".join([module.removeprefix(STAGES), *arguments[:1]]))


def begin(name: str) -> None:
    """Handle signals from now on, and mark the stage as running; a second call changes nothing.

    Args:
        name: name of the stage, ``name`` or ``name@key``.
    """
    if _run.name == name and _run.process == os.getpid():
        return
    _run.start(name)
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a job in the background
                signal.signal(number, _run.receive)
    mark()
    atexit.register(_at_exit)


def mark() -> None:
    """Hold the lock on the mark of this stage, unless an older process of the same stage still has it."""
    if os.name != "posix" or _run.mark is not None or not _run.name:
        return
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        _run.mark = _locked(FOLDER / _run.name)
        if _run.mark is not None:
            _delete_recorded(_run.mark)
    except OSError:  # a full disk, a read-only folder: the stage itself reports it
        _run.mark = None


def record(paths: Iterable[str]) -> None:
    """Write the paths of temporary files to the mark of this stage: they are deleted if it is killed."""
    if _run.mark is not None and _run.process == os.getpid():
        with suppress(OSError):  # a full disk: they stay if this stage is killed
            _run.mark.writelines(f"{path}\n" for path in paths)
            _run.mark.flush()


def _delete_recorded(mark: IO[str]) -> None:
    """Delete the temporary files that a killed stage has recorded, and the record."""
    mark.seek(0)
    temporaries.delete(mark.read(LONGEST_RECORD).splitlines())
    mark.truncate(0)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise StopSignalError on a signal inside the context; a pending signal raises it at once."""
    _run.interruptible = True
    try:
        if _run.pending:
            number, _run.pending = _run.pending, 0
            _run.receive(number, None)
        yield
    finally:
        _run.interruptible = False


def end(succeeded: bool = False) -> list[str] | None:
    """End the stage: restore its missing outputs unless it succeeded, and remove its mark.

    Returns:
        Sentences about what was restored; None if another thread is ending the stage already.
    """
    if _run.process != os.getpid() or not _run.ending.acquire(blocking=False):
        return None
    try:
        return [] if succeeded else _restored(_run.name)
    finally:
        if _run.mark is not None:
            (FOLDER / _run.name).unlink(missing_ok=True)
            _run.mark.close()


def restore_killed() -> list[str]:
    """Restore the outputs of stages that were killed in this workspace.

    Returns:
        Sentences about what was restored.
    """
    if os.name != "posix" or not FOLDER.is_dir():
        return []
    messages: list[str] = []
    for path in sorted(FOLDER.iterdir()):
        try:
            held = _locked(path)
        except OSError:
            continue
        if held is None:
            continue  # the stage is running
        with held:
            _delete_recorded(held)
            messages += [f"{path.name} was killed; {sentence}" for sentence in _restored(path.name)]
            path.unlink(missing_ok=True)
    return messages


def _restored(name: str) -> list[str]:
    from pipeline.workflow.outputs import restore  # it reads YAML: not before the handlers are set

    try:
        found = restore(name)
    except OSError as error:
        return [f"its last outputs cannot be restored ({message_of(error)}); `dvc repro` writes them again"]
    messages = []
    if found.outputs:
        messages.append(f"its last outputs were restored: {', '.join(found.outputs)}")
    if found.damaged:
        messages.append(f"damaged in DVC's cache, `dvc repro` writes it again: {', '.join(found.damaged)}")
    return messages


def _at_exit() -> None:
    """Restore the outputs of a stage that ended before ``run``: an import failed, or a signal came."""
    if _run.process == os.getpid():
        for sentence in end() or []:
            print(safe(f"{_run.name}: {sentence}"), file=sys.stderr, flush=True)


def _locked(path: Path) -> IO[str] | None:
    """The file, open and locked for this process; None if another process has the lock."""
    while True:
        file = path.open("a+", encoding="utf-8", errors="replace")
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:  # deleted between the two calls
            pass
        except BlockingIOError:
            file.close()
            return None
        file.close()
