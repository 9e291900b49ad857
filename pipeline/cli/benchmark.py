"""``benchmark``: our figures beside the published ones."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pipeline.tools.benchmark.rows import SECTIONS
from pipeline.tools.benchmark.table import all_comparisons, as_rows, as_text


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "benchmark",
        help="our figures beside the published ones",
        description="Print our figures beside the published ones. Figures are ranked only beside those "
        "of the same unit and protocol; what was not measured is told with the command that measures it. "
        "Nothing is run: figures are what dvc repro, cross-validate and tests/benchmarks left in data/.",
        epilog="examples: python -m pipeline benchmark pitch; python -m pipeline benchmark --json",
    )
    parser.add_argument(
        "sections", metavar="SECTION", nargs="*", help=f"some of {', '.join(SECTIONS)}; all unless told"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list, a row a figure")
    parser.set_defaults(command=_benchmark)


def _benchmark(asked: argparse.Namespace) -> None:
    comparisons = all_comparisons(Path(), asked.sections or SECTIONS)
    if asked.json:
        print(json.dumps(as_rows(comparisons), indent=2, ensure_ascii=False))
    else:
        print(as_text(comparisons))
