"""ABC: many tunes per file, one letter per note.

Source: the ABC music standard 2.1 (abcnotation.com/wiki/abc:standard:v2.1).
The reader supports fields, macros, notes, rests, chords, tuplets, broken rhythms, ties, voices,
overlays, lyrics, chord symbols and repeats; slurs and most decorations are ignored. Choices that
the standard leaves open are parameters: the scope of an accidental, whether the end of a line
is the end of a phrase, and whether repeats are unfolded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, get_args

from pipeline.core.music import TICKS_PER_QUARTER, Piece
from pipeline.formats.readers.abc.fields import default_unit, read_unit
from pipeline.formats.readers.abc.lyrics import LyricLines
from pipeline.formats.readers.abc.macros import read_macro
from pipeline.formats.readers.abc.marks import signs_of_marks
from pipeline.formats.readers.abc.music import MusicReader
from pipeline.formats.readers.abc.properties import read_properties, words_of
from pipeline.formats.readers.abc.repeats import read_order
from pipeline.formats.readers.abc.tempo import read_tempo
from pipeline.formats.readers.abc.text import (
    DIRECTIVE,
    FIELD,
    LYRICS,
    NUMBER,
    begins_block,
    lines_of,
    without_comment,
)
from pipeline.formats.readers.abc.trial import begins_with_music
from pipeline.formats.readers.abc.voice import Voice
from pipeline.formats.readers.base.parts import readable_parts
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Staff, Ticks, times
from pipeline.formats.readers.base.unfold import play_out

Carry = Literal["octave", "pitch", "not"]

TEXTS = "TCORA"  # text fields: of several, the first is used
_USER_SYMBOL = re.compile(r"([H-Wh-w~])\s*=\s*[!+\"]([^!+\"]*)")


def read_tune(content: bytes, carry: Carry = "pitch", phrases: bool = False, played: bool = False) -> Piece:
    """Read one tune.

    Args:
        content: the tune in UTF-8, preceded by the fields before the first tune of its file.
        carry: scope of an accidental in its bar, unless the tune sets it:
            its octave, its pitch in all octaves, or only its note.
        phrases: whether a line of the body ends a phrase.
        played: whether repeats are unfolded.

    Raises:
        ReadError: an unknown symbol, no note at all, or no readable part.
    """
    lines = lines_of(content)
    tune = _read(lines, carry, phrases, {})
    rests = {name: voice.place_is_rest() for name, voice in tune.voices.items()}
    if any(map(any, rests.values())):  # the end of each bar was not known in the first pass
        tune = _read(lines, carry, phrases, rests)
    return tune.piece(played)


def _read(lines: Sequence[str], carry: str, phrases: bool, rests: Mapping[str, Sequence[bool]]) -> _Tune:
    has_number = any(line.startswith("X:") for line in lines)
    sung = any(line.startswith(LYRICS) for line in lines)
    tune = _Tune(carry=carry, phrases=phrases, rests=rests, in_file_header=has_number, sung=sung)
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                tune.line(line)
            else:
                tune.empty_line(lines[number:])
        except ReadError as error:
            raise ReadError(error.rule, f"line {number} of the tune: {error}") from None
    for voice in tune.voices.values():
        voice.finish()
    return tune


@dataclass
class _Tune(MusicReader):
    """The state of a tune while its lines are read.

    Attributes:
        rests: by voice, whether each ``x`` before a double bar is a rest.
        in_file_header: whether no X: was read yet; the fields are those of the file.
        sung: whether any line is lyrics.
        file_header_over: whether an empty line ended the file header; free text follows up to X:.
        fields: the fields of the header. Of several text fields (titles) the first is kept,
            of several instructions the last; fields of the tune override those of the file.
        voices: by identifier, in the order of the score; "" before any V:.
        defaults: properties of all voices, from K: of the header.
        declared: the voice that the header declared last.
        tempo: quarter notes per minute when the first note starts.
        continued: the letter of the previous field, which ``+:`` continues.
    """

    carry: str = "pitch"
    phrases: bool = False
    rests: Mapping[str, Sequence[bool]] = field(default_factory=dict)
    in_file_header: bool = False
    sung: bool = False
    file_header_over: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    voices: dict[str, Voice] = field(default_factory=dict)
    declared: Voice | None = None
    transposed: int = 0
    drums: bool = False
    ended: bool = False
    tempo: Fraction | None = None
    continued: str = ""

    def empty_line(self, following: Sequence[str]) -> None:
        """End the file header or the tune; the following lines are free text unless clearly music."""
        if self.voice is not None:
            self.ended = not begins_with_music(following, self.voice)
        elif self.in_file_header and self.fields:
            self.file_header_over = True

    def line(self, line: str) -> None:
        """Read a line of the tune."""
        is_directive = line.startswith(("%%", "I:"))
        if is_directive and begins_block(line):
            raise ReadError("bad_syntax", f"'{line.strip()[:40]}': the block of text has no end")
        if self.ended or (self.file_header_over and not NUMBER.match(line)):
            return
        if is_directive and (found := DIRECTIVE.match(line)):
            self.directive(found[1])
            return
        line = without_comment(line).strip()
        found = FIELD.match(line)
        if found is not None:
            self.field(found[1], found[2].strip())
        elif line and self.voice is not None:
            continued = line.endswith("\\")
            self.music(line.rstrip("\\"))
            if self.phrases and not continued:
                self.voice.line_end()

    def directive(self, words: str) -> None:
        """``%%`` or ``I:``: the scope of accidentals, and playback settings for pitch and percussion."""
        name, _, value = words.replace("=", " ", 1).partition(" ")
        name, value = name.lower(), " ".join(value.split()).lower()
        if name == "propagate-accidentals" and value in get_args(Carry):
            self.carry = value
            for voice in self.voices.values():
                voice.carry = value
        elif found := re.match(r"(channel|r?transpose) ([-+]?\d{1,2})\b", value) if name == "midi" else None:
            if found[1] == "channel":
                self.set_drums(int(found[2]) == 10)
            else:
                self.transpose(int(found[2]) + (self.transposed if found[1] == "rtranspose" else 0))

    def set_drums(self, drums: bool) -> None:
        """Set the MIDI channel of the current voice, or of all following voices if there is none."""
        voice = self.voice or self.declared
        if voice is None:
            self.drums = drums
        else:
            voice.drums = drums

    def transpose(self, semitones: int) -> None:
        """Transpose all voices from here on."""
        self.transposed = semitones
        for voice in self.voices.values():
            voice.transpose(semitones)

    def field(self, letter: str, value: str) -> None:
        """A field on a line of its own, or between brackets."""
        before, self.continued = self.continued, letter if letter != "+" else self.continued
        if letter == "U":
            if found := _USER_SYMBOL.match(value):
                self.symbols[found[1]] = found[2].strip("^_<>@ ")
        elif letter == "m":
            if macro := read_macro(value):
                self.macros[macro[0]] = macro[1]
        elif letter == "I":
            self.directive(value)
        elif self.voice is None:
            self.header_field(letter, value)
        elif letter == "V":
            self.voice = self.start_voice(value)
        elif letter == "K":
            self.voice.set_key(value)
        elif letter == "M":
            self.voice.set_meter(value)
        elif letter == "L":
            try:
                self.voice.unit = _unit_ticks(value)
            except ReadError as error:
                self.spoil(error)
        elif letter == "P":
            self.voice.section(value)
        elif letter == "w" or (letter == "+" and before == "w"):
            if self.voice.lyrics is not None:
                self.voice.lyrics.add_line(value, continues=letter == "+")
        elif letter == "Q" and self.voice.is_silent:
            self.tempo = read_tempo(value, _of_a_whole(self.voice.unit))

    def inline_field(self, letter: str, value: str) -> None:
        """A field between brackets."""
        self.field(letter, value)

    def header_field(self, letter: str, value: str) -> None:
        """A field of the header; K: ends it."""
        if letter == "X":
            self.in_file_header = self.file_header_over = False
            self.own.clear()
        elif letter == "V":
            self.declared = self.start_voice(value)
        elif letter not in TEXTS or letter not in self.own:
            self.own.add(letter)
            self.fields[letter] = value
        if letter == "K" and not self.in_file_header:
            if not self.voices:
                self.start_voice("")
            for voice in self.voices.values():
                self.prepare(voice)
            self.voice = next(iter(self.voices.values()))
            if "Q" in self.fields:
                self.tempo = read_tempo(self.fields["Q"], _of_a_whole(self.voice.unit))

    def start_voice(self, value: str) -> Voice:
        """The voice of a field V:; a new voice starts with the settings of the header."""
        identifier, *words = words_of(value) or [""]
        if (
            identifier == "1" and "1" not in self.voices and "" in self.voices
        ):  # notes before any V: belong to voice 1
            self.voices = {name or "1": voice for name, voice in self.voices.items()}
        properties = read_properties(words)
        voice = self.voices.get(identifier)
        if voice is None:
            voice = Voice(
                Staff(lines=[]),
                0,
                carry=self.carry,
                transposed=self.transposed,
                drums=self.drums,
                rests=self.rests.get(identifier, ()),
                lyrics=LyricLines() if self.sung else None,
            )
            self.voices[identifier] = voice
            if self.voice is not None:
                self.prepare(voice)
        voice.set_properties(properties.over(voice.properties))
        voice.staff.name = voice.properties.name or ""
        return voice

    def prepare(self, voice: Voice) -> None:
        """Give a voice the header's key, meter and unit length; its own properties override those of K:."""
        own = voice.properties
        voice.set_meter(self.fields.get("M", ""))
        voice.set_key(self.fields["K"])
        voice.set_properties(own.over(voice.properties)._replace(name=own.name))
        voice.unit = (
            _unit_ticks(self.fields["L"])
            if "L" in self.fields
            else times(4 * TICKS_PER_QUARTER, *default_unit(voice.meter).as_integer_ratio())
        )

    def piece(self, played: bool) -> Piece:
        """The finished piece."""
        if self.voice is None:
            raise ReadError("unreadable", "there is no field K:, so there is no music")
        drums = [staff for name, voice in self.voices.items() for staff in voice.left_out(name)]
        staves = [voice.staff for voice in self.voices.values() if voice.staff.end or voice.staff.fault]
        if not any(staff.notes or staff.fault == "percussion" for staff in staves):
            raise self.spoiled or ReadError("no_notes", "the tune holds no note")
        if played:
            voices = self.voices.values()
            signs = [sign for voice in voices for sign in voice.signs]
            jumps, n_ignored = signs_of_marks([mark for voice in voices for mark in voice.marks])
            staves = play_out(staves, signs + jumps, read_order(self.fields.get("P", "")), n_ignored)
        try:
            parts, left_out = readable_parts([*staves, *drums])
        except ReadError as error:
            raise (self.spoiled if error.rule == "bad_value" and self.spoiled else error) from None
        title, composer, origin, tune_type, region = (self.fields.get(letter, "") for letter in TEXTS)
        return Piece(title, composer, parts, origin, left_out, tune_type, region, self.tempo)


def _of_a_whole(unit: Ticks) -> Fraction:
    return Fraction(unit) / (4 * TICKS_PER_QUARTER)


def _unit_ticks(words: str) -> Ticks:
    return times(4 * TICKS_PER_QUARTER, *read_unit(words).as_integer_ratio())
