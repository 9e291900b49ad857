import pytest

from tests.helpers.chord_accuracy import compare_chords, total_chords


def accuracy(true: str | None, predicted: str | None) -> dict[str, float | None]:
    return compare_chords([true], [predicted]).accuracy


@pytest.mark.parametrize(
    ("true", "predicted", "root", "majmin", "sevenths"),
    [
        ("C:maj", "C:maj", 1, 1, 1),
        ("C:maj7", "C:maj", 1, 1, 0),
        ("C:7", "C:9", 1, 1, 1),
        ("C:maj/3", "C:maj", 1, 1, 1),
        ("C:maj", "C:min", 1, 0, 0),
        ("C:maj", "G:maj", 0, 0, 0),
        ("C#:maj", "Db:maj", 1, 1, 1),
        ("N", "N", 1, 1, 1),
        ("N", "C:maj", 0, 0, 0),
        ("C:maj", "N", 0, 0, 0),
        ("C:maj", None, 0, 0, 0),
        ("C:dim", "C:dim7", 1, None, None),
        ("C:maj6", "C:maj", 1, 1, None),
        ("C:maj", "C:dim", 1, 0, 0),
        ("X", "C:maj", None, None, None),
        (None, "C:maj", None, None, None),
    ],
)
def test_a_chord_is_compared_as_in_mirex(
    true: str | None, predicted: str | None, root: int | None, majmin: int | None, sevenths: int | None
) -> None:
    assert accuracy(true, predicted) == {"root": root, "majmin": majmin, "sevenths": sevenths}


def test_accuracy_is_weighted_by_time_within_the_vocabulary() -> None:
    found = compare_chords(["C:maj"] * 3 + ["C:dim"] * 5 + ["G:7"], ["C:maj"] * 9)
    assert found.accuracy["majmin"] == 3 / 4
    assert found.accuracy["root"] == 8 / 9


def test_pieces_are_added_before_dividing() -> None:
    long, short = compare_chords(["C:maj"] * 9, ["C:maj"] * 9), compare_chords(["C:maj"], ["G:maj"])
    assert total_chords([long, short]).accuracy["root"] == 0.9
    assert total_chords([]).accuracy == {"root": None, "majmin": None, "sevenths": None}


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare_chords(["C:maj", "C:maj"], ["C:maj"])
