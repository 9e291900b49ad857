import pytest

from pipeline.books import BooksError, Count, Rejection, balance


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
def test_books_that_do_not_balance_stop_the_stage(kept: list[str], rejected: list[str], fault: str) -> None:
    with pytest.raises(BooksError, match=fault):
        balance("filter", ["a/1", "a/2"], kept, [Rejection(piece, "short") for piece in rejected])
