"""D.C., D.S., Fine and Coda as words or symbols only: followed if unambiguous."""

import pytest

from pipeline.formats.readers import musicxml
from tests.helpers.musicxml_text import TIME_4_4, note, score
from tests.helpers.reading import PLAYED, READ

SYMBOLS = ("segno", "coda")


def tune(*bars: str) -> bytes:
    """A score of whole notes: a letter, then what is printed over it; "$segno" and "$coda" are symbols."""
    measures = []
    for bar in bars:
        name, _, printed = bar.partition(" ")
        printed = f"<{printed[1:]}/>" if printed[1:] in SYMBOLS else f"<words>{printed}</words>"
        direction = f"<direction><direction-type>{printed}</direction-type></direction>"
        measures.append(f"<measure>{direction if ' ' in bar else ''}{note(name + '4', 4)}</measure>")
    first = f"<measure><attributes><divisions>1</divisions>{TIME_4_4}</attributes>"
    return score("".join(measures).replace("<measure>", first, 1))


def letters(content: bytes) -> str:
    names = dict(zip((60, 62, 64, 65, 67, 69, 71), "CDEFGAB", strict=True))
    return "".join(names[pitch] for pitch in musicxml.read(content, PLAYED).parts[0].pitch.tolist())


@pytest.mark.parametrize(
    ("bars", "played"),
    [
        (("C", "D Fine", "E D.C. al Fine"), "CDECD"),
        (("C", "D (fine)", "E D. C. al  fine."), "CDECD"),
        (("C", "D FINE", "E Da Capo al Fine", "F"), "CDECD"),
        (("C", "D Da capo"), "CDCD"),
        (("C", "D $segno", "E Fine", "F D.S. al Fine"), "CDEFDE"),
        (("C", "D $segno", "E", "F Dal Segno"), "CDEFDEF"),
        (("C", "D To Coda", "E D.C. al Coda", "F $coda"), "CDECDF"),
        (("C", "D $segno", "E To Coda", "F D.S. al Coda", "G Coda"), "CDEFDEG"),
        (("C", "D $coda", "E D.C. al Coda", "F $coda"), "CDECDF"),
        (("C", "D $coda", "E D.C. al Coda", "F", "G $coda"), "CDEFCDG"),
    ],
)
def test_unambiguous_words_are_followed(bars: tuple[str, ...], played: str) -> None:
    assert letters(tune(*bars)) == played


@pytest.mark.parametrize(
    "bars",
    [
        ("C", "D Fine", "E"),
        ("C", "D", "E D.C. al Fine"),
        ("C", "D D.S. al Fine", "E Fine"),
        ("C $segno", "D $segno", "E D.S."),
        ("C", "D $coda", "E $coda"),
        ("C $coda", "D $coda", "E D.C. al Coda", "F $coda"),
        ("C", "D D.C. al Coda", "E $coda"),
        ("C", "D Fine", "E 3 times, then D.C. al Fine"),
        ("C", "D Fine", "E Menuetto D.C."),
        ("C", "D sempre piano al fine", "E D.C. ad libitum"),
    ],
)
def test_ambiguous_words_are_ignored(bars: tuple[str, ...]) -> None:
    content = tune(*bars)
    assert letters(content) == "".join(bar[0] for bar in bars)


def test_without_unfolding_words_have_no_effect() -> None:
    read = musicxml.read(tune("C", "D Fine", "E D.C. al Fine"), READ).parts[0]
    assert read.pitch.tolist() == [60, 62, 64]


def test_the_sound_of_a_direction_counts_before_its_words() -> None:
    content = tune("C", "D Fine", "E D.C. al Fine", "F")
    sounding = content.replace(
        b"</direction-type></direction>", b"</direction-type><sound tempo='90'/></direction>"
    )
    assert letters(sounding) == "CDECD"
    jump = b"<words>D.C. al Fine</words></direction-type>"
    assert letters(content.replace(jump, jump + b"<sound dacapo='yes'/>")) == "CDECD"
    assert letters(content.replace(jump, jump + b"<sound segno='a'/>")) == "CDEF"


def test_each_part_may_print_them() -> None:
    part = tune("C", "D Fine", "E D.C. al Fine").decode()
    body = part[part.index('<part id="P0">') : part.index("</score-partwise>")]
    both = part.replace(body, body + body.replace("P0", "P1"))
    assert letters(both.encode()) == "CDECD"
