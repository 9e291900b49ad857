import pytest

from pipeline.core.accounting import (
    AccountingError,
    Count,
    EmptyDatasetError,
    Rejection,
    add_counts,
    balance,
    require_rows,
)


def test_every_row_is_kept_or_rejected() -> None:
    counts = balance(
        "filter", ["a/1", "a/2", "b/1"], ["a/1"], [Rejection("a/2", "short"), Rejection("b/1", "short")]
    )
    assert counts == {"a": Count(2, 1, 1), "b": Count(1, 0, 1)}


def test_two_broken_rules_reject_one_row() -> None:
    counts = balance("filter", ["a/1"], [], [Rejection("a/1", "short"), Rejection("a/1", "narrow")])
    assert counts == {"a": Count(1, 0, 1)}


@pytest.mark.parametrize(
    ("kept", "rejected", "fault"),
    [
        (["a/1"], [], "1 lost"),
        (["a/1", "a/2", "a/3"], [], "1 invented"),
        (["a/1", "a/2"], ["a/2"], "1 both kept and rejected"),
        (["a/1", "a/1", "a/2"], [], "changed in number"),
        (["a/1", "a/2"], ["a/9"], "1 invented"),
    ],
)
def test_counts_that_do_not_balance_stop_the_stage(kept: list[str], rejected: list[str], fault: str) -> None:
    with pytest.raises(AccountingError, match=fault):
        balance("filter", ["a/1", "a/2"], kept, [Rejection(piece, "short") for piece in rejected])


def test_a_stage_that_keeps_nothing_lists_the_broken_rules() -> None:
    rules = ["short", "short", "narrow"]
    with pytest.raises(EmptyDatasetError, match=r"filter rejects every piece; .* short \(2\), narrow \(1\)"):
        require_rows("filter", "tunes", 0, rules)


def test_a_stage_without_incoming_pieces_refers_to_earlier_stages() -> None:
    with pytest.raises(EmptyDatasetError, match="quantize has no incoming piece"):
        require_rows("quantize", "tunes", 0, [])


def test_the_counts_of_portions_add_up_by_corpus() -> None:
    portions = [{"a": Count(3, 2, 1)}, {"b": Count(1, 0, 1), "a": Count(2, 2, 0)}]
    assert add_counts(portions) == {"a": Count(5, 4, 1), "b": Count(1, 0, 1)}
