"""What a ``<note>`` of a MusicXML score contains, wherever in the score it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pipeline.formats.readers.base.lyrics import Lyric
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.musicxml.values import note_number, whole
from pipeline.formats.readers.musicxml.words import lyric_of

MAX_STAVES = 16


@dataclass(slots=True)
class NoteContent:
    """The content of a note or rest. Of several elements with one tag, the first counts.

    Attributes:
        element: the ``<note>``, for what few notes have.
        staff: the number of its staff; 0 if that is invalid.
        is_unpitched: whether it has ``<unpitched>``.
        duration: the text of its duration, "" if it has none.
        change: its ``<time-modification>``.
        pitch: its ``<pitch>``.
        number: the MIDI note number as written; None if it has no pitch or no such number.
        ties_on, tied_from: whether a tie begins and ends here.
        lyric: its syllable in each verse.
        has_syllable: whether it has one in the first verse.
    """

    element: Element
    staff: int
    voice: str
    in_chord: bool
    is_grace: bool
    is_rest: bool
    is_cue: bool
    is_unpitched: bool
    duration: str
    change: Element | None
    pitch: Element | None
    number: int | None
    has_fermata: bool
    ties_on: bool
    tied_from: bool
    lyric: Lyric
    has_syllable: bool


def content_of(note: Element) -> NoteContent:
    """Take a ``<note>`` apart."""
    tags = {child.tag: child for child in note}
    if len(tags) != len(note):
        tags = {child.tag: child for child in reversed(list(note))}
    duration, voice, pitch = tags.get("duration"), tags.get("voice"), tags.get("pitch")
    notations = note.findall("notations") if "notations" in tags else []
    ties: Collection[str] = ()
    if notations or "tie" in tags:
        ties = _ties(note.findall("tie"), notations)
    lyric = lyric_of(note) if "lyric" in tags else ()
    return NoteContent(
        note,
        _staff(tags.get("staff")),
        "1" if voice is None else (voice.text or "").strip(),
        "chord" in tags,
        "grace" in tags,
        "rest" in tags,
        "cue" in tags,
        "unpitched" in tags,
        "" if duration is None else (duration.text or "").strip(),
        tags.get("time-modification"),
        pitch,
        None if pitch is None else _number(pitch),
        any(each.find("fermata") is not None for each in notations),
        "start" in ties,
        "stop" in ties,
        lyric,
        bool(lyric and lyric[0]),
    )


def staff_number(note: Element) -> int:
    """The number of the staff of a note, 1 where it names none.

    Raises:
        ReadError: ``unreadable``.
    """
    text = note.findtext("staff")
    staff = 1 if text is None else whole(text, "staff")
    if not 1 <= staff <= MAX_STAVES:
        raise ReadError("unreadable", f"staff {staff}; allowed are 1 to {MAX_STAVES}")
    return staff


def _staff(element: Element | None) -> int:
    if element is None:
        return 1
    try:
        staff = int(element.text or "")
    except ValueError:
        return 0
    return staff if 1 <= staff <= MAX_STAVES else 0


def _number(pitch: Element) -> int | None:
    try:
        return note_number(pitch)
    except ReadError:
        return None


def _ties(sounding: Sequence[Element], notations: Sequence[Element]) -> set[str]:
    sound = [tie.get("type", "") for tie in sounding]
    return ends_of_ties(sound, [tie.get("type", "") for each in notations for tie in each.findall("tied")])


def ends_of_ties(sound: Sequence[str], engraved: Sequence[str]) -> set[str]:
    """Which ends of ties a note has.

    Those that are engraved count where none is given for the sound; ``let-ring`` leads to no note.

    Args:
        sound: the types of the elements ``<tie>`` of the note.
        engraved: those of its elements ``<tied>``.
    """
    ends = set(sound or engraved)
    if "let-ring" in engraved and "start" not in engraved:
        ends.discard("start")
    return ends | {"start", "stop"} if "continue" in ends else ends
