"""What every stage does around its own work.

A stage module holds one function, ``run(name)`` or ``run()``, and hands it to
:func:`stage_main`. (First version: more is added here; stages keep this call.)
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from pipeline.errors import PipelineError
from pipeline.progress import say


def stage_main(stage: str, run: Callable[..., None]) -> None:
    """Run a stage: its name and arguments come from the command line."""
    try:
        run(*sys.argv[1:])
    except PipelineError as error:
        say(f"{stage}: {error}")
        raise SystemExit(1) from None
