"""ABC: many tunes a file, one letter a note.

Source: the ABC music standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1).
Read are fields, notes, rests, chords, tuplets, broken rhythms, ties, voices and
overlays; decorations, slurs, lyrics and chord symbols are passed over. What the
standard leaves open is a parameter: how far an accidental reaches, whether a
line's end is a phrase's end, and whether repeats are played out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from pipeline.core.music import TICKS_PER_QUARTER, Piece
from pipeline.formats.readers.abc.fields import (
    NO_KEY,
    default_unit,
    note_length,
    read_key,
    read_meter,
    read_unit,
    sound_shift,
    voice_name,
)
from pipeline.formats.readers.abc.repeats import read_order
from pipeline.formats.readers.abc.voice import Voice
from pipeline.formats.readers.base.source import ReadError, Source, decode
from pipeline.formats.readers.base.staff import Staff, Ticks, times
from pipeline.formats.readers.base.unfold import play_out

Carry = Literal["octave", "pitch", "not"]

_NUMBER = re.compile(r"^X:[ \t]*(.*)$", re.MULTILINE)
_FIELD = re.compile(r"([A-Zmrsw+]):(?![|:])(.*)")
_COMMENT = re.compile(r"(?<!\\)%.*")
_MAILED = re.compile(r"=(20|3D|[ \t]*\n)")  # quoted-printable, left by electronic mail; no ABC looks so
_CARRY = re.compile(r"^(?:%%|I:\s*)propagate-accidentals\s+(octave|pitch|not)\b", re.MULTILINE)

_ENDING = re.compile(r"[1-9](?=[\s(\"A-Ga-g])")  # its bar line ends the line before
_NOTE = r"([_^=]*)([a-gA-G][,']*)"
_LENGTH = r"(\d{0,9})(/*)(\d{0,9})"  # longer numbers are no lengths
_IN_CHORD = re.compile(rf"{_NOTE}{_LENGTH}(-?)")
_IN_GRACE = re.compile(_NOTE)
_TOKEN = re.compile(
    rf"""
      {_NOTE}{_LENGTH}[ ]*                                    # 1–5
    | (?P<bar>\.?:*\|+[|:\]]*|\[\|[|:\]]*|:+)(?:\[?(?P<volta>\d[\d,.-]*))?[ ]*
    | (?P<tie>-)
    | (?P<broken>>+|<+)
    | \((?P<p>\d{{1,9}})(?::(?P<q>\d{{0,9}}))?(?::(?P<r>\d{{0,9}}))?
    | (?P<quoted>"[^"]*"?)
    | \{{(?P<grace>[^}}]*)\}}?
    | \[(?P<inline>[A-Zr]):(?P<value>[^\]]*)\]
    | (?P<ending>\[\d[\d,.-]*|\["[^"]*"(?=\s))
    | (?:\[(?P<chord>(?:"[^"]*"|[^\]"|])*)\]|\+(?P<old>(?:[_^=]*[a-gA-G][,']*\d*(?:/+\d*)?)+)\+)
      (?P<clength>\d{{0,9}})(?P<cslashes>/*)(?P<cdivisor>\d{{0,9}})
    | (?P<place>x(?=\s*(?:\|[|\]:]|:+\||\[\|)))
    | (?P<rest>[zx])(?P<rlength>\d{{0,9}})(?P<rslashes>/*)(?P<rdivisor>\d{{0,9}})
    | (?P<bars>[ZX])(?P<count>\d{{0,9}})
    | (?P<overlay>&)
    | (?P<mark>![^!\s|\[\]]+!|\+[A-Za-z][^+\s|\[\]]*\+)
    | (?P<skipped>y\d*|[\s`~.()!$\\*;?@#H-Wh-w\]])
    """,
    re.VERBOSE,
)


def matches(content: bytes) -> bool:
    """Whether a file is ABC: a field X: or K: begins a line of its text."""
    return re.search(rb"(?:^|[\r\n])(?:\xef\xbb\xbf)?[XK]:", content) is not None and b"\0" not in content


def split_tunes(content: bytes) -> list[Source]:
    """The tunes of a file, each with the fields that stand before the first.

    A tune is named by its number: ``X:0017`` is "17"; where a number is repeated
    the second is "17.2". A file of one tune is the piece, and has no name.
    """
    text = decode(content)
    begins = [found.start() for found in _NUMBER.finditer(text)]
    if len(begins) <= 1:
        return [Source("", "abc", text.encode())]
    head = text[: begins[0]]
    sources, seen = [], Counter[str]()
    for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
        tune = text[begin:end]
        found = _NUMBER.match(tune)
        name = _COMMENT.sub("", found[1] if found else "").strip()
        name = str(int(name)) if re.fullmatch(r"[0-9]{1,18}", name) else "-".join(name.split())
        seen[name] += 1
        name = name if seen[name] == 1 else f"{name}.{seen[name]}"
        sources.append(Source(name, "abc", (head + tune).encode()))
    return sources


def read_tune(content: bytes, carry: Carry = "octave", phrases: bool = False, played: bool = False) -> Piece:
    """Read one tune.

    Args:
        content: the tune, in UTF-8.
        carry: how far an accidental reaches in its bar, unless the tune says it:
            its octave, its pitch in all octaves, or not at all.
        phrases: a line of the body ends a phrase.
        played: repeats are played out.

    Raises:
        ReadError: a field or a note that cannot be understood, or no note at all.
    """
    text = _MAILED.sub(lambda found: {"20": " ", "3D": "="}.get(found[1], ""), decode(content))
    said = _CARRY.search(text)
    tune = _Tune(str(said[1]) if said else carry, phrases)
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            tune.line(line)
        except ReadError as error:
            raise ReadError(error.rule, f"line {number} of the tune: {error}") from None
    return tune.piece(played)


@dataclass
class _Tune:
    """A tune while its lines are read.

    Attributes:
        fields: the header's fields, the first of each letter.
        voices: by identifier, in the order of the score; "" before any V:.
        voice: where notes go now; None in the header.
    """

    carry: str
    phrases: bool
    fields: dict[str, str] = field(default_factory=dict)
    voices: dict[str, Voice] = field(default_factory=dict)
    voice: Voice | None = None
    ended: bool = False

    def line(self, line: str) -> None:
        """Read a line of the tune."""
        if not line.strip():
            self.ended = self.voice is not None
        line = _COMMENT.sub("", line).strip()
        if not line:
            return
        found = _FIELD.match(line)
        if self.ended and (found is not None or "|" not in line):
            return  # free text after the tune; a line with bar lines goes on with it
        if found is not None:
            self.field(found[1], found[2].strip())
        elif self.voice is not None:
            continued = line.endswith("\\")
            self.music(line.rstrip("\\"))
            if self.phrases and not continued:
                self.voice.line_end()

    def field(self, letter: str, value: str) -> None:
        """A field on a line of its own, or between brackets."""
        if self.voice is None:
            if letter == "V":
                self.start_voice(value)
            self.fields.setdefault(letter, value)
            if letter == "K":
                self.start_body()
        elif letter == "V":
            self.voice = self.start_voice(value)
        elif letter == "K":
            self.voice.set_key(read_key(value))
        elif letter == "M":
            self.voice.set_meter(read_meter(value))
        elif letter == "L":
            self.voice.unit = _unit_ticks(value)
        elif letter == "P":
            self.voice.section(value)

    def start_body(self) -> None:
        """The header is at its end: all voices begin as it says."""
        for voice in self.voices.values():
            self.prepare(voice)
        self.voice = next(iter(self.voices.values())) if self.voices else self.start_voice("")

    def start_voice(self, text: str) -> Voice:
        """The voice that a field V: names; a new one begins as the header says."""
        identifier, name = voice_name(text)
        voice = self.voices.get(identifier)
        if voice is None:
            voice = Voice(Staff(name=name, lines=[]), 0, self.carry, shift=sound_shift(text))
            self.voices[identifier] = voice
            if "K" in self.fields:
                self.prepare(voice)
        return voice

    def prepare(self, voice: Voice) -> None:
        """Give a voice the header's key, meter and unit length."""
        meter = read_meter(self.fields.get("M", ""))
        voice.set_meter(meter)
        key = read_key(self.fields["K"])
        if key != NO_KEY:
            voice.set_key(key)
        voice.shift += key.shift
        voice.unit = (
            _unit_ticks(self.fields["L"])
            if "L" in self.fields
            else times(4 * TICKS_PER_QUARTER, *default_unit(meter).as_integer_ratio())
        )

    def music(self, line: str) -> None:
        """A line of notes."""
        ending = _ENDING.match(line) if self.voice is not None and self.voice.at_bar_line() else None
        place = ending.end() if ending else 0
        if ending and self.voice is not None:
            self.voice.ending(ending[0])
        while place < len(line):
            found = _TOKEN.match(line, place)
            if found is None:
                raise ReadError("bad_syntax", _not_understood(line, place))
            self.token(found)
            place = found.end()

    def token(self, found: re.Match[str]) -> None:
        """One note, rest, bar line or sign."""
        voice = self.voice
        if voice is None:
            return
        kind = found.lastgroup
        if kind is None:
            accidental, name, length, slashes, divisor = found.group(1, 2, 3, 4, 5)
            pitches = [(name, voice.pitch(accidental, name))]
            voice.add(pitches, note_length(voice.unit, length, slashes, divisor), [False])
        elif kind in ("bar", "volta"):
            voice.bar_line(found["bar"])
            voice.ending(found["volta"] or "")
        elif kind in ("skipped", "mark"):
            voice.fermata = voice.fermata or found[0] in ("H", "!fermata!", "+fermata+")
        elif kind == "ending":
            voice.ending(found["ending"])
        elif kind == "tie":
            voice.tie()
        elif kind == "broken":
            voice.break_rhythm(found["broken"])
        elif kind in ("p", "q", "r"):
            normal, count = (int(found[name]) if found[name] else None for name in "qr")
            voice.start_tuplet(int(found["p"]), normal, count)
        elif kind == "grace":
            _grace(voice, found["grace"])
        elif kind == "value":
            self.field(found["inline"], found["value"].strip())
        elif kind == "cdivisor":
            _chord(voice, found)
        elif kind == "rdivisor":
            voice.add([], note_length(voice.unit, *found.group("rlength", "rslashes", "rdivisor")), [])
        elif kind == "count":
            voice.rest_bars(int(found["count"] or 1))
        elif kind == "place":
            voice.place()
        elif kind == "overlay":
            voice.overlay()

    def piece(self, played: bool) -> Piece:
        """The finished piece."""
        if "K" not in self.fields:
            raise ReadError("unreadable", "no field K:, so no music begins")
        staves = [voice.finish() for voice in self.voices.values()]
        if not any(staff.notes for staff in staves):
            raise ReadError("no_notes", "the tune holds no note")
        if played:
            signs = [sign for voice in self.voices.values() for sign in voice.signs]
            staves = play_out(staves, signs, read_order(self.fields.get("P", "")))
        title, composer, origin = (" ".join(self.fields.get(letter, "").split()) for letter in "TCO")
        return Piece(title, composer, tuple(staff.part() for staff in staves if staff.end), origin)


def _chord(voice: Voice, found: re.Match[str]) -> None:
    """``[ceg]2``, in old files ``+ceg+2``: notes at one time; the first one's length counts for all."""
    members = _IN_CHORD.findall(re.sub(r'"[^"]*"|![^!]*!', "", found["chord"] or found["old"] or ""))
    if not members:
        return
    inner = note_length(voice.unit, *members[0][2:5])
    outer = note_length(1, *found.group("clength", "cslashes", "cdivisor"))
    numerator, denominator = outer.as_integer_ratio()
    pitches = [(name, voice.pitch(accidental, name)) for accidental, name, *_ in members]
    voice.add(pitches, times(inner, numerator, denominator), [bool(member[5]) for member in members])


def _grace(voice: Voice, notes: str) -> None:
    """Grace notes are left out and counted; their accidentals last to the bar's end."""
    for accidental, name in _IN_GRACE.findall(notes):
        voice.staff.n_grace += 1
        if accidental:
            voice.pitch(accidental, name)


def _unit_ticks(text: str) -> Ticks:
    return times(4 * TICKS_PER_QUARTER, *read_unit(text).as_integer_ratio())


def _not_understood(line: str, place: int) -> str:
    what = "a number without a note" if line[place].isdigit() else f"{line[place]!r} is no sign of ABC"
    return f"{what}, at '{line[max(0, place - 12) : place]} → {line[place : place + 12]}'"
