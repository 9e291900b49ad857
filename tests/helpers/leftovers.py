"""What a session of tests leaves behind: files in the folder for temporary files, and processes."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.util import Finalize, get_temp_dir
from pathlib import Path

import psutil

AFTER_MULTIPROCESSING = -200  # at the exit of this process; multiprocessing deletes its own folder with -100
SECONDS_TO_END = 10.0  # orphans notice the end of their parent within a second or so
OF_LIBRARIES = (
    "dvc",
    "music21",
    "dask-scratch-space",
    "torchinductor_*",
    "pymp-*",
)  # also of killed processes
PYTEST = "PYTEST_DEBUG_TEMPROOT"  # where pytest has its own folder, which keeps the last three sessions


class Session:
    """A folder of its own for all temporary files of the tests and of the processes that they start.

    Attributes:
        folder: TMPDIR of this process and of all that it starts; a short name: sockets contain it.
    """

    def __init__(self) -> None:
        os.environ.setdefault(PYTEST, tempfile.gettempdir())
        self.folder = Path(tempfile.mkdtemp(prefix="entchen-"))
        self.before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.folder)
        os.environ["DVC_SITE_CACHE_DIR"] = str(
            self.folder / "dvc"
        )  # else a folder in /var/tmp for each repository
        os.environ["DVC_NO_ANALYTICS"] = "1"  # else a report in a file, and a process that sends it

    def end(self) -> list[str]:
        """Delete the folder; a line for each process that is left, and each file that no library keeps."""
        deadline = time.monotonic() + SECONDS_TO_END
        while list(orphans(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.1)
        left = [f"process {process.pid}: {' '.join(process.cmdline())}" for process in orphans(self.folder)]
        known = (*OF_LIBRARIES, Path(get_temp_dir()).name)
        files = (path for path in sorted(self.folder.iterdir()) if not any(map(path.match, known)))
        left += [f"file {path}" for path in files]
        Finalize(None, shutil.rmtree, (self.folder, True), exitpriority=AFTER_MULTIPROCESSING)
        os.environ.pop("TMPDIR")
        if self.before is not None:
            os.environ["TMPDIR"] = self.before
        tempfile.tempdir = None
        return left


def orphans(folder: Path) -> Iterator[psutil.Process]:
    """Processes with this folder for temporary files that this process did not start, or lost."""
    ours = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            ended = process.status() == psutil.STATUS_ZOMBIE
            if not ended and process.pid not in ours and process.environ().get("TMPDIR") == str(folder):
                yield process
