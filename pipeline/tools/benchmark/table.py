"""The comparisons as text for people and as rows for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.errors import nearest
from pipeline.tools.benchmark.experiments import experiment_comparisons
from pipeline.tools.benchmark.published import BenchmarkError, published_comparisons
from pipeline.tools.benchmark.rows import DECIMALS, SECTIONS, Comparison, Row

NOT_MEASURED = "not measured"


def all_comparisons(root: Path, sections: Sequence[str] = SECTIONS) -> list[Comparison]:
    """All comparisons of the asked sections, in the order of SECTIONS.

    Args:
        root: of the repository.

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
    """Every figure with its unit and its whole protocol; ``figure`` is null where it was not measured."""
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
    """A block a comparison: what must agree, then the figures, best first; the sources at the end."""
    lines = [line for comparison in comparisons for line in _block(comparison)]
    rows = [row for comparison in comparisons for row in comparison.rows]
    cited = {row.source: row.citation for row in rows if row.citation}
    return "\n".join([*lines, *(f"{source}: {citation}" for source, citation in cited.items())])


def _block(comparison: Comparison) -> Iterator[str]:
    protocol = comparison.protocol
    yield comparison.title
    yield f"  {comparison.unit}, {comparison.better} is better; {protocol.data}; {protocol.measured};"
    yield f"  grid: {protocol.grid}; split: {protocol.split}; key: {protocol.key}"
    cells = [_cells(rank, row) for rank, row in comparison.ranked()]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    for line in cells:
        padded = [line[0].rjust(widths[0]), *(c.ljust(w) for c, w in zip(line[1:4], widths[1:], strict=True))]
        yield "  " + "  ".join([*padded, line[4]]).rstrip()
    yield ""


def _cells(rank: int | None, row: Row) -> tuple[str, str, str, str, str]:
    """Rank, figure, name, seeds, and source, command or reason."""
    if row.figure is None:
        return "", NOT_MEASURED, row.name, "", row.command
    spread = (
        f" [{row.low:.{DECIMALS}f}, {row.high:.{DECIMALS}f}]"
        if row.low is not None and row.high is not None
        else ""
    )
    source = row.source if not row.unranked else f"{row.source}; unranked: {row.unranked}"
    whose = "ours" if row.whose == "ours" else ""
    return (
        str(rank or "-"),
        f"{row.figure:.{DECIMALS}f}{spread}",
        row.name,
        f"seeds: {row.seeds}",
        f"{whose} {source}".strip(),
    )
