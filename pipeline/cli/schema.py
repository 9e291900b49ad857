"""``schema``: params.yaml for editors."""

from __future__ import annotations

import argparse
import json
from typing import Any

from pipeline.tools.schema import schema


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "schema",
        help="print the JSON Schema of params.yaml, for editors",
        epilog="example: python -m pipeline schema > pipeline/params.schema.json",
    )
    parser.set_defaults(command=_print)


def _print(asked: argparse.Namespace) -> None:  # noqa: ARG001
    print(json.dumps(schema(), indent=1, ensure_ascii=False))
