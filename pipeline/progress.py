"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0


def say(text: str) -> None:
    """One line for the person who watches, on stderr, at once."""
    print(text, file=sys.stderr, flush=True)


def track(items: Iterable[Item], what: str, total: int, unit: str = "") -> Iterator[Item]:
    """Pass items on and show how far the work is, with the time left.

    Args:
        items: what the caller loops over.
        what: a few words, for example "reading essen".
        total: how many items there will be.
        unit: what an item is, for example "pieces".
    """
    console = Console(stderr=True)
    if console.is_terminal:
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


def _with_lines(items: Iterable[Item], what: str, total: int, unit: str) -> Iterator[Item]:
    began = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES and done < total:
            left = (now - began) / done * (total - done)
            say(f"{what}: {done} of {total} {unit}, about {left:.0f} s left")
            last = now
