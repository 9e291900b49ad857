"""The comparisons as text and as rows for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.core.text import broken
from pipeline.errors import nearest
from pipeline.tools.benchmark.experiments import experiment_comparisons
from pipeline.tools.benchmark.published import BenchmarkError, published_comparisons
from pipeline.tools.benchmark.rows import DECIMALS, SECTIONS, Comparison, Row

NOT_MEASURED = "not measured"
WIDTH = 80  # of a line of text


def all_comparisons(root: Path, sections: Sequence[str] = SECTIONS) -> list[Comparison]:
    """All comparisons of some sections, in the order of SECTIONS.

    Args:
        root: folder of the repository.

    Raises:
        BenchmarkError: no such section, or a file of results that cannot be read.
    """
    for section in sections:
        if section not in SECTIONS:
            raise BenchmarkError(f"there is no section '{section}'; {nearest(section, SECTIONS)}")
    found = [*published_comparisons(root), *experiment_comparisons(root)]
    order = [section for section in SECTIONS if section in sections]
    return [comparison for section in order for comparison in found if comparison.section == section]


def as_rows(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Every figure with its unit and protocol; ``figure`` is null if it was not measured."""
    return [
        {
            "section": comparison.section,
            "title": comparison.title,
            "unit": comparison.unit,
            "better": comparison.better,
            **comparison.protocol.model_dump(),
            "rank": rank,
            **asdict(row),
        }
        for comparison in comparisons
        for rank, row in comparison.ranked()
    ]


def as_text(comparisons: Sequence[Comparison]) -> str:
    """One block per comparison: the protocol, then the figures, best first; the sources at the end."""
    lines = [line for comparison in comparisons for line in _block(comparison)]
    rows = [row for comparison in comparisons for row in comparison.rows]
    cited = {row.source: row.citation for row in rows if row.citation}
    sources = [line for source, text in cited.items() for line in _wrapped(f"{source}: {text}", "")]
    return "\n".join([*lines, *sources])


def _block(comparison: Comparison) -> Iterator[str]:
    protocol = comparison.protocol
    yield from _wrapped(comparison.title, "")
    yield from _wrapped(
        f"{comparison.unit}, {comparison.better} is better; {protocol.data}; {protocol.measured};", "  "
    )
    yield from _wrapped(f"grid: {protocol.grid}; split: {protocol.split}; key: {protocol.key}", "  ")
    ranked = comparison.ranked()
    figures = [_figure(row) for _, row in ranked]
    column = max(map(len, figures), default=0)
    for (rank, row), figure in zip(ranked, figures, strict=True):
        place = "" if row.figure is None else str(rank or "-")
        head = f"{place:>4}  {figure:>{column}}"
        first, *more = textwrap.wrap(row.name, WIDTH - len(head) - 2)
        yield f"{head}  {first}"
        yield from (f"{'':{len(head)}}  {line}" for line in more)
        for detail in _details(row):
            yield from _wrapped(detail, " " * 10)
        if row.figure is None:
            yield f"{'':10}{NOT_MEASURED}:"
            yield from (f"{'':10}{line}" for line in broken(row.command, WIDTH - 10))
    yield ""


def _figure(row: Row) -> str:
    if row.figure is None:
        return ""
    spread = (
        f" [{row.low:.{DECIMALS}f}, {row.high:.{DECIMALS}f}]"
        if row.low is not None and row.high is not None
        else ""
    )
    return f"{row.figure:.{DECIMALS}f}{spread}"


def _details(row: Row) -> Iterator[str]:
    """The source and seeds of a figure, and why it is unranked."""
    if row.figure is None:
        return
    yield f"{'ours, ' if row.whose == 'ours' else ''}{row.source}; seeds: {row.seeds}"
    if row.unranked:
        yield f"unranked: {row.unranked}"


def _wrapped(text: str, indent: str) -> list[str]:
    """Lines of whole words."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
