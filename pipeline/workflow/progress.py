"""Progress of long tasks: a bar on a terminal, occasional plain lines elsewhere.

Rich takes a quarter of a second to import, so a command imports it with its first table or bar.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from pipeline.core.text import counted, safe, safe_line

if TYPE_CHECKING:
    from rich.console import Console

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0
SECONDS_TOLD = 200.0  # longer times are shown in minutes
MB = 1e6
PLAIN_WIDTH = 80  # of a table if neither a terminal nor COLUMNS sets it


def say(text: str) -> None:
    """Print one message to stderr, unbuffered; control characters are escaped."""
    print(safe(text), file=sys.stderr, flush=True)


class _SafeOutput:
    """A text stream that escapes control characters."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write text; return the number of characters given."""
        self.stream.write(safe(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def safe_output() -> Iterator[None]:
    """Escape control characters in everything printed inside the context."""
    before = sys.stdout
    safe_stream: Any = _SafeOutput(before)
    with redirect_stdout(safe_stream):
        yield


def show(columns: Sequence[str], rows: Iterable[Sequence[str]], stderr: bool = True) -> None:
    """Print a table; columns of numbers are aligned right, all others left.

    Args:
        stderr: print to stderr; False: to stdout.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stream = sys.stderr if stderr else sys.stdout
    file = stream.stream if isinstance(stream, _SafeOutput) else stream  # the table's own colours pass
    console = Console(file=file)
    if not console.is_terminal:
        width = shutil.get_terminal_size((PLAIN_WIDTH, 0)).columns
        console = Console(file=file, width=width)
    rows = [[safe_line(cell) for cell in row] for row in rows]
    table = Table(box=None, header_style="bold")
    for number, column in enumerate(columns):
        words = any(not _is_number(row[number]) for row in rows)
        table.add_column(column, justify="left" if words else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        print(line.rstrip(), file=file, flush=True)


def _is_number(text: str) -> bool:
    return not text.strip("0123456789,.-e+")


def time_left(seconds: float, done: int, total: int) -> str:
    """Estimated remaining time at the average speed so far.

    >>> time_left(30.0, done=1, total=3), time_left(30.0, done=1, total=11)
    ('about 60 s left', 'about 5 min left')
    """
    left = seconds / done * (total - done)
    return f"about {left:.0f} s left" if left < SECONDS_TOLD else f"about {left / 60:.0f} min left"


def track(items: Iterable[Item], what: str, total: int, unit: str = "") -> Iterator[Item]:
    """Yield items and show the progress, with the time left.

    Args:
        items: what the caller loops over.
        what: a short description, for example "reading essen".
        total: number of items.
        unit: what an item is, for example "pieces".
    """
    console = _stderr_terminal()
    if console is not None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn(what),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            yield from progress.track(items, total=total)
    else:
        yield from _with_lines(items, what, total, unit)


def _stderr_terminal() -> Console | None:
    """The terminal that stderr is connected to; None for a file or a pipe."""
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_terminal else None


def _with_lines(items: Iterable[Item], what: str, total: int, unit: str) -> Iterator[Item]:
    began = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES and done < total:
            say(f"{what}: {done} of {total} {unit}, {time_left(now - began, done, total)}")
            last = now


@contextmanager
def track_transfer(what: str, n_files: int, n_bytes: int) -> Iterator[Callable[[int, int], None]]:
    """Show how many files and bytes of a transfer have arrived, with the time left.

    Args:
        what: a short description, for example "downloading pop909".
        n_files, n_bytes: size of the whole transfer.

    Yields:
        A function of the files and bytes that have just arrived; any thread may call it.
    """
    console = _stderr_terminal()
    if console is None:
        yield _Transfer(what, n_files, n_bytes)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        TextColumn(f"{{task.fields[files]}} of {counted(n_files, 'file')}"),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    arrived, lock = [0], threading.Lock()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=n_bytes, files=0)

        def advance(files: int, size: int) -> None:
            with lock:
                arrived[0] += files
                progress.update(task, advance=size, files=arrived[0])

        yield advance


class _Transfer:
    """Progress of a transfer as plain lines."""

    def __init__(self, what: str, n_files: int, n_bytes: int) -> None:
        self._what, self._totals = what, (n_files, n_bytes)
        self._files = self._bytes = 0
        self._began = self._last = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, files: int, size: int) -> None:
        with self._lock:
            self._files += files
            self._bytes += size
            now = time.monotonic()
            if now - self._last >= SECONDS_BETWEEN_LINES and 0 < self._bytes < self._totals[1]:
                self._last = now
                say(self._line(now - self._began))

    def _line(self, seconds: float) -> str:
        n_files, n_bytes = self._totals
        return (
            f"{self._what}: {self._files:,} of {counted(n_files, 'file')}, {self._bytes / MB:,.1f} of "
            f"{n_bytes / MB:,.1f} MB, {time_left(seconds, self._bytes, n_bytes)}"
        )
