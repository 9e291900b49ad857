"""Compare the fast readers with music21 on a sample; ``tests/benchmarks/reading.py`` uses every piece."""

import pytest

from tests.helpers.comparison import Unread, alike, bundled, bundled_kern, causes, played, read

EVERY = 400
EVERY_KERN = 60
EVERY_PLAYED = 90

# a piece for every fault of music21 that the bundled corpora meet
KNOWN = {
    "oneills1850/0051-0100.abc#53": "a note with a fermata (H) is dropped",
    "oneills1850/0051-0100.abc#90": 'an annotation before a note (">", fingering) drops it or its dot',
    "oneills1850/0001-0050.abc#3": "a dot (> or <) next to a slur, a tie or a space is dropped",
    "airdsAirs/book3.abc#521": "a decoration before an accidental or a note changes it",
    "oneills1850/1701-1780.abc#1707": "a grace note counts in a tuplet, and splits a dotted pair",
    "essenFolksong/altdeu10.abc#28": "a tied note loses its accidental at the bar line",
    "ryansMammoth/LoveLinksJig.abc": "a note before :: is read as a field",
    "airdsAirs/book3.abc#411": "a line of the header without a colon is read as music",
    "ryansMammoth/KilkennyBoysReel.abc": "text of electronic mail (=20) is read as accidentals",
    "ryansMammoth/MyLadysGoonHasGairsOntStrathspey.abc": "the text of an ending is read as a chord",
    "airdsAirs/book6.abc#1173": "voices that begin inside a line are run together",
    "ryansMammoth/MardiGrasReel.abc": "a tie or an accidental inside a chord is not kept",
    "oneills1850/0811-0899.abc#811": "a chord of old files (+ceg+) is read as a row of notes",
    "oneills1850/1176-1275.abc#1185": "an invisible rest (x) or a rest of bars (Z) takes no time",
    "airdsAirs/book5.abc#811": "the length of a note is misread (3//, or two dots in a row)",
    "ryansMammoth/PaddysTheBoyJig.abc": "refused by us: bad_syntax",
}

# a piece for every way in which music21 plays repeats otherwise
PLAYED = {
    "airdsAirs/book1.abc#17": "a section without |: is played from the very beginning",
    "oneills1850/1556-1624.abc#1599": "a |: that no :| closes is refused",
    "airdsAirs/book6.abc#1049": "the order of parts (P:) is passed over",
}


@pytest.fixture(scope="module")
def pieces() -> list[Unread]:
    return list(bundled())


def unexplained(pieces: list[Unread]) -> list[str]:
    """Pieces that the two readers read differently without a known cause."""
    differing = []
    for unread in pieces:
        fast = read(unread, "auto")
        if not alike(fast, read(unread, "music21")) and causes(unread, fast) == ("unexplained",):
            differing.append(unread.name)
    return differing


def test_every_four_hundredth_piece_is_read_alike_or_differs_for_a_known_cause(pieces: list[Unread]) -> None:
    assert unexplained(pieces[::EVERY]) == []


@pytest.mark.parametrize("name", KNOWN)
def test_known_reading_errors_of_music21(pieces: list[Unread], name: str) -> None:
    unread = next(unread for unread in pieces if unread.name == name)
    fast = read(unread, "auto")
    assert not alike(fast, read(unread, "music21")), "music21 reads it now: take it from the list"
    assert KNOWN[name] in causes(unread, fast)


def test_kern_is_read_alike_but_for_the_names_of_keys() -> None:
    kern = list(bundled_kern())
    assert len(kern) == 1326
    assert unexplained(kern[::EVERY_KERN]) == []


def test_repeats_are_played_alike_or_differ_for_a_known_cause(pieces: list[Unread]) -> None:
    repeating = [played(unread) for unread in pieces if not unread.name.startswith("essen")]
    assert unexplained(repeating[::EVERY_PLAYED]) == []


@pytest.mark.parametrize("name", PLAYED)
def test_what_music21_plays_otherwise(pieces: list[Unread], name: str) -> None:
    unread = next(played(unread) for unread in pieces if unread.name == name)
    fast = read(unread, "auto")
    assert not alike(fast, read(unread, "music21")), "music21 plays it now: take it from the list"
    assert PLAYED[name] in causes(unread, fast)
