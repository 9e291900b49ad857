"""Macros of ABC 2.1, section 9: the expansion is played."""

import pytest

from pipeline.formats.readers import abc
from pipeline.formats.readers.base.source import ReadError
from tests.helpers.reading import READ

QUARTER = 10080


def notes(body: str, *macros: str) -> list[tuple[float, int]]:
    """Duration in quarters and pitch of each note."""
    header = "".join(f"m:{macro}\n" for macro in macros)
    read = abc.read(f"X:1\n{header}M:4/4\nL:1/4\nK:C\n{body}\n".encode(), READ).parts[0]
    return list(zip((read.duration / QUARTER).tolist(), read.pitch.tolist(), strict=True))


@pytest.mark.parametrize(
    ("macro", "body", "played"),
    [
        ("~g3 = g{a}g{f}g", "~g3 c|", [(1, 79), (1, 79), (1, 79), (1, 72)]),
        ("~g3=gag", "~a3 ~G3|", [(3, 81), (3, 67)]),  # another note, another octave
        ("~g=a", "~g2 ~g|", [(2, 79), (1, 81)]),  # another length
        ("~n2=nm", "~G2 ~c2|", [(1, 67), (1, 65), (1, 72), (1, 71)]),
        ("~n2=no", "~^F2 ~B,2|", [(1, 66), (1, 67), (1, 59), (1, 60)]),
        ("Tn/=n/4o/4", "Tc/ d/|", [(0.25, 72), (0.25, 74), (0.5, 74)]),
        ("~n2=!trill!no", "~c2|", [(1, 72), (1, 74)]),  # a decoration is no note
        ("~g3=", "~g3|", [(3, 79)]),
    ],
)
def test_a_macro_is_written_out(macro: str, body: str, played: list[tuple[float, int]]) -> None:
    assert notes(body, macro) == played


def test_a_macro_may_be_defined_in_the_music_and_again() -> None:
    assert notes("~g2|\nm:~g2=ga\n~g2|\nm:~g2=gf\n~g2|") == [(2, 79), (1, 79), (1, 81), (1, 79), (1, 77)]


def test_text_holds_no_macro() -> None:
    assert notes('"~g2"c [r:~g2] d|', "~g2=ga") == [(1, 72), (1, 74)]


def test_macros_of_macros_that_grow_without_end_are_refused() -> None:
    chain = [f"{one}={other * 200}" for one, other in zip("hijk", "ijkl", strict=True)]
    with pytest.raises(ReadError, match="characters written by macros; allowed are 1000000") as raised:
        notes("h|", *chain)
    assert raised.value.rule == "unpacks_too_large"


def test_many_lines_of_a_long_macro_are_refused() -> None:
    line = "h" * 100 + "|\n"
    with pytest.raises(ReadError, match="characters written by macros"):
        notes(line * 51, "h=" + "c" * 200)
