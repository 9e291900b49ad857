"""The N-th write, fsync, rename, read or spawn of a stage fails, or the stage is killed there.

strace makes it happen: it counts the system calls of every thread and lets the
N-th fail, or delivers SIGKILL there. A first run only counts, and names the calls
that touch the workspace; then each of them is hit in a run of its own. A stage that
exits with status 0 must have written the right bytes, and so must the next run
without a fault.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from tests.helpers.project import Project

ERRORS = {  # a system call, and the error that it is made to end with
    "write": "ENOSPC",
    "pwrite64": "ENOSPC",
    "writev": "ENOSPC",
    "ftruncate": "ENOSPC",
    "fsync": "EIO",
    "fdatasync": "EIO",
    "rename": "EACCES",
    "renameat2": "EACCES",
    "mkdir": "EROFS",
    "rmdir": "EACCES",
    "unlink": "EACCES",
    "unlinkat": "EACCES",
    "openat": "EMFILE",
    "read": "EIO",
    "pread64": "EIO",
    "clone": "EAGAIN",
    "clone3": "EAGAIN",
    "vfork": "EAGAIN",
}
SPAWNS = ("clone", "clone3", "vfork")
LEAVES_NO_TRACE = ("read", "pread64", "openat")  # killed there, a stage leaves what it left before
HERE = "\0"  # placeholder of the workspace in a line of a trace
OURS = re.compile(
    f'["{HERE}](?:data|[.]cache|scores|params[.]yaml|versions[.]yaml|dvc[.]yaml|dvc[.]lock)[/">.]'
)
CALL = re.compile(r"^(\d+) +(\w+)\(")
KILLED = -9
SECONDS_AT_MOST = 120
LOADER = "error while loading shared libraries: "
HUNG = "\nit hung, and was killed"
STRACE = ("strace", "-f")
QUICK = "--seccomp-bpf"  # stops at the traced calls alone; but then no signal is delivered


@dataclass(frozen=True)
class Fault:
    """One system call of a stage, and what happens to it.

    Attributes:
        call: its name.
        number: the how many-th of its name in its thread, from 1.
        what: ``kill``, or the name of an error.
    """

    call: str
    number: int
    what: str

    def option(self) -> str:
        """As an option of strace."""
        effect = "signal=SIGKILL" if self.what == "kill" else f"error={self.what}"
        return f"inject={self.call}:{effect}:when={self.number}"


@dataclass
class Outcome:
    """What a fault did.

    Attributes:
        hit: whether the call came at all; numbers may differ a little between runs.
        status: exit status of the stage.
        output: of the process, on stderr.
        wrong: what must not be, in words.
    """

    fault: Fault
    hit: bool
    status: int
    output: str
    wrong: list[str] = field(default_factory=list)


def strace_works() -> bool:
    """Whether strace is here and may trace."""
    return (
        shutil.which("strace") is not None
        and not subprocess.run(
            [*STRACE, QUICK, "-e", "trace=fsync", "-o", os.devnull, "true"],
            capture_output=True,
        ).returncode
    )


class Victim:
    """One stage of a project that has run, to be hit again and again.

    Args:
        project: everything of it is up to date; this object alone changes it from now on.
        stage: as dvc.lock names it, ``encode@tunes``.
        fresh: below the root; removed before each run, so that the stage really does its work.
    """

    def __init__(self, project: Project, stage: str, fresh: Sequence[str] = ()) -> None:
        lock = YAML(typ="safe").load((project.root / "dvc.lock").read_text(encoding="utf-8"))
        name, _, key = stage.partition("@")
        self.command = ["-m", f"stages.{name}", *([key] if key else [])]
        self._see(project, stage, fresh, [Path(out["path"]) for out in lock["stages"][stage]["outs"]])

    def _see(self, project: Project, stage: str, fresh: Sequence[str], outs: list[Path]) -> None:
        self.root = project.root
        self.stage = stage
        self.fresh = fresh
        self.outs = outs
        self._after: dict[str, list[str]] = {}
        self.right = {out: contents(self.root / out) for out in self.outs}

    def faults(self) -> list[Fault]:
        """Every fault that a run can meet, found by counting."""
        log = self.root / "trace.log"
        self.clear()
        done = self._run([*STRACE, QUICK, "-y", "-o", str(log), "-e", f"trace={','.join(ERRORS)}"])
        assert done.returncode == 0, done.stderr
        found = sorted(set(touched(log.read_text(encoding="utf-8", errors="replace"), self.root)))
        log.unlink()
        return [
            Fault(call, number, what)
            for call, number in found
            for what in (ERRORS[call], "kill")
            if what != "kill" or call not in LEAVES_NO_TRACE
        ]

    def hit(self, fault: Fault) -> Outcome:
        """Run with a fault, look, run without, look again."""
        self.clear()
        log = self.root / "trace.log"
        how = [] if fault.what == "kill" else [QUICK]
        done = self._run([*STRACE, *how, "-o", str(log), "-e", f"trace={fault.call}", "-e", fault.option()])
        output = log.read_text(encoding="utf-8", errors="replace")
        log.unlink()
        outcome = Outcome(fault, "(INJECTED)" in output or "SIGKILL" in output, done.returncode, done.stderr)
        if done.returncode == 0:
            outcome.wrong += [f"{out}: other bytes, and no message" for out in self._other()]
        elif done.stderr.endswith(HUNG):
            outcome.wrong.append("it hangs")
        elif done.returncode != KILLED and not self.reports(done.stderr):
            outcome.wrong.append("no message of the stage")
        outcome.wrong += self.next_run()
        return outcome

    def reports(self, output: str) -> bool:
        """Whether the failed stage, or Python's loader before it ran, printed the error."""
        return f"{self.stage}: " in output or LOADER in output

    def next_run(self) -> list[str]:
        """What is wrong with the next run, as DVC starts it: what is left decides it, so it is seen once."""
        self.prepare_next()
        left = self._left()
        if left not in self._after:
            again = self._run([])
            wrong = [f"the next run fails: {again.stderr}"] if again.returncode else []
            self._after[left] = wrong + [f"{out}: other bytes after the next run" for out in self._other()]
        self._put_back()
        return self._after[left]

    def _put_back(self) -> None:
        for out, files in self.right.items():
            for name, content in (files or {}).items():
                target = self.root / out / name if name else self.root / out
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)

    def _left(self) -> str:
        """Digest of everything that a stage may have left."""
        found = hashlib.sha256()
        for folder in ("data", ".cache"):
            for name, content in (contents(self.root / folder) or {}).items():
                found.update(f"{folder}/{name} {len(content)} ".encode() + content)
        return found.hexdigest()

    def clear(self) -> None:
        """Delete the outputs, as DVC does, and what makes the stage skip its work."""
        self._remove_outs()
        for name in self.fresh:
            _remove(self.root / name)

    def prepare_next(self) -> None:
        """Delete the outputs before the next run, as DVC does."""
        self._remove_outs()

    def end(self) -> None:
        """Clean up after the last fault."""

    def _remove_outs(self) -> None:
        for out in self.outs:
            _remove(self.root / out)

    def _other(self) -> Iterator[Path]:
        return (out for out in self.outs if contents(self.root / out) != self.right[out])

    def _run(self, prefix: Sequence[str]) -> subprocess.CompletedProcess[str]:
        command = [*prefix, sys.executable, "-B", *self.command]
        process = subprocess.Popen(
            command,
            cwd=self.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output = process.communicate(timeout=SECONDS_AT_MOST)[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate()[1] + HUNG
        return subprocess.CompletedProcess(command, process.returncode, "", output)


class CrossValidation(Victim):
    """The command ``cross-validate`` of an experiment; unlike DVC, it keeps what an earlier run wrote."""

    def __init__(self, project: Project, experiment: str, *options: str) -> None:
        self.command = ["-m", "pipeline", "cross-validate", "--experiment", experiment, *options]
        outs = [Path("data/crossvalidation", experiment)]
        self._see(project, f"cross-validate {experiment}", [".cache/crossvalidation"], outs)
        done = self._run([])
        assert done.returncode == 0, done.stderr
        self.right = {out: contents(self.root / out) for out in outs}

    def reports(self, output: str) -> bool:
        """Whether the command printed anything but a traceback."""
        return bool(output.strip())

    def prepare_next(self) -> None:
        """Keep everything."""

    def end(self) -> None:
        """Remove the results: they are an input of the report."""
        self._remove_outs()


def touched(log: str, root: Path) -> Iterator[tuple[str, int]]:
    """Name and number of each call of a trace that touches the workspace, or starts a process."""
    counts: dict[tuple[str, str], int] = {}
    for line in log.splitlines():
        begun = CALL.match(line)
        if begun is None or "resumed>" in line:
            continue
        thread, call = begun.groups()
        counts[thread, call] = counts.get((thread, call), 0) + 1
        if call in SPAWNS or OURS.search(line.replace(f"{root}/", HERE)):
            yield call, counts[thread, call]


def contents(path: Path) -> dict[str, bytes] | None:
    """The files of a folder, or the file, by their names; None where nothing is."""
    if path.is_file():
        return {"": path.read_bytes()}
    if not path.is_dir():
        return None
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name != ".gitignore")
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
