"""Entchen: turn scores into tokens, train models, and inspect the results."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

import pipeline
from pipeline.cli import (
    add,
    benchmark,
    check,
    columns,
    corpora,
    crossvalidate,
    explain,
    export,
    filters,
    generate,
    harmonize,
    pieces,
    report,
    schema,
    scores,
    steps,
    summary,
)
from pipeline.cli.usage import INSTALLED, PROGRAM, WIDTH
from pipeline.errors import PipelineError, missing_extra
from pipeline.workflow.dvctmp import repair_rwlock
from pipeline.workflow.interruption import INTERRUPTED, restore_killed
from pipeline.workflow.progress import safe_output, say

GROUPS = (
    check,
    add,
    corpora,
    filters,
    summary,
    explain,
    pieces,
    scores,
    generate,
    harmonize,
    report,
    export,
    columns,
    crossvalidate,
    benchmark,
    schema,
    steps,
)
TAKE_SEVERAL = ("--given", "--seeds")  # options followed by one or more numbers


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"{INSTALLED} {pipeline.__version__}")
        raise typer.Exit()


Version = Annotated[
    bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a user's mistake is one message and exit status 1, wrong usage is status 2."""
    words = list(_repeated(sys.argv[1:] if arguments is None else arguments))
    command = typer.main.get_command(application())
    try:
        for sentence in [*restore_killed(), *repair_rwlock()]:
            say(sentence)
        with safe_output():
            status = command.main(words, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except PipelineError as error:
        say(f"{error}")
        raise SystemExit(1) from None
    except ModuleNotFoundError as error:
        needed = missing_extra(error)
        if needed is None:
            raise
        say(needed)
        raise SystemExit(1) from None
    except typer.TyperException as error:
        say(_usage(error))
        raise SystemExit(error.exit_code) from None
    except BrokenPipeError:  # the reader (`| head`) has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except (OSError, MemoryError, RuntimeError) as error:  # a full disk, a folder in place of a file
        from pipeline.workflow.runner import refusal  # imports Arrow, which few commands need

        refused = refusal(error)
        if refused is None:
            raise
        say(refused)
        raise SystemExit(1) from None
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        raise SystemExit(INTERRUPTED) from None
    if status == INTERRUPTED:  # Typer turns KeyboardInterrupt into this status
        say("interrupted")
    if isinstance(status, int):
        raise SystemExit(status)


def application() -> typer.Typer:
    """The Typer application with all commands."""
    settings = {"help_option_names": ["-h", "--help"], "max_content_width": WIDTH}
    app = typer.Typer(
        rich_markup_mode=None, add_completion=PROGRAM == INSTALLED, context_settings=settings, help=__doc__
    )
    app.callback()(_options)
    for group in GROUPS:
        group.add_commands(app)
    return app


def _options(version: Version = False) -> None:
    """Options of the program itself; their callbacks do the work."""


def _usage(error: typer.TyperException) -> str:
    """The error message, after the usage line of its command."""
    context = getattr(error, "ctx", None)
    if context is None:
        return f"Error: {error.format_message()}"
    hint = f"Try '{context.command_path} --help' for help."
    return f"{context.get_usage()}\n{hint}\n\nError: {error.format_message()}"


def _repeated(arguments: Sequence[str]) -> Iterator[str]:
    """Write ``--given 0 3`` as ``--given 0 --given 3``, the form that Typer reads."""
    option, taken = "", 0
    for word in arguments:
        if option and word.isdecimal():
            yield from (option, word)
            taken += 1
            continue
        if option and not taken:
            yield option
        option, taken = (word, 0) if word in TAKE_SEVERAL else ("", 0)
        if not option:
            yield word
    if option and not taken:
        yield option
