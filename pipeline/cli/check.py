"""``check``: validate params.yaml without running anything."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.core.settings import PARAMS_FILE, load_yaml
from pipeline.corpora.sources.settings import FolderSource
from pipeline.corpora.sources.walk import blocking
from pipeline.parameters import check_parameters
from pipeline.workflow.progress import say


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "check",
        help="validate params.yaml without running anything",
        description="Validate the whole of params.yaml, as the first stage does. `dvc repro` reads the file "
        "before any stage runs and fails with a message of its own where an entry lacks a key.",
        epilog="example: python -m pipeline check",
    )
    parser.set_defaults(command=_check)


def _check(asked: argparse.Namespace) -> None:  # noqa: ARG001
    params = check_parameters(load_yaml())
    for name, corpus in params.corpora.items():
        if isinstance(corpus.source, FolderSource):
            for entry in blocking(Path(corpus.source.path)):
                say(f"corpora.{name}: DVC cannot track {entry}; remove it, or name it in .dvcignore")
    counts = (len(params.corpora), len(params.datasets), len(params.experiments))
    say(f"{PARAMS_FILE} is valid: corpora {counts[0]}, data sets {counts[1]}, experiments {counts[2]}")
