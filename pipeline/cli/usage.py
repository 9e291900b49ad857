"""How help texts look."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.core.text import broken

INSTALLED = "entchen"
PROGRAM = INSTALLED if Path(sys.argv[0]).stem == INSTALLED else "python -m pipeline"
WIDTH = 80


def examples(*lines: str) -> str:
    """The end of a help text: commands, one per line, as they are typed here."""
    body = "\n".join(f"  {shown}" for line in lines for shown in broken(f"{PROGRAM} {line}", WIDTH - 4))
    return f"\b\n{'Example' if len(lines) == 1 else 'Examples'}:\n{body}"
