"""``benchmark``: this project's figures compared with published ones."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.usage import examples

Sections = Annotated[list[str] | None, typer.Argument(metavar="[SECTION]...", help="default: all sections")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON list, one row per figure")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("benchmark", epilog=examples("benchmark pitch", "benchmark --json"))(benchmark)


def benchmark(sections: Sections = None, as_json: AsJson = False) -> None:
    """Compare this project's figures with published ones.

    Figures are ranked only against those of the same unit and protocol; for what is not
    measured, the command that measures it is printed. Runs nothing: figures are those that
    dvc repro, cross-validate and tests/benchmarks left in data/.
    """
    import json
    from pathlib import Path

    from pipeline.tools.benchmark.rows import SECTIONS
    from pipeline.tools.benchmark.table import all_comparisons, as_rows, as_text

    comparisons = all_comparisons(Path(), sections or SECTIONS)
    if as_json:
        print(json.dumps(as_rows(comparisons), indent=2, ensure_ascii=False))
    else:
        print(as_text(comparisons))
