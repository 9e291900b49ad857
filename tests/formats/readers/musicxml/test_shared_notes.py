"""Notes of MusicXML that are parsed once for each text: the same score as without, or none at all."""

import re
from xml.etree import ElementTree

import pytest

from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.musicxml.score import read_score
from pipeline.formats.readers.musicxml.shared_notes import Apart, parse_apart
from tests.helpers.musicxml_text import measure, note, score

SYSTEM_ID = '"partwise.dtd"'
NOTES = measure(note("C4") + note("D4") + note("C4") + note("C4"), "<divisions>1</divisions>")
SCORE = score(NOTES)


def different(apart: Apart) -> int:
    """How many notes were read, each different one once."""
    return len({id(note) for run in apart.runs.values() for note in run})


def together(apart: Apart) -> bytes:
    """The score with its notes in their places again; none of them is plain."""
    for part in apart.root:
        for each in part:
            runs = [apart.runs.get(child.tag) for child in each]
            children = [
                [child] if run is None else [note.body.element for note in run]
                for child, run in zip(each, runs, strict=True)
            ]
            each[:] = [child for run in children for child in run]
    return ElementTree.tostring(apart.root)


def without_plain_notes(content: bytes) -> bytes:
    """The score with an attribute that no plain note has."""
    return content.replace(b"<pitch>", b'<pitch id="x">')


def spoiled(old: str, new: str) -> bytes:
    return SCORE.decode().replace(old, new, 1).encode()


def test_each_text_is_parsed_once() -> None:
    apart = parse_apart(SCORE)
    assert apart is not None
    assert different(apart) == 2


def test_notes_with_white_space_between_them_are_one_run() -> None:
    apart = parse_apart(spoiled("</note><note>", "</note>\n  <note>"))
    assert apart is not None
    assert len(apart.runs) == 1


def test_the_place_on_the_page_makes_no_other_note() -> None:
    apart = parse_apart(spoiled("<note>", '<note default-x="1.5" default-y="-20">'))
    assert apart is not None
    assert different(apart) == 2


@pytest.mark.parametrize(
    "content",
    [
        SCORE,
        spoiled("<note>", '<note dynamics="1">'),
        spoiled("<note>", "<note\n>"),
        spoiled("<note>", "<!-- a comment --><note>"),
        spoiled("<note>", "<note/><note>"),
        spoiled("<note>", "<note><notehead>x</notehead>"),
    ],
)
def test_the_notes_in_their_places_are_the_score(content: bytes) -> None:
    content = without_plain_notes(content)
    apart = parse_apart(content)
    assert apart is not None
    assert not apart.has_plain
    whole = ElementTree.fromstring(content)
    expected = [(each.tag, each.attrib, (each.text or "").strip()) for each in whole.iter()]
    found = ElementTree.fromstring(together(apart))
    assert [(each.tag, each.attrib, (each.text or "").strip()) for each in found.iter()] == expected


@pytest.mark.parametrize(
    "content",
    [
        spoiled("<note>", "<!-- <note></note> --><note>"),
        spoiled("<note>", "<!-- <note> --><note>"),
        spoiled("<note>", "<note><!-- </note> -->"),
        spoiled("<note>", "<note><![CDATA[</note>]]>"),
        spoiled("<note>", "<?target <note></note> ?><note>"),
        spoiled("<note>", "<note.0/><note>"),
        spoiled("<note>", "<direction><note></note></direction><note>"),
        spoiled("<note>", '<note xmlns="https://example.org">'),
        spoiled("<measure", '<measure xmlns="https://example.org"'),
        spoiled("</note>", "</note >"),
        spoiled(SYSTEM_ID, f'{SYSTEM_ID} [<!ATTLIST note number CDATA "1">]'),
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + SCORE[SCORE.index(b"<score-") :],
        SCORE.decode().encode("utf-16"),
    ],
)
def test_a_score_whose_notes_may_have_another_meaning_is_parsed_as_a_whole(content: bytes) -> None:
    assert parse_apart(content) is None


@pytest.mark.parametrize(
    "broken",
    [
        "<note><x>",
        "<note></x>",
        "<note>&unknown;",
        '<note a="1" a="2">',
        '<note default-x="1" default-x="1">',
    ],
)
def test_a_broken_note_is_reported_at_its_line(broken: str) -> None:
    content = spoiled("<note>", broken)
    with pytest.raises(ElementTree.ParseError) as expected:
        ElementTree.fromstring(content)
    with pytest.raises(ReadError, match=re.escape(str(expected.value))):
        read_score(content)


@pytest.mark.parametrize("prepared", [SCORE, without_plain_notes(SCORE)])
def test_the_depth_of_notes_is_limited(prepared: bytes) -> None:
    assert read_score(prepared, max_depth=6)
    with pytest.raises(ReadError) as caught:
        read_score(prepared, max_depth=5)
    assert caught.value.rule == "too_deep"
