"""Plain notes of a MusicXML score, read by regular expressions instead of an XML parser.

Most notes have a pitch or are rests, and have a duration, a voice and a type, and perhaps a staff, ties,
slurs and syllables, in the order and with the attributes that programs write. The text of a note is
divided at the end of its ``<duration>`` and at its first ``<lyric>``. Few such texts differ, also among
scores, so the contents of the first two are cached. The patterns match well-formed XML only; any other
note is parsed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from xml.etree.ElementTree import Element, SubElement

from pipeline.formats.readers.base.lyrics import Lyric, with_syllable
from pipeline.formats.readers.musicxml.note import MAX_STAVES, Body, Head, NoteContent, content, ends_of_ties
from pipeline.formats.readers.musicxml.values import number_of
from pipeline.formats.readers.musicxml.words import syllable

LEVELS = 3  # of the elements of a plain note: note, pitch, step
LONGEST = 2000  # bytes of a text whose content is cached

_END = b"</duration>"
_SPACE = rb"[ \t\r\n]*"
_NUMBER = rb"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"
# attributes that no reader looks at; whether any is there twice is checked apart
_ANY = rb'(?: (?!xmlns)[a-z][a-z-]*="[^"<>&=\x00-\x1f\x7f-\xff]*")*'
_EMPTY = rb"<%b" + _ANY + rb" ?/>"
_SLUR, _TIED = _EMPTY % b"slur", rb'<tied type="[a-z-]+"' + _ANY + rb" ?/>"
_FERMATA = rb"<fermata" + _ANY + rb"(?: ?/>|>(?:normal)?</fermata>)"
_OTHERS = rb"|".join(
    (
        _EMPTY % b"tuplet",
        _EMPTY % b"arpeggiate",
        rb"<articulations>~(?:<(?!fermata)[a-z]+(?:-[a-z]+)?%b ?/>~)+</articulations>" % _ANY,
    )
)
# attributes of syllables, which are too different to be cached
_AT = rb"".join(rb'(?: %b="%b")?' % (name, _NUMBER) for name in (b"default-x", b"default-y", b"relative-y"))
_FONT = rb"".join(
    rb'(?: font-%b="[A-Za-z0-9. ]+")?' % name for name in (b"family", b"style", b"size", b"weight")
)
# no sign that must be escaped, no control character, nothing beyond U+CFFF, where some are forbidden
_TEXT = rb"[^<>&\]\x00-\x1f\x7f\xed-\xff]*"
_TUPLET = (
    rb"(?:<time-modification>~<actual-notes>([0-9]{1,6})</actual-notes>~"
    rb"<normal-notes>([0-9]{1,6})</normal-notes>~"
    rb"(?:<normal-type>[a-z0-9]+</normal-type>~)?</time-modification>~)?"
)


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern in which ~ is white space."""
    return re.compile(pattern.replace(b"~", _SPACE))


_HEAD = _compiled(
    rb"(?:<note%b>)?~(<chord ?/>~)?"
    % _ANY
    + rb"(?:<pitch>~<step>([A-G])</step>~(?:<alter>(-?[0-9])</alter>~)?<octave>([0-9])</octave>~</pitch>|"
    rb'<rest(?: measure="(yes|no)")? ?/>)~'
    rb"<duration>([0-9]+)"
)
_BODY = _compiled(
    rb'~((?:<tie type="[a-z]+" ?/>~){0,9})'
    rb"(?:<voice>([0-9]+)</voice>~)?(?:<type>([a-z0-9]+)</type>~)?"
    rb"((?:<dot%b ?/>~){0,9})"
    % _ANY
    + rb"(?:<accidental%b>[a-z-]+</accidental>~)?" % _ANY
    + _TUPLET
    + rb"(?:<stem%b>[a-z]+</stem>~)?" % _ANY
    + rb"(?:<notehead%b>[a-z -]+</notehead>~)?" % _ANY
    + rb"(?:<staff>([0-9]{1,2})</staff>~)?"
    rb'(?:<beam number="[1-8]">[a-z ]+</beam>~){0,9}'
    rb"((?:<notations%b>(?:~(?:%b)){1,99}~</notations>~){0,9})"
    % (_ANY, b"|".join((_SLUR, _TIED, _FERMATA, _OTHERS)))
)
_LYRIC = _compiled(
    rb'<lyric(?: name="[0-9]+")?(?: number="([1-9])")?%b>~(?:<syllabic>([a-z]+)</syllabic>~)?' % _AT
    + rb"<text%b>(%b)</text>~" % (_FONT, _TEXT)
    + rb'(?:<extend(?: type="[a-z]+")? ?/>~)?</lyric>~'
)
_TWICE = re.compile(rb' ([a-z-]+)="[^<>]* \1="')  # an attribute that its tag has twice, which is no XML
_TIE = re.compile(rb'<tie type="([a-z]+)"')
_TIED_ENDS = re.compile(rb'<tied type="([a-z-]+)"')
_ELEMENT, _PITCH = Element("note"), Element("pitch")  # those of all plain notes
_BEGINS = (b"begin", b"middle")  # syllables whose word continues


