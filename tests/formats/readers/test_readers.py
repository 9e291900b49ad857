"""The format is recognized from the content; unreadable files give an error."""

import gc
import pickle
from contextlib import suppress

import pytest

from pipeline.formats import readers
from pipeline.formats.readers import ReadError
from tests.helpers.reading import ESSEN, READ

SLOW = READ.model_copy(update={"reader": "music21"})
TUNE = b"X:1\nT:Scale\nM:2/4\nL:1/8\nK:G\nG2 (3FED | E4- | E2 ^c2 | c2 z2 |]\n"
SCORE = (
    b"<score-partwise><part-list><score-part id='P1'><part-name>Flute</part-name></score-part></part-list>"
    b"<part id='P1'><measure><attributes><divisions>2</divisions></attributes><note><pitch><step>C</step>"
    b"<octave>4</octave></pitch><duration>4</duration></note></measure></part></score-partwise>"
)


def refused(name: str, content: bytes) -> tuple[str, str]:
    with pytest.raises(ReadError) as caught:
        readers.split(name, content)
    return caught.value.rule, str(caught.value)


def test_the_format_is_recognized_from_the_content() -> None:
    assert [source.format for source in readers.split("tune.xml", TUNE)] == ["abc"]
    assert [source.format for source in readers.split("score.abc", SCORE)] == ["musicxml"]


def test_an_empty_file() -> None:
    assert refused("empty.abc", b" \n") == ("empty", "empty.abc: the file is empty")


def test_a_file_of_no_known_format() -> None:
    assert refused("a.abc", b"\0\1\2")[1] == "a.abc: its content is no abc"
    assert refused("a.mx", b"text")[1].startswith("a.mx: did you mean '.mxl'? Known: .abc")


def test_a_damaged_archive() -> None:
    rule, message = refused("a.mxl", b"PK\x03\x04 and nothing more")
    assert rule == "unreadable"
    assert message.startswith("a.mxl: a damaged or encrypted archive")


def test_errors_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(ReadError("no_notes", "nothing")))
    assert (error.rule, str(error)) == ("no_notes", "nothing")


def test_a_corpus_sets_the_meaning_of_lines_and_accidentals() -> None:
    source = readers.split("a.abc", b"X:1\nL:1/4\nK:C\n^F f\nG")[0]
    in_print = READ.model_copy(update={"accidentals": "octave"})
    assert readers.read(source, in_print).parts[0].pitch.tolist() == [66, 77, 67]
    read = readers.read(source, ESSEN).parts[0]
    assert read.pitch.tolist() == [66, 78, 67]
    assert read.phrase_end.tolist() == [False, True, True]


@pytest.mark.parametrize("content", [TUNE, SCORE])
def test_music21_reads_the_same(content: bytes) -> None:
    source = readers.split("a", content)[0]
    fast, slow = readers.read(source, READ).parts[0], readers.read(source, SLOW).parts[0]
    assert fast.onset.tolist() == slow.onset.tolist()
    assert fast.duration.tolist() == slow.duration.tolist()
    assert fast.pitch.tolist() == slow.pitch.tolist()
    assert fast.meters == slow.meters


@pytest.mark.parametrize("collects", [True, False])
@pytest.mark.parametrize("score", [SCORE, SCORE.replace(b"<step>C", b"<step>H")])
def test_the_collector_of_cycles_is_left_as_it_was(collects: bool, score: bytes) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        with suppress(ReadError):
            readers.read(readers.split("a.xml", score)[0], READ)
        assert gc.isenabled() == collects
    finally:
        (gc.enable if before else gc.disable)()
