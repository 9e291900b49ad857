"""``python -m pipeline COMMAND``: what can be asked outside of ``dvc repro``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from pipeline.cli import (
    benchmark,
    check,
    corpora,
    crossvalidate,
    explain,
    filters,
    generate,
    harmonize,
    pieces,
    report,
    schema,
    scores,
    summary,
)
from pipeline.errors import PipelineError
from pipeline.workflow.progress import say


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a user's mistake is one message and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in GROUPS:
        group.add_commands(commands)
    chosen = parser.parse_args(arguments)
    try:
        chosen.command(chosen)
        sys.stdout.flush()
    except PipelineError as error:
        say(f"{error}")
        raise SystemExit(1) from None
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


GROUPS = (
    check,
    corpora,
    filters,
    summary,
    explain,
    pieces,
    scores,
    generate,
    harmonize,
    crossvalidate,
    benchmark,
    report,
    schema,
)
