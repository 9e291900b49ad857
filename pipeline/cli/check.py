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
    from pathlib import Path

    from pipeline.core.settings import PARAMS_FILE, load_yaml
    from pipeline.corpora.sources.settings import FolderSource
    from pipeline.corpora.sources.walk import blocking
    from pipeline.parameters import check_parameters
    from pipeline.workflow.progress import say

    params = check_parameters(load_yaml())
    for name, corpus in params.corpora.items():
        if isinstance(corpus.source, FolderSource):
            for entry in blocking(Path(corpus.source.path)):
                say(f"corpora.{name}: DVC cannot track {entry}; remove it, or name it in .dvcignore")
    counts = (len(params.corpora), len(params.datasets), len(params.experiments))
    say(f"{PARAMS_FILE} is valid: corpora {counts[0]}, data sets {counts[1]}, experiments {counts[2]}")
