"""Reading the JSON files that another stage wrote.

Every function raises :class:`pipeline.core.tables.TableError` for a file that is missing, is not JSON or has
other content.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.core.tables import readable


def read_object(path: Path, *names: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        names: keys that it must have.
    """
    with readable(path):
        content: dict[str, Any] = _read(path, dict, "an object")
        for name in names:
            if name not in content:
                raise ValueError(f"'{name}' is missing")
        return content


def read_list(path: Path) -> list[Any]:
    """Read a JSON list."""
    with readable(path):
        content: list[Any] = _read(path, list, "a list")
        return content


def _read(path: Path, kind: type, expected: str) -> Any:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, kind):
        raise ValueError(f"{expected} is expected, found a {type(content).__name__}")
    return content
