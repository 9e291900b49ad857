"""``check``: validate params.yaml without running anything."""

from __future__ import annotations

import typer

from pipeline.cli.usage import examples


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", epilog=examples("check"))(check)


def check() -> None:
    """Validate params.yaml without running anything.

    This is what the first stage does. `dvc repro` itself fails with another message where
    an entry lacks a key, because it reads the file before any stage runs.
    """
    from pipeline.core.settings import PARAMS_FILE, load_yaml
    from pipeline.parameters import check_parameters
    from pipeline.workflow.progress import say

    params = check_parameters(load_yaml())
    counts = (len(params.corpora), len(params.datasets), len(params.experiments))
    say(f"{PARAMS_FILE} is valid: corpora {counts[0]}, data sets {counts[1]}, experiments {counts[2]}")
