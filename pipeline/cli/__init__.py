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
    schema,
    scores,
    summary,
)
from pipeline.errors import PipelineError
from pipeline.workflow.interruption import INTERRUPTED, restore_killed
from pipeline.workflow.progress import safe_output, say
from pipeline.workflow.runner import refusal


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a user's mistake is one message and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in GROUPS:
        group.add_commands(commands)
    chosen = parser.parse_args(arguments)
    try:
        for sentence in restore_killed():
            say(sentence)
        with safe_output():
            chosen.command(chosen)
        sys.stdout.flush()
    except PipelineError as error:
        say(f"{error}")
        raise SystemExit(1) from None
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except (OSError, MemoryError, RuntimeError) as error:  # a full disk, a folder in place of a file
        refused = refusal(error)
        if refused is None:
            raise
        say(refused)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        say("interrupted")
        raise SystemExit(INTERRUPTED) from None


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
    schema,
)
