"""``filter-report`` and ``books``: what is kept and what is rejected, before a run and after it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.core.settings import read_section
from pipeline.core.tables import GRIDS, read_table
from pipeline.datasets.filters import FilterSettings
from pipeline.tools.inspection.filter_report import DryCount, dry_count
from pipeline.tools.inspection.ledger import balance_all, read_ledger
from pipeline.workflow.progress import show


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    report = commands.add_parser(
        "filter-report",
        help="count what each filter, and all together, would reject",
        description="Count what the filters in params.yaml, as they stand now, would reject of a data set's "
        "grids. Nothing is written.",
        epilog="example: python -m pipeline filter-report melodies",
    )
    report.add_argument("dataset", metavar="DATASET", help="a name under `datasets` in params.yaml")
    report.set_defaults(command=_filter_report)
    books = commands.add_parser(
        "books",
        help="hold the books of all stages of a data set against each other",
        epilog="example: python -m pipeline books melodies",
    )
    books.add_argument("dataset", metavar="DATASET", help="a name under `datasets` in params.yaml")
    books.set_defaults(command=_books)


def _books(asked: argparse.Namespace) -> None:
    print(f"{asked.dataset}: {balance_all(read_ledger(asked.dataset))}")


def _filter_report(asked: argparse.Namespace) -> None:
    settings = read_section(FilterSettings, "datasets", asked.dataset, "filter")
    count = dry_count(read_table(Path(f"data/grids/{asked.dataset}.parquet"), GRIDS), settings)
    show(("parameter", "limit", "rule", "rejected alone", "only by it", "kept"), _rows(count), stderr=False)
    kept = count.incoming - count.rejected
    print(f"{kept} of {count.incoming} grids of {asked.dataset} would be kept.")


def _rows(count: DryCount) -> Iterator[tuple[str, ...]]:
    for rule in count.rules:
        numbers = (rule.alone, rule.only, count.incoming - rule.alone)
        yield rule.parameter, _text(rule.limit), rule.rule, *map(str, numbers)
    yield "all together", "", "", str(count.rejected), "", str(count.incoming - count.rejected)


def _text(limit: object) -> str:
    return ", ".join(map(str, limit)) if isinstance(limit, list) else str(limit)
