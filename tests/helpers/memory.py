"""Peak memory of a process and its descendants, from Linux's /proc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def family(process: int) -> Iterator[int]:
    """A process and its descendants."""
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = status.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(status.parent.name))
    waiting = [process]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += parents.get(found, [])


def peaks(process: int) -> dict[int, int]:
    """The most resident memory of a process and of its descendants, in KiB."""
    found = {member: _kibibytes(member, "status", "VmHWM") for member in family(process)}
    return {member: peak for member, peak in found.items() if peak}


def proportional(processes: list[int]) -> int:
    """The memory of processes at this moment in KiB; what several share is counted once."""
    return sum(_kibibytes(process, "smaps_rollup", "Pss") for process in processes)


def command_line(process: int) -> list[str]:
    """The command of a process; empty if it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    return []


def _kibibytes(process: int, file: str, field: str) -> int:
    with suppress(OSError):
        found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{process}/{file}").read_text())
        return int(found[1]) if found else 0
    return 0
