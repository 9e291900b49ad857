from typing import Any

import pyarrow as pa

from pipeline.datasets.filters import FilterSettings
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.tools.inspection.filter_report import RuleCount, dry_count
from tests.helpers.notes_text import notes_table, part


def grids(*texts: str) -> pa.Table:
    settings = QuantizeSettings(
        parts={"default": ["top"]}, steps_per_quarter=1, chords="top", rests="symbol", edge_silence="trim"
    )
    rows = [part(f"songs/{number}", text) for number, text in enumerate(texts, start=1)]
    return quantize(notes_table(*rows), settings).grids


def counted(table: pa.Table, **limits: Any) -> dict[str, RuleCount]:
    return {rule.parameter: rule for rule in dry_count(table, FilterSettings(**limits)).rules}


def test_a_grid_that_breaks_two_rules_counts_as_rejected_alone_by_each_and_only_by_none() -> None:
    rules = counted(grids("60:1", "60:1 62:1 64:1"), min_notes=2, min_steps=3)
    assert [(rule.alone, rule.only) for rule in rules.values()] == [(1, 0), (1, 0)]


def test_grids_rejected_only_by_one_rule_would_be_kept_without_it() -> None:
    rules = counted(grids("60:1", "60:9", "60:1 62:1"), min_notes=2, max_steps=8)
    assert (rules["min_notes"].alone, rules["min_notes"].only) == (2, 1)
    assert (rules["max_steps"].alone, rules["max_steps"].only) == (1, 0)


def test_all_together_count_a_grid_once() -> None:
    count = dry_count(grids("60:1", "60:1 62:1"), FilterSettings(min_notes=2, min_steps=2))
    assert (count.incoming, count.rejected) == (2, 1)


def test_duplicates_are_searched_among_grids_that_pass_the_other_filters() -> None:
    table = grids("60:1 62:1", "61:1 63:1", "60:1", "67:1")
    rules = counted(table, min_notes=2, duplicates="drop")
    assert (rules["duplicates"].alone, rules["duplicates"].only) == (2, 1)


def test_without_limits_nothing_is_rejected() -> None:
    assert dry_count(grids("60:1"), FilterSettings()).rejected == 0
