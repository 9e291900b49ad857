"""What a killed stage leaves outside of the project: semaphores in ``/dev/shm``, temporary folders.

loky shares eight semaphores of 32 bytes with its workers and opens them by name in each new worker, so
they cannot be deleted while a stage runs. A process of loky deletes them when the stage is killed, unless
it is killed at the same time (SIGKILL to the process group, a container that ends). The temporary folders
of the workers and of multiprocessing stay when the stage alone is killed. A running stage therefore
records their names, with eight random letters each; the next command deletes these and no others.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

SEMAPHORES = Path("/dev/shm")
PREFIX = "entchen-"  # of the temporary folder of workers
SEMAPHORE = re.compile(r"sem\.loky-[0-9]+-[a-z0-9_]{8}")
TEMPORARY = re.compile(r"(entchen|pymp)-[a-z0-9_]{8}")  # pymp: of multiprocessing
PRIVATE = 0o700  # the mode that tempfile gives to a folder


def semaphores() -> list[str]:
    """The semaphores that this process has created through loky; none where the system has no such folder."""
    return sorted(str(path) for path in SEMAPHORES.glob(f"sem.loky-{os.getpid()}-*"))


def delete(names: Iterable[str]) -> None:
    """Delete recorded semaphores and temporary folders of this user; other paths are ignored."""
    for path in map(Path, names):
        with suppress(OSError, ValueError):  # ValueError: a record with a null character
            found = path.lstat()
            if found.st_uid != os.getuid():
                continue
            is_folder = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == PRIVATE
            if is_folder and path.is_absolute() and TEMPORARY.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)
            elif stat.S_ISREG(found.st_mode) and path.parent == SEMAPHORES and SEMAPHORE.fullmatch(path.name):
                path.unlink()