def plain_note(text: bytes) -> NoteContent | None:
    """The content of a plain note; None for any other note.

    Args:
        text: up to ``</note>``, and from ``<note>`` on or without that.
    """
    first, _, rest = text.partition(_END)
    at = rest.find(b"<lyric")
    lyric: Lyric | None = ()
    if at >= 0:
        lyric = _lyric(rest, at)
        rest = rest[:at]
    if lyric is None or len(text) > LONGEST:
        return None
    head, body = _head(first), _body(rest)
    return None if head is None or body is None else content(head, body, lyric)


@lru_cache(maxsize=4096)
def _head(text: bytes) -> Head | None:
    """What a note holds up to the number of its duration, from that text."""
    match = _HEAD.fullmatch(text)
    if match is None or _TWICE.search(text):
        return None
    chord, step, alter, octave, measure, duration = match.groups()
    is_rest = step is None
    number = None if is_rest else number_of(step.decode(), (alter or b"0").decode(), octave.decode())
    return Head(
        duration.decode(),
        number,
        is_plain=not is_rest or (chord is None and measure != b"yes"),
        in_chord=chord is not None,
        is_rest=is_rest,
        fills_bar=measure == b"yes",
        pitch=None if is_rest else _PITCH,
    )


@lru_cache(maxsize=4096)
def _body(text: bytes) -> Body | None:
    """What a note holds after its duration and before its syllables, from that text."""
    match = _BODY.fullmatch(text)
    if match is None or _TWICE.search(text):
        return None
    sounding, voice, kind, dots, actual, normal, staff_digits, notations = match.groups()
    staff = 1 if staff_digits is None else int(staff_digits)
    if not 1 <= staff <= MAX_STAVES:
        return None
    ties: set[str] = set()
    if sounding or notations:
        engraved = [end.decode() for end in _TIED_ENDS.findall(notations)]
        ties = ends_of_ties([end.decode() for end in _TIE.findall(sounding)], engraved)
    return Body(
        staff,
        "1" if voice is None else voice.decode(),
        None if kind is None else kind.decode(),
        dots.count(b"<dot"),
        None if actual is None else _change(actual, normal),
        b"<fermata" in notations,
        "start" in ties,
        "stop" in ties,
        _ELEMENT,
    )


def _change(actual: bytes, normal: bytes) -> Element:
    change = Element("time-modification")
    SubElement(change, "actual-notes").text = actual.decode()
    SubElement(change, "normal-notes").text = normal.decode()
    return change


def _lyric(text: bytes, place: int) -> Lyric | None:
    """The syllables that a text holds from a place on; None if it holds anything else."""
    lyric: Lyric = ()
    while place < len(text):
        match = _LYRIC.match(text, place)
        if match is None:
            return None
        verse, syllabic, words = match.groups()
        try:
            sung = syllable(words.decode(), syllabic in _BEGINS)
        except UnicodeDecodeError:
            return None
        if sung:
            lyric = with_syllable(lyric, int(verse or b"1"), sung)
        place = match.end()
    return lyric
