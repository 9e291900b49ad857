"""Time signatures of texts and of bar lengths, and the beats under one beam."""

from fractions import Fraction

import pytest

from pipeline.formats.writers.time_signature import TimeSignature, beats, of_length, parse


def test_a_text_is_a_time_signature_where_notation_has_it() -> None:
    assert parse("12/8") == (12, 8)
    assert [parse(text) for text in ("0/4", "4/3", "3/128", "129/4", "4", "", "C", None)] == [None] * 8


@pytest.mark.parametrize(
    ("wholes", "denominator", "expected"),
    [
        (Fraction(1), 4, (4, 4)),
        (Fraction(3, 8), 4, (3, 8)),
        (Fraction(1, 4), 8, (2, 8)),
        (Fraction(5, 64), 4, (5, 64)),
        (Fraction(1, 128), 4, None),
        (Fraction(1, 3), 4, None),
        (Fraction(200), 4, None),
    ],
)
def test_a_length_has_the_longest_beats_that_are_allowed(
    wholes: Fraction, denominator: int, expected: tuple[int, int] | None
) -> None:
    assert of_length(wholes, denominator) == expected


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("4/4", "1/4 1/4 1/4 1/4"),
        ("2/2", "1/2 1/2"),
        ("3/2", "1/2 1/2 1/2"),
        ("6/8", "3/8 3/8"),
        ("12/8", "3/8 3/8 3/8 3/8"),
        ("3/8", "3/8"),
        ("6/4", "3/4 3/4"),
        ("6/2", "1/2 1/2 1/2 1/2 1/2 1/2"),
        ("5/8", "1/4 3/8"),
        ("7/8", "1/4 1/4 3/8"),
        ("2/1", "1/2 1/2 1/2 1/2"),
        ("1/8", "1/8"),
    ],
)
def test_beats_are_the_groups_of_a_bar(signature: str, expected: str) -> None:
    found = beats(parse(signature))
    assert found == [Fraction(length) for length in expected.split()]
    assert sum(found) == TimeSignature(*map(int, signature.split("/"))).wholes
