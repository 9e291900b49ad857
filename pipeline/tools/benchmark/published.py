"""The comparisons of comparisons.yaml, with our figures of the same protocol if they were measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pipeline.core.settings import Section, load_yaml, parse_section
from pipeline.errors import PipelineError
from pipeline.tools.benchmark.rows import Comparison, Protocol, Row

COMPARISONS = Path(__file__).parent / "comparisons.yaml"


class BenchmarkError(PipelineError):
    """A file of results is damaged, or no such section."""


class Published(Section):
    """A published figure; ``seeds`` if they are known."""

    name: str
    figure: float
    source: str
    low: float | None = None
    high: float | None = None
    seeds: str = "not stated"
    unranked: str = ""


class FigureSource(Section):
    """The location of one of our figures: a path of keys in a file, the command that writes it, its seeds,
    and why it is unranked.
    """

    name: str
    file: str
    command: str
    at: list[str]
    seeds: str | None = None
    unranked: str = ""


class ComparisonEntry(Section):
    """One comparison as in the file."""

    section: Literal["pitch", "tokens", "music", "chorales", "copying", "reading"]
    title: str
    unit: str
    better: Literal["lower", "higher"]
    protocol: Protocol
    published: list[Published]
    ours: list[FigureSource]


def published_comparisons(root: Path) -> list[Comparison]:
    """All comparisons with published figures, in the order of the file.

    Args:
        root: folder of the repository, which contains ``data/benchmarks``.

    Raises:
        BenchmarkError: a file of results that cannot be read.
    """
    content = load_yaml(COMPARISONS)
    entries = [parse_section(ComparisonEntry, entry, "comparisons") for entry in content["comparisons"]]
    return [
        Comparison(
            entry.section,
            entry.title,
            entry.unit,
            entry.better,
            entry.protocol,
            [
                *(_published(figure, content["sources"]) for figure in entry.published),
                *(_ours(place, root) for place in entry.ours),
            ],
        )
        for entry in entries
    ]


def read_result(path: Path) -> Any:
    """The JSON object of a file, or of its last line; None if there is no file.

    Raises:
        BenchmarkError: the file is not JSON.
    """
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8").strip()
    for candidate in _whole_and_last_line(text):
        try:
            return json.loads(candidate)
        except ValueError:
            continue
    raise BenchmarkError(f"{path}: neither the file nor its last line is JSON; measure it again")


def figure_at(result: Any, *names: str) -> float | None:
    """The number at a path of keys; None if the path does not exist."""
    for name in names:
        if not isinstance(result, Mapping) or name not in result:
            return None
        result = result[name]
    return float(result) if isinstance(result, int | float) and not isinstance(result, bool) else None


def _whole_and_last_line(text: str) -> Iterator[str]:
    yield text
    yield text.rpartition("\n")[2]


def _published(figure: Published, sources: Mapping[str, str]) -> Row:
    return Row(
        name=figure.name,
        whose="published",
        figure=figure.figure,
        source=figure.source,
        citation=sources[figure.source],
        seeds=figure.seeds,
        low=figure.low,
        high=figure.high,
        unranked=figure.unranked,
    )


def _ours(place: FigureSource, root: Path) -> Row:
    result = read_result(root / place.file)
    seeds = result.get("seeds", []) if isinstance(result, Mapping) else []
    return Row(
        name=place.name,
        whose="ours",
        figure=figure_at(result, *place.at),
        source=place.file,
        seeds=place.seeds or ", ".join(map(str, seeds)) or "none",
        command=place.command,
        unranked=place.unranked,
    )
