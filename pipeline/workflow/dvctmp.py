"""DVC's own lock file ``.dvc/tmp/rwlock``, damaged when DVC was killed while it wrote it.

DVC rewrites the file in place for every stage. After a kill at that moment half of it is left, and
every later ``dvc repro`` ends with "JSON structure is corrupted". The file only names processes that
read or write outputs now, so it can be deleted when no DVC runs in the workspace.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil

RWLOCK = Path(".dvc/tmp/rwlock")
GUARD = Path(".dvc/tmp/rwlock.lock")  # DVC holds a lock on it while it writes RWLOCK
PROGRAM = "dvc"

if os.name == "posix":
    import fcntl


def repair_rwlock() -> list[str]:
    """Delete a damaged lock file of DVC, unless a DVC process is running in this workspace.

    Returns:
        Sentences about what was done; empty if the file is absent or sound.
    """
    if os.name != "posix" or _is_sound():
        return []
    try:
        with GUARD.open("a+") as guard:
            fcntl.flock(guard.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            return [] if _is_sound() else _repair()
    except BlockingIOError:  # DVC is writing it at this moment
        return []
    except OSError as error:
        return [f"{RWLOCK} is damaged and cannot be deleted ({error.strerror}); delete it before `dvc repro`"]


def _repair() -> list[str]:
    running = _running()
    if running:
        numbers = ", ".join(map(str, running))
        return [f"{RWLOCK} is damaged, and DVC is running (PID {numbers}); end it and run this command again"]
    RWLOCK.unlink(missing_ok=True)
    return [f"{RWLOCK} was damaged, as if DVC had been killed while writing it; it was deleted"]


def _is_sound() -> bool:
    """Whether DVC can read the file: absent, or a JSON object of "read" and "write" tables."""
    try:
        content = json.loads(RWLOCK.read_bytes())
    except FileNotFoundError:
        return True
    except (ValueError, OSError, RecursionError):
        return False
    return isinstance(content, dict) and all(isinstance(table, dict) for table in content.values())


def _running() -> list[int]:
    """Process numbers of DVC in this workspace, below any of its folders."""
    here = Path.cwd().resolve()
    found = []
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        words = process.info["cmdline"] or []
        names = {process.info["name"], *(Path(word).name for word in words[:2])}
        if PROGRAM not in names and words[1:3] != ["-m", PROGRAM]:
            continue
        try:
            if Path(process.cwd()).is_relative_to(here):
                found.append(process.pid)
        except (psutil.Error, OSError):  # it has ended, or belongs to another user
            continue
    return sorted(found)
