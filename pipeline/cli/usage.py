"""How help texts look."""

from __future__ import annotations

import sys
from pathlib import Path

INSTALLED = "entchen"
PROGRAM = INSTALLED if Path(sys.argv[0]).stem == INSTALLED else "python -m pipeline"
WIDTH = 80


def examples(*lines: str) -> str:
    """The end of a help text: commands, one per line, as they are typed here."""
    body = "\n".join(f"  {shown}" for line in lines for shown in broken(f"{PROGRAM} {line}", WIDTH - 4))
    return f"\b\n{'Example' if len(lines) == 1 else 'Examples'}:\n{body}"


def broken(command: str, width: int = WIDTH) -> list[str]:
    r"""A command on lines of a width, broken before options, as a shell reads them.

    >>> broken("entchen generate --prompt tune.abc --out tune.mid", 40)
    ['entchen generate --prompt tune.abc \\', '    --out tune.mid']
    """
    lines, rest = [], command
    while len(rest) > width and (place := rest.rfind(" --", 0, width - 2)) > 0 and rest[:place].strip():
        lines.append(f"{rest[:place]} \\")
        rest = f"    {rest[place + 1 :]}"
    return [*lines, rest]
