"""Lyrics and tempi of a MusicXML score.

Source: MusicXML 4.0, ``<lyric>``, ``<metronome>`` and the attribute ``tempo`` of ``<sound>``,
which counts quarter notes per minute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.lyrics import Lyric, with_syllable
from pipeline.formats.readers.base.staff import Ticks
from pipeline.formats.readers.base.tempo import per_minute, possible
from pipeline.formats.readers.musicxml.values import length_of_type


def lyric_of(note: Element) -> Lyric:
    """The syllables of a note by verse; the verse is the number at the end of ``number``, or 1."""
    lyric: Lyric = ()
    for element in note.findall("lyric"):
        found = re.search(r"([0-9]{1,2})$", element.get("number", "1").strip())
        text = _syllable(element)
        if text:
            lyric = with_syllable(lyric, max(int(found[1]), 1) if found else 1, text)
    return lyric


def _syllable(lyric: Element) -> str:
    """The text of one or several syllables on one note; "" for a held syllable."""
    words: list[str] = []
    continues = False
    for child in lyric:
        if child.tag == "text":
            words.append(child.text or "")
        elif child.tag == "elision":
            words.append(child.text or " ")
        elif child.tag == "syllabic":
            continues = (child.text or "").strip() in ("begin", "middle")
    return syllable("".join(words), continues)


def syllable(text: str, continues: bool) -> str:
    """A syllable as text: single spaces, and a hyphen at its end if the word continues."""
    text = " ".join(text.split())
    return f"{text}-" if continues and text and not text.endswith("-") else text


def tempo_of(direction: Element) -> Fraction | None:
    """Quarter notes per minute of a ``<direction>`` or ``<sound>``; a sound counts before a metronome.

    None for no number, a tempo relative to the one before, or one that cannot be.
    """
    for sound in direction.iter("sound"):
        rate = per_minute(sound.get("tempo", ""))
        if rate is not None:
            return possible(rate)
    types = (inner for each in direction if each.tag == "direction-type" for inner in each)
    for metronome in types:
        if metronome.tag != "metronome":
            continue
        rate = per_minute(metronome.findtext("per-minute", ""))
        if rate is not None:
            return possible(rate * Fraction(_beat(list(metronome))) / TICKS_PER_QUARTER)
    return None


def _beat(children: Sequence[Element]) -> Ticks:
    """The length of a metronome's beat: a note type with its dots, and others that are tied to it."""
    beats: list[tuple[str, int]] = []
    for child in (inner for each in children for inner in each.iter()):
        if child.tag == "beat-unit":
            beats.append(((child.text or "").strip(), 0))
        elif child.tag == "beat-unit-dot" and beats:
            beats[-1] = (beats[-1][0], beats[-1][1] + 1)
    lengths = [length_of_type(name, dots, 1, 1) for name, dots in beats]
    return sum(lengths[1:], lengths[0]) if lengths and all(lengths) else 0
