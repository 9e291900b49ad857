"""Plain notes of a MusicXML score, read by a regular expression instead of an XML parser.

Most notes have a pitch, a duration, a voice and a type, and perhaps a staff, ties, slurs and syllables,
in the order and with the attributes that programs write. The pattern matches well-formed XML only; any
other note is parsed.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from pipeline.formats.readers.base.lyrics import Lyric, with_syllable
from pipeline.formats.readers.musicxml.note import MAX_STAVES, NoteContent, ends_of_ties
from pipeline.formats.readers.musicxml.values import number_of
from pipeline.formats.readers.musicxml.words import syllable

LEVELS = 3  # of the elements of a plain note: note, pitch, step

_SPACE = rb"[ \t\r\n]*"
_PLACED = rb'(?: orientation="[a-z]+")?(?: placement="[a-z]+")?'
_SLUR = rb'<slur type="[a-z]+"' + _PLACED + rb'(?: number="[1-9]")? ?/>'
_TIED = rb'<tied type="[a-z-]+"' + _PLACED + rb" ?/>"
_OTHERS = (  # no reader looks into them
    rb'<arpeggiate(?: number="[1-9]")? ?/>|'
    rb'<articulations>~(?:<(?!fermata)[a-z]+(?:-[a-z]+)?(?: placement="[a-z]+")? ?/>~)+</articulations>'
)
_FERMATA = rb'<fermata(?: type="[a-z]+")? ?/>'
_AT = rb"".join(
    rb'(?: %b="-?[0-9]{1,9}(?:\.[0-9]{1,9})?")?' % name
    for name in (b"default-x", b"default-y", b"relative-y")
)
# no sign that must be escaped, no control character, nothing beyond U+CFFF, where some are forbidden
_TEXT = rb"[^<>&\]\x00-\x1f\x7f\xed-\xff]*"
_LYRIC = (
    rb'<lyric(?: name="[0-9]+")?(?: number="([1-9])")?'
    + _AT
    + rb">~(?:<syllabic>([a-z]+)</syllabic>~)?<text>("
    + _TEXT
    + rb")</text>~"
    rb'(?:<extend(?: type="[a-z]+")? ?/>~)?</lyric>~'
)
# what is printed, and what no reader looks at
_PRINTED = (
    rb'(?:<accidental(?: cautionary="yes")?(?: parentheses="yes")?>[a-z-]+</accidental>~)?'
    rb'(?:<stem(?: default-y="-?[0-9]{1,9}(?:\.[0-9]{1,9})?")?>[a-z]+</stem>~)?'
)
_BEAMS = rb'(?:<beam number="[1-8]">[a-z ]+</beam>~){0,9}'


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern in which ~ is white space."""
    return re.compile(pattern.replace(b"~", _SPACE))


_NOTE = _compiled(
    rb"<note>~(<chord ?/>~)?"
    rb"<pitch>~<step>([A-G])</step>~(?:<alter>(-?[0-9])</alter>~)?<octave>([0-9])</octave>~</pitch>~"
    rb"<duration>([0-9]+)</duration>~"
    rb'((?:<tie type="[a-z]+" ?/>~){0,9})'
    rb"(?:<voice>([0-9]+)</voice>~)?(?:<type>[a-z0-9]+</type>~)?(?:<dot ?/>~){0,9}"
    + _PRINTED
    + rb"(?:<staff>([0-9]{1,2})</staff>~)?"
    + _BEAMS
    + rb"(?:<notations>((?:~(?:%b)){1,99})~</notations>~)?" % b"|".join((_SLUR, _TIED, _FERMATA, _OTHERS))
    + rb"((?:%b){0,99})" % re.sub(rb"\((?!\?)", rb"(?:", _LYRIC)
)
_LYRICS = _compiled(_LYRIC)
_TIE = re.compile(rb'<tie type="([a-z]+)"')
_TIED_ENDS = re.compile(rb'<tied type="([a-z-]+)"')
_ELEMENT, _PITCH = Element("note"), Element("pitch")  # those of all plain notes


def plain_note(text: bytes) -> NoteContent | None:
    """The content of a plain note from its text up to ``</note>``; None for any other note."""
    match = _NOTE.fullmatch(text)
    if match is None:
        return None
    chord, step, alter, octave, duration, sounding, voice, staff_digits, notations, words = match.groups()
    staff = 1 if staff_digits is None else int(staff_digits)
    if not 1 <= staff <= MAX_STAVES:
        return None
    ties: set[str] = set()
    if sounding or notations:
        sound = [end.decode() for end in _TIE.findall(sounding)]
        ties = ends_of_ties(sound, [end.decode() for end in _TIED_ENDS.findall(notations or b"")])
    lyric: Lyric = ()
    if words:
        try:
            lyric = _lyric(words)
        except UnicodeDecodeError:
            return None
    return NoteContent(
        _ELEMENT,
        staff,
        "1" if voice is None else voice.decode(),
        chord is not None,
        False,
        False,
        False,
        False,
        duration.decode(),
        None,
        _PITCH,
        number_of(step.decode(), "0" if alter is None else alter.decode(), octave.decode()),
        notations is not None and b"<fermata" in notations,
        "start" in ties,
        "stop" in ties,
        lyric,
        bool(lyric and lyric[0]),
    )


def _lyric(words: bytes) -> Lyric:
    lyric: Lyric = ()
    for verse, syllabic, text in _LYRICS.findall(words):
        sung = syllable(text.decode(), syllabic in (b"begin", b"middle"))
        if sung:
            lyric = with_syllable(lyric, int(verse or b"1"), sung)
    return lyric
