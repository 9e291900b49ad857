"""``encode`` and ``decode``: single files, outside DVC."""

from __future__ import annotations

from typing import Any


def add_commands(commands: Any) -> None:
    """Add the commands to the parser's."""
