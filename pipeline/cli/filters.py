"""``filter-report`` and ``books``: pieces kept and rejected, before a run and after it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.usage import WIDTH, examples
from pipeline.core.text import counted

if TYPE_CHECKING:
    from pipeline.tools.inspection.filter_report import DryCount

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="a name under `datasets` in params.yaml")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("filter-report", epilog=examples("filter-report melodies"))(filter_report)
    app.command("books", epilog=examples("books melodies"))(books)


def filter_report(dataset: Dataset) -> None:
    """Count what each filter, and all together, would reject.

    A dry run of the filters in params.yaml on a data set's grids. Writes nothing.
    """
    from pipeline.core.schemas import GRIDS
    from pipeline.core.settings import read_section
    from pipeline.core.tables import read_table
    from pipeline.datasets.filters import FilterSettings
    from pipeline.tools.inspection.filter_report import dry_count
    from pipeline.workflow.progress import show

    settings = read_section(FilterSettings, "datasets", dataset, "filter")
    count = dry_count(read_table(Path(f"data/grids/{dataset}.parquet"), GRIDS), settings)
    show(("parameter", "limit", "rule", "rejected alone", "only by it", "kept"), _rows(count), stderr=False)
    kept = count.incoming - count.rejected
    print(f"{kept:,} of {counted(count.incoming, 'grid')} of {dataset} would be kept.")


def books(dataset: Dataset) -> None:
    """Check that no piece of a data set was lost."""
    from pipeline.tools.inspection.ledger import balance_all, read_ledger

    sentence = f"{dataset}: {balance_all(read_ledger(dataset))}"
    print(textwrap.fill(sentence, WIDTH, break_on_hyphens=False))


def _rows(count: DryCount) -> Iterator[tuple[str, ...]]:
    for rule in count.rules:
        numbers = (rule.alone, rule.only, count.incoming - rule.alone)
        yield rule.parameter, _text(rule.limit), rule.rule, *map(str, numbers)
    yield "all together", "", "", str(count.rejected), "", str(count.incoming - count.rejected)


def _text(limit: object) -> str:
    return ", ".join(map(str, limit)) if isinstance(limit, list) else str(limit)
