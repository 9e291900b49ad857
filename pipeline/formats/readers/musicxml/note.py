"""What a ``<note>`` of a MusicXML score contains, wherever in the score it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from pipeline.formats.readers.base.lyrics import Lyric
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.musicxml.values import note_number, whole
from pipeline.formats.readers.musicxml.words import lyric_of

MAX_STAVES = 16


class Head(NamedTuple):
    """What sounds in a note or rest, and how long.

    Attributes:
        duration: the text of its duration, "" if it has none.
        number: the MIDI note number as written; None if it has no pitch or no such number.
        is_plain: whether it has a number and is nothing but a note, perhaps of a chord; or is
            nothing but a rest, and no rest for the bar.
        is_unpitched: whether it has ``<unpitched>``.
        fills_bar: whether it is a rest for the bar by its attribute ``measure``.
        pitch: its ``<pitch>``.
    """

    duration: str
    number: int | None
    is_plain: bool
    in_chord: bool = False
    is_rest: bool = False
    is_grace: bool = False
    is_cue: bool = False
    is_unpitched: bool = False
    fills_bar: bool = False
    pitch: Element | None = None


class Body(NamedTuple):
    """What else a note or rest holds, its syllables aside.

    Attributes:
        staff: the number of its staff; 0 if that is invalid.
        kind: the text of its ``<type>``; None without one.
        change: its ``<time-modification>``.
        ties_on, tied_from: whether a tie begins and ends here.
        element: the ``<note>``, for what few notes have.
    """

    staff: int
    voice: str
    kind: str | None
    n_dots: int
    change: Element | None
    has_fermata: bool
    ties_on: bool
    tied_from: bool
    element: Element


# whether it belongs to a chord; whether it has neither fermata nor syllable; staff, duration and
# <time-modification>; and of a note its number, the ends of its ties, fermata and syllables
Sound = tuple[bool, bool, int, str, Element | None, tuple[int, bool, bool, bool, Lyric] | None]


class NoteContent(NamedTuple):
    """The content of a note or rest. Of several elements with one tag, the first counts.

    Attributes:
        lyric: its syllable in each verse.
        sound: what plain notes have, and rests that fill no bar, in a few values; None for others.
    """

    head: Head
    body: Body
    lyric: Lyric
    sound: Sound | None

    @property
    def has_syllable(self) -> bool:
        """Whether it has a syllable in the first verse."""
        return bool(self.lyric and self.lyric[0])


def content(head: Head, body: Body, lyric: Lyric) -> NoteContent:
    """The content of a note from its elements."""
    sound: Sound | None = None
    if head.is_plain and head.number is not None and body.staff:
        ends = (head.number, body.ties_on, body.tied_from, body.has_fermata, lyric)
        is_bare = not (lyric or body.has_fermata)
        sound = (head.in_chord, is_bare, body.staff, head.duration, body.change, ends)
    elif head.is_plain and body.kind not in (None, "whole") and body.staff and not lyric:
        sound = (False, True, body.staff, head.duration, body.change, None)
    values = (head, body, lyric, sound)
    return tuple.__new__(NoteContent, values)  # what its constructor calls, only quicker


def content_of(note: Element) -> NoteContent:
    """Take a ``<note>`` apart."""
    tags = {child.tag: child for child in note}
    if len(tags) != len(note):
        tags = {child.tag: child for child in reversed(list(note))}
    return content(_head(note, tags), _body(note, tags), lyric_of(note) if "lyric" in tags else ())


def _head(note: Element, tags: Mapping[str, Element]) -> Head:
    duration, pitch = tags.get("duration"), tags.get("pitch")
    number = None if pitch is None else _number(pitch)
    is_rest, is_odd = "rest" in tags, "grace" in tags or "cue" in tags or "unpitched" in tags
    fills_bar = is_rest and note.find("rest[@measure='yes']") is not None
    is_rest_alone = is_rest and pitch is None and "chord" not in tags and not fills_bar
    return Head(
        "" if duration is None else (duration.text or "").strip(),
        number,
        not is_odd and (is_rest_alone or (number is not None and not is_rest)),
        "chord" in tags,
        is_rest,
        "grace" in tags,
        "cue" in tags,
        "unpitched" in tags,
        fills_bar,
        pitch,
    )


def _body(note: Element, tags: Mapping[str, Element]) -> Body:
    voice, kind = tags.get("voice"), tags.get("type")
    notations = note.findall("notations") if "notations" in tags else []
    ties: Collection[str] = ()
    if notations or "tie" in tags:
        ties = _ties(note.findall("tie"), notations)
    return Body(
        _staff(tags.get("staff")),
        "1" if voice is None else (voice.text or "").strip(),
        None if kind is None else kind.text or "",
        len(note.findall("dot")) if "dot" in tags else 0,
        tags.get("time-modification"),
        any(each.find("fermata") is not None for each in notations),
        "start" in ties,
        "stop" in ties,
        note,
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
