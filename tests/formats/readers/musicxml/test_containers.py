"""Compressed MusicXML: which members of an archive are its scores."""

import pytest

from pipeline.formats.readers import musicxml
from pipeline.formats.readers.base.source import ReadError
from tests.helpers.musicxml_text import measure, note, score, zipped
from tests.helpers.reading import LIMITS, READ

C4, D4 = score(measure(note("C4", 4))), score(measure(note("D4", 4)))


def pitches(members: dict[str, bytes]) -> dict[str, list[int]]:
    """The pitches of each piece by its name."""
    sources = musicxml.split(zipped(members), LIMITS)
    return {source.name: musicxml.read(source.content, READ).parts[0].pitch.tolist() for source in sources}


def container(rootfiles: str) -> dict[str, bytes]:
    return {"META-INF/container.xml": f"<container><rootfiles>{rootfiles}</rootfiles></container>".encode()}


@pytest.mark.parametrize(
    "rootfiles",
    [
        '<rootfile full-path="Tom &amp; Jo.xml"/>',
        '<rootfile full-path="Tom &#38; Jo.xml"/>',
        "<rootfile full-path='Tom &amp; Jo.xml' media-type='application/vnd.recordare.musicxml+xml'/>",
        '<!-- <rootfile full-path="part.xml"/> --><rootfile full-path="Tom &amp; Jo.xml"/>',
        '<rootfile full-path="p.pdf" media-type="application/pdf"/><rootfile full-path="Tom &amp; Jo.xml"/>',
        '<rootfile full-path="Tom &amp; Jo.xml"/><rootfile full-path="part.xml"/>',
        '<rootfile full-path="./Tom &amp; Jo.xml"/>',
    ],
)
def test_the_first_rootfile_of_music_is_the_score(rootfiles: str) -> None:
    members = {"part.xml": D4, "p.pdf": b"%PDF", "Tom & Jo.xml": C4} | container(rootfiles)
    assert pitches(members) == {"": [60]}


def test_the_container_may_have_a_prefix() -> None:
    named = (
        b'<c:container xmlns:c="urn:oasis:names:tc:opendocument:xmlns:container"><c:rootfiles>'
        b'<c:rootfile full-path="b.xml"/></c:rootfiles></c:container>'
    )
    assert pitches({"a.xml": D4, "b.xml": C4, "META-INF/container.xml": named}) == {"": [60]}


@pytest.mark.parametrize(
    "named", [b"<container", b"<container/>", b'<c><rootfile full-path="gone.xml"/></c>']
)
def test_a_container_that_names_nothing_is_passed_over(named: bytes) -> None:
    assert pitches({"META-INF/container.xml": named, "a.xml": C4}) == {"": [60]}


def test_without_a_container_each_score_is_a_piece() -> None:
    members = {"songs/one.musicxml": C4, "songs/two.xml": D4, "list.xml": b"<list/>", "read.me": b"words"}
    assert pitches(members) == {"songs/one.musicxml": [60], "songs/two.xml": [62]}


def test_files_of_the_system_are_no_scores() -> None:
    members = {"__MACOSX/._a.xml": b"\0\5\26\7", "._a.xml": b"\0\5", ".hidden/b.xml": D4, "a.xml": C4}
    assert pitches(members) == {"": [60]}


def test_an_opus_is_a_list_of_pieces() -> None:
    opus = (
        b'<opus xmlns:xlink="http://www.w3.org/1999/xlink"><title>Two</title>'
        b'<score xlink:href="one.xml" xlink:type="simple"/><score xlink:href="two%20more.xml"/></opus>'
    )
    members = {"o/opus.xml": opus, "o/one.xml": C4, "o/two more.xml": D4, "o/part.xml": D4}
    assert pitches(members | container('<rootfile full-path="o/opus.xml"/>')) == {
        "o/one.xml": [60],
        "o/two more.xml": [62],
    }


def test_the_limit_is_for_all_members_together() -> None:
    members = {f"{name}.xml": C4 + b" " * 600_000 for name in "ab"}
    with pytest.raises(ReadError) as refused:
        musicxml.split(zipped(members), LIMITS.model_copy(update={"max_unpacked_mib": 1.0}))
    assert refused.value.rule == "unpacks_too_large"
