"""Reading the files of other stages; each error names the file and a remedy.

Every function raises :class:`pipeline.core.tables.TableError` for a file that is missing or damaged.
"""

from __future__ import annotations

import base64
import csv
from pathlib import Path

from pipeline.core.tables import readable


def read_text(path: Path) -> str:
    """A text file."""
    with readable(path):
        return path.read_text(encoding="utf-8")


def read_base64(path: Path) -> str:
    """The bytes of a file in base 64."""
    with readable(path):
        return base64.b64encode(path.read_bytes()).decode("ascii")


def read_numbers(path: Path) -> dict[str, list[float]]:
    """The columns of a CSV file of numbers with at least one row."""
    with readable(path), path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
        if not rows:
            raise ValueError("it has no rows")
        return {name: [float(row[name]) for row in rows] for name in rows[0]}
