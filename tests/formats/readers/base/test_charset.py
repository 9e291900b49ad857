"""Titles in the character sets of old computers are read as they were written."""

import re

import pytest

from pipeline.formats.readers.base.charset import decode_text
from pipeline.formats.readers.base.source import ReadError, decode

GERMAN = "T:Schöne Grüße für ältere Mädchen\nT:Übermut, Öl und Ähren\n"
FRENCH = "T:Général de la Forêt\nT:Ça ira, mon père à côté\n"
SPANISH = "T:El niño está aquí, ¿según quién?\n"
NORDIC = "T:Spillemændene på øen\n"
IRISH = "T:Slán le Máire, a Phóigín\nT:Éamonn an Chnoic\n"


@pytest.mark.parametrize("text", [GERMAN, FRENCH, SPANISH, NORDIC, IRISH])
@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252", "mac_roman"])
def test_a_text_in_any_set_is_read(text: str, name: str) -> None:
    assert decode_text(text.encode(name)) == text


@pytest.mark.parametrize("text", [GERMAN, FRENCH])
def test_a_text_of_an_ibm_pc_is_read(text: str) -> None:
    assert decode_text(text.encode("cp437")) == text


@pytest.mark.parametrize("name", ["cp437", "mac_roman", "cp1252"])
def test_a_set_taken_for_latin_1_and_encoded_again_is_undone(name: str) -> None:
    text = "T:Das Mädchen’s Grüße\n" if name == "cp1252" else GERMAN
    assert decode_text(text.encode(name).decode("latin-1").encode("utf-8")) == text


def test_utf_8_encoded_twice_is_undone() -> None:
    assert decode_text("T:Übermut".encode().decode("latin-1").encode("utf-8")) == "T:Übermut"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"f\x81r religi\xf6se", "für religiöse"),  # CP437 and Latin-1 in one file, as in the Essen songs
        (b"f\x81r Mu\xe1", "für Muß"),
        (b"Gro\x9evater, J\x84ger", "Großvater, Jäger"),  # an Atari ST
        (b"Stra\xa7e", "Straße"),  # Mac Roman without a control character
        (b"O\x92Neill", "O’Neill"),  # CP1252
        (b"don\xd5t", "don’t"),
        (b"Sl\xe1n", "Slán"),  # nothing proves Latin-1 wrong
        (b"Gr\xfc\xdfe", "Grüße"),
        (b"4\xbd tunes", "4½ tunes"),
    ],
)
def test_a_word_is_read_in_the_set_that_makes_sense(written: bytes, read: str) -> None:
    assert decode_text(written) == read


@pytest.mark.parametrize("byte", range(128, 256))
def test_no_control_character_is_left(byte: int) -> None:
    for content in (bytes([65, byte, 66]), chr(byte).encode()):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", decode_text(content))


def test_the_end_mark_of_dos_is_no_text() -> None:
    assert decode_text(b"K:C\r\nC\r\n\x1a") == "K:C\nC\n "


def test_a_mark_of_utf_16_without_utf_16_is_refused() -> None:
    with pytest.raises(ReadError, match="byte order mark of UTF-16"):
        decode(b"\xff\xfeabc")
