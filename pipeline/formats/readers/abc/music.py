"""Read lines of ABC music, symbol by symbol, into the current voice."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.formats.readers.abc.fields import note_length
from pipeline.formats.readers.abc.macros import expanded
from pipeline.formats.readers.abc.marks import SYMBOLS
from pipeline.formats.readers.abc.tokens import (
    ENDING_AT_LINE_START,
    TOKEN,
    chord_members,
    grace_notes,
    not_understood,
)
from pipeline.formats.readers.abc.voice import Voice
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import times

OF_ONE_NOTE = (
    "bad_duration",
    "bad_tuplet",
    "bad_value",
    "bad_unit",
)  # faults of a voice, not the tune


@dataclass
class MusicReader:
    """Reads lines of music.

    Attributes:
        voice: the current voice; None in the header.
        symbols: letter → decoration.
        macros: symbols → the music that replaces them.
        expanded: characters that macros have produced so far.
        spoiled: the first error that makes only a voice unreadable.
    """

    voice: Voice | None = None
    symbols: dict[str, str] = field(default_factory=lambda: dict(SYMBOLS))
    macros: dict[str, str] = field(default_factory=dict)
    expanded: int = 0
    spoiled: ReadError | None = None

    def music(self, line: str) -> None:
        """A line of notes."""
        voice = self.voice
        if voice is None:
            return
        if self.macros:
            line, self.expanded = expanded(line, self.macros, self.expanded)
        ending = ENDING_AT_LINE_START.match(line) if voice.at_bar_line() else None
        place = ending.end() if ending else 0
        if ending:
            voice.ending(ending[0])
        next_token = TOKEN.scanner(line, place).match  # type: ignore[attr-defined]  # not in typeshed
        while found := next_token():
            try:
                self.token(found)
            except ReadError as error:
                self.spoil(error)
            place = found.end()
        if place < len(line):
            raise not_understood(line, place)

    def spoil(self, error: ReadError) -> None:
        """Record an impossible value as a fault of its voice; raise every other error."""
        if error.rule not in OF_ONE_NOTE or self.voice is None:
            raise error
        self.voice.staff.fault = self.voice.staff.fault or "bad_value"
        self.spoiled = self.spoiled or error

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
        elif kind == "quoted":
            voice.quoted(found["quoted"][1:-1])
        elif kind == "mark":
            voice.mark(found["mark"][1:-1], in_words=False)
        elif kind == "symbol":
            voice.mark(self.symbols.get(found["symbol"], ""), in_words=False)
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
            self.inline_field(found["inline"], found["value"].strip())
        elif kind == "cdivisor":
            _chord(voice, found)
        elif kind == "rdivisor":
            voice.add([], note_length(voice.unit, *found.group("rlength", "rslashes", "rdivisor")), [])
        elif kind == "count":
            voice.rest_bars(int(found["count"] or 1))
        elif kind == "place":
            voice.place()
        elif kind == "region":
            voice.open_region()
        elif kind == "region_end":
            voice.close_region()
        elif kind == "overlay":
            voice.overlay(found["overlay"].count("&"))

    def inline_field(self, letter: str, value: str) -> None:
        """Handle a field between brackets; overridden by a tune."""


def _chord(voice: Voice, found: re.Match[str]) -> None:
    """``[ceg]2``, in old files ``+ceg+2``: simultaneous notes, all with the length of the first."""
    members = chord_members(found["chord"] or found["old"] or "")
    if not members:
        return
    inner = note_length(voice.unit, *members[0].length)
    outer = note_length(1, *found.group("clength", "cslashes", "cdivisor"))
    numerator, denominator = outer.as_integer_ratio()
    notes = [member for member in members if member.name]
    pitches = [(note.name, voice.pitch(note.accidental, note.name)) for note in notes]
    voice.add(pitches, times(inner, numerator, denominator), [note.tied for note in notes])


def _grace(voice: Voice, notes: str) -> None:
    """Count grace notes without adding them; their accidentals are valid to the end of the bar."""
    for accidental, name in grace_notes(notes):
        voice.staff.n_grace += 1
        if accidental:
            voice.pitch(accidental, name)
