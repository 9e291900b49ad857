"""Counts of grids that filters would reject, each alone and all together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.datasets.filters import FILTERS, FilterSettings, apply_filters, broken_rules

DUPLICATE = "duplicate"


@dataclass(frozen=True)
class RuleCount:
    """The effect of one filter on a data set.

    Attributes:
        parameter: its name in params.yaml.
        rule: the reason of its rejections.
        limit: the value in params.yaml.
        alone: grids that it would reject if it were the only filter.
        only: grids that no other filter rejects; they would be kept without this filter.
    """

    parameter: str
    rule: str
    limit: Any
    alone: int
    only: int


@dataclass(frozen=True)
class DryCount:
    """The effect of all filters together: grids in, grids rejected, and the rules."""

    incoming: int
    rejected: int
    rules: list[RuleCount]


def dry_count(grids: pa.Table, settings: FilterSettings) -> DryCount:
    """Count rejections without writing anything.

    As in the stage, duplicates are searched among the grids that pass the other
    filters, so the duplicate filter alone rejects all of them.

    Args:
        grids: rows of ``schemas.GRIDS``.
        settings: the section ``filter`` of a data set.
    """
    judged = {name: {row for row, _ in broken} for name, broken in broken_rules(grids, settings).items()}
    times = Counter(row for rows in judged.values() for row in rows)
    rules = [
        RuleCount(
            parameter=name,
            rule=FILTERS[name].rule,
            limit=getattr(settings, name),
            alone=len(rows),
            only=sum(times[row] == 1 for row in rows),
        )
        for name, rows in judged.items()
    ]
    rejected = len(times)
    if settings.duplicates == "drop":
        alone = len(apply_filters(grids, FilterSettings(duplicates="drop")).rejections)
        again = apply_filters(grids, settings).rejections
        only = sum(rejection.rule == DUPLICATE for rejection in again)
        rules.append(RuleCount("duplicates", DUPLICATE, settings.duplicates, alone, only))
        rejected += only
    return DryCount(grids.num_rows, rejected, rules)
