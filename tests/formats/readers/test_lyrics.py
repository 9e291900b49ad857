"""Lyrics: one syllable per note, a hyphen where the word continues, nothing where one is held."""

import pytest

from pipeline.core.music import Part
from pipeline.formats import readers
from tests.helpers.kern_text import spines
from tests.helpers.midi_bytes import file, meta, note, track
from tests.helpers.musicxml_text import measure, score
from tests.helpers.musicxml_text import note as xml_note
from tests.helpers.reading import READ

PLAYED = READ.model_copy(update={"repeats": "played"})


def read(name: str, content: bytes, played: bool = False) -> Part:
    (source,) = readers.split(name, content)
    return readers.read(source, PLAYED if played else READ).parts[0]


def abc(*body: str, played: bool = False) -> Part:
    return read("song.abc", "\n".join(["X:1", "M:2/4", "L:1/4", "K:C", *body]).encode(), played)


def musicxml(*measures: str, played: bool = False) -> Part:
    return read("song.musicxml", score("".join(measures)), played)


def kern(*lines: str) -> Part:
    return read("song.krn", spines(*lines))


def sung(part: Part) -> list[str | None]:
    return list(part.lyrics or ())


def lyric(text: str, syllabic: str = "single", number: str = "1") -> str:
    words = f"<syllabic>{syllabic}</syllabic><text>{text}</text>" if text else "<extend/>"
    return f'<lyric number="{number}">{words}</lyric>'


@pytest.mark.parametrize(
    ("line", "syllables"),
    [
        ("Al-le mei-ne", ["Al-", "le", "mei-", "ne"]),
        ("time__ flies", ["time", None, None, "flies"]),
        ("syll-a--ble", ["syll-", "a-", None, "ble"]),
        ("syll-a -ble", ["syll-", "a-", None, "ble"]),
        ("of~the * day", ["of the", None, "day", None]),
        (r"a\-b c", ["a-b", "c", None, None]),
        ("one | two", ["one", None, "two", None]),
        ("one two three | four", ["one", "two", "three", "four"]),
        ("*", []),
    ],
)
def test_a_line_of_abc_is_aligned_with_the_notes(line: str, syllables: list[str | None]) -> None:
    assert sung(abc("C D|E F|", f"w: {line}")) == syllables


def test_rests_and_grace_notes_have_no_syllable() -> None:
    assert sung(abc("C z|{d}E F|", "w: one two three")) == ["one", "two", "three"]


def test_a_tied_note_counts_and_keeps_the_syllable_of_its_beginning() -> None:
    assert sung(abc("C D-|D F|", "w: one two _ three")) == ["one", "two", "three"]


def test_a_syllable_goes_to_the_highest_note_of_a_chord() -> None:
    assert sung(abc("[CEG] D|", "w: one two")) == ["one", None, None, "two"]
    chord = xml_note("C4", inside=lyric("one")) + xml_note("G4", before="<chord/>")
    assert sung(musicxml(measure(chord + xml_note("D4"), "<divisions>1</divisions>"))) == ["one", None, None]


def test_a_line_follows_all_music_since_the_line_before() -> None:
    assert sung(abc("C D|", "w: one two", "E F|", "G A|", "w: three four five six")) == [
        *("one", "two", "three", "four", "five", "six"),
    ]


def test_a_second_line_is_the_second_verse_and_a_continued_line_is_not() -> None:
    verses = ("|:C D|E F:|", "w: one two three four", "w: uno due tre quattro")
    assert sung(abc(*verses)) == ["one", "two", "three", "four"]
    assert sung(abc("C D|E F|", "w: one two", "+: three four")) == ["one", "two", "three", "four"]


def test_a_repeat_is_sung_to_the_second_verse_where_there_is_one() -> None:
    verses = ("|:C D:|", "w: one two", "w: uno due", "|:E F:|", "w: la li")
    assert sung(abc(*verses, played=True)) == ["one", "two", "uno", "due", "la", "li", "la", "li"]


def test_syllables_without_a_note_are_counted() -> None:
    part = abc("C D|", "w: one two three four")
    assert (sung(part), part.n_lost_syllables) == (["one", "two"], 2)
    rest = musicxml(measure(xml_note("C4") + xml_note("r", inside=lyric("lost")), "<divisions>1</divisions>"))
    assert (rest.lyrics, rest.n_lost_syllables) == (None, 1)


def test_each_voice_of_abc_has_its_own_lyrics() -> None:
    body = ["X:1", "M:2/4", "L:1/4", "K:C", "V:1", "C D|", "w: high notes", "V:2", "C, D,|", "w: low ones"]
    (source,) = readers.split("song.abc", "\n".join(body).encode())
    assert [sung(part) for part in readers.read(source, READ).parts] == [["high", "notes"], ["low", "ones"]]


def test_musicxml_marks_where_a_word_continues_and_joins_elisions() -> None:
    elided = "<lyric><text>la</text><elision>‿</elision><text>a</text></lyric>"
    notes = [lyric("Al", "begin"), lyric("le", "end"), lyric(""), elided]
    content = "".join(xml_note("C4", inside=inside) for inside in notes)
    assert sung(musicxml(measure(content, "<divisions>1</divisions>"))) == ["Al-", "le", None, "la‿a"]


def test_of_musicxml_the_first_verse_is_read_and_the_second_when_it_is_repeated() -> None:
    notes = [lyric("one") + lyric("uno", number="2"), lyric("two") + lyric("due", number="part1verse2")]
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    content = "".join(xml_note("C4", inside=inside) for inside in notes) + repeat
    bars = measure(content, "<divisions>1</divisions>")
    assert sung(musicxml(bars)) == ["one", "two"]
    assert sung(musicxml(bars, played=True)) == ["one", "two", "uno", "due"]


def test_a_song_that_begins_with_another_verse_has_the_lowest() -> None:
    notes = "".join(xml_note("C4", inside=lyric("due", number=number)) for number in "32")
    assert sung(musicxml(measure(notes, "<divisions>1</divisions>"))) == [None, "due"]


def test_a_spine_of_text_belongs_to_the_part_on_its_left() -> None:
    lines = ("**kern **text **text", "4c Al- Un-", "4d -le -ser", "4e _ .", "4r lost .", "*- *- *-")
    part = kern(*lines)
    assert (sung(part), part.n_lost_syllables) == (["Al-", "le", None], 1)


def test_lyrics_of_midi_belong_to_the_nearest_note() -> None:
    def syllable(text: str, delta: int = 0) -> bytes:
        return meta(0x05, text.encode(), delta)

    part = read(
        "song.mid", file(track(syllable("Al-"), note(0, 480, 60), syllable("le", 10), note(0, 470, 62)))
    )
    assert sung(part) == ["Al-", "le"]
    far = read("song.mid", file(track(note(0, 480, 60), syllable("gone", 240), note(240, 480, 62))))
    assert (far.lyrics, far.n_lost_syllables) == (None, 1)


def test_lyrics_of_a_track_of_their_own_belong_to_the_part_that_fits_best() -> None:
    words = track(meta(0x05, b"one"), meta(0x05, b"two", 480), meta(0x05, b"three", 480))
    bass = track(note(0, 1440, 40))
    melody = track(note(0, 480, 60), note(0, 480, 62), note(0, 480, 64))
    (source,) = readers.split("song.mid", file(words, bass, melody))
    parts = readers.read(source, READ).parts
    assert [sung(part) for part in parts] == [[], ["one", "two", "three"]]


def test_a_piece_without_lyrics_has_none() -> None:
    assert abc("C D|").lyrics is None
    assert kern("**kern", "4c", "*-").lyrics is None
