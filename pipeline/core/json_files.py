"""Reading the JSON files that another stage wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.core.tables import readable


def read_object(path: Path, *names: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        names: keys that it must have.

    Raises:
        TableError: the file is missing, is not JSON, or is not an object with these keys.
    """
    with readable(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"an object is expected, found a {type(content).__name__}")
        for name in names:
            if name not in content:
                raise ValueError(f"'{name}' is missing")
        return content
