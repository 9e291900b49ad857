"""One voice of an ABC tune: the state in which its notes are read.

Times are ticks; they are integers unless the tune has a time that is not a multiple of
one tick (a septuplet of 64ths), and fractions otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import floor

from pipeline.core.music import TICKS_PER_QUARTER, Meter
from pipeline.formats.readers.abc.fields import NO_KEY, AbcKey, alteration, read_key, read_meter
from pipeline.formats.readers.abc.lyrics import LyricLines
from pipeline.formats.readers.abc.marks import kind_of
from pipeline.formats.readers.abc.properties import AS_WRITTEN, Properties, read_properties, words_of
from pipeline.formats.readers.abc.timeline import Place, Timeline, whole
from pipeline.formats.readers.base.barlines import BarLine
from pipeline.formats.readers.base.chord_symbols import sounding, unread
from pipeline.formats.readers.base.repeat_signs import Sign
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import (
    SEMITONES,
    STEPS,
    ChordSign,
    KeySign,
    Staff,
    Ticks,
    Written,
    times,
)

LONGEST_TUPLET = 99
WHOLE = 4 * TICKS_PER_QUARTER
LETTERS = {  # → step of the scale (0 = C), note number without accidental
    letter: (step, octave + SEMITONES[step])
    for octave, letters in ((60, STEPS), (72, STEPS.lower()))
    for step, letter in enumerate(letters)
}
LONGEST_CACHED = 8  # characters of a name with octave marks


@dataclass(slots=True)
class Event:
    """The last note, chord or rest; a following tie or dot may still change it."""

    onset: Ticks
    duration: Ticks
    pitches: list[tuple[str, int]]  # (letter with octave marks, MIDI note number)
    tied: list[bool]
    phrase_end: bool = False


@dataclass(slots=True)
class Voice(Timeline):
    """Reads notes into a staff.

    Attributes:
        carry: scope of an accidental in its bar: ``octave`` (that octave
            only), ``pitch`` (all octaves), ``not`` (that note only).
        properties: the properties set by K: and V:.
        transposed: semitones by which playback directives transpose all voices.
        moved: semitones from written to sounding pitch, by properties and directives.
        drums: whether the voice is on the MIDI channel of the drums.
        has_percussion: whether notes were left out because they are percussion.
        rests: whether each ``x`` before a double bar is a rest; unknown in the first pass.
        lyrics: the lines ``w:`` so far; None in a tune without any.
        loose: the places in the staff of notes with a tie to another pitch in their bar.
    """

    carry: str = "pitch"
    properties: Properties = AS_WRITTEN
    transposed: int = 0
    drums: bool = False
    has_percussion: bool = False
    key: AbcKey = NO_KEY
    rests: Sequence[bool] = ()
    lyrics: LyricLines | None = None
    last: Event | None = None
    moved: int = 0
    loose: list[int] = field(default_factory=list)
    tuplet: tuple[int, int, int] | None = None  # notes left, normal, actual

    def __post_init__(self) -> None:
        """Compute ``moved``."""
        self.set_properties(self.properties)

    def set_properties(self, properties: Properties) -> None:
        """Set the properties of the following notes."""
        self.properties = properties
        self.moved = properties.shift + self.transposed

    def transpose(self, semitones: int) -> None:
        """Transpose the following notes by a playback directive."""
        self.transposed = semitones
        self.moved = self.properties.shift + semitones

    def set_meter(self, text: str) -> None:
        """Set a new time signature; an impossible one is unknown, and counted."""
        try:
            self.meter = read_meter(text)
        except ReadError:
            self.meter = None
            self.staff.n_bad_meters += 1
        if self.meter is not None:
            self.staff.meters.append(Meter(whole(self.now), *self.meter))

    def set_key(self, text: str) -> None:
        """Set a new key signature or clef; an impossible key is unknown, and counted."""
        words = words_of(text)
        self.set_properties(read_properties(words).over(self.properties))
        try:
            key = read_key(words)
        except ReadError:
            key = NO_KEY
            self.staff.n_bad_keys += 1
        if key is not None:
            self.key = key
            self.staff.keys.append(KeySign(key.fifths, key.mode, self.now))

    def quoted(self, text: str) -> None:
        """Text in quotes: a chord symbol, an annotation (``"^text"``), or a jump in words (``"D.C."``)."""
        self.mark(text, in_words=True)
        if not text.startswith(("^", "_", "<", ">", "@")) and kind_of(text) is None and text.strip():
            harte = sounding(text, self.moved) or unread(text)
            self.staff.add_chord(ChordSign(self.now, " ".join(text.split()), harte))

    def pitch(self, accidental: str, name: str) -> int:
        """MIDI note number of a written note, by signature, bar and ties.

        Args:
            accidental: the accidental signs, "" for none.
            name: letter and octave marks, for example ``c'``.

        Returns:
            The note below where a microtone is written; the staff is marked as one with microtones.
        """
        step, natural = _place_of(name) if len(name) <= LONGEST_CACHED else _place_of.__wrapped__(name)
        natural += self.moved
        reach = name if self.carry == "octave" else STEPS[step]
        if accidental:
            altered = alteration(accidental)
            if self.carry != "not":
                self.accidentals[reach] = altered
        elif name in self.tied_over:
            return self.tied_over[name]
        else:
            altered = self.accidentals.get(reach, self.key.alterations[step])
        if isinstance(altered, int):
            return natural + altered
        self.staff.fault = self.staff.fault or "microtone"
        return natural + floor(altered)

    def add(self, pitches: list[tuple[str, int]], duration: Ticks, tied: list[bool]) -> None:
        """Add a note, a chord, or (without pitches) a rest."""
        if duration <= 0:
            raise ReadError("bad_duration", f"a note of length {duration}; lengths are positive")
        if pitches and (self.drums or self.properties.percussion):
            self.has_percussion, pitches, tied = True, [], []
        if self.tuplet is not None:
            left, normal, actual = self.tuplet
            duration = times(duration, normal, actual)
            self.tuplet = (left - 1, normal, actual) if left > 1 else None
        if self.broken is not None:
            if self.last is not None:
                self.last.duration = times(self.last.duration, *self.broken[0])
                self.now = self.last.onset + self.last.duration
                duration = times(duration, *self.broken[1])
            self.broken = None
        self._write(pitches)
        self.last = Event(self.now, duration, pitches, tied, self.fermata and bool(pitches))
        if pitches:
            self.fermata = False
            if self.lyrics is not None and not self.layer:
                self.lyrics.add_note(self.now, max(pitch for _, pitch in pitches), len(self.starts))
        self.now += duration
        self.tied_over = {}
        if True in tied:
            self.tied_over = {name: pitch for (name, pitch), tie in zip(pitches, tied, strict=True) if tie}

    def rest_bars(self, count: int) -> None:
        """``Z4``: a rest of four bars; inside a bar it is a typing error for ``z4``.

        Without a known meter, a bar of rest is a whole note, as in abc2midi.
        """
        if self.now != self.bar_began:
            self.add([], self.unit * count, [])
            return
        self.add([], count * (self.bar_length or WHOLE), [])

    def tie(self) -> None:
        """``-`` after a note or chord."""
        if self.last is not None:
            self.last.tied = [True] * len(self.last.pitches)
            self.tied_over = dict(self.last.pitches)

    def break_rhythm(self, signs: str) -> None:
        """``>`` dots the note before and shortens the next, ``<`` the other way round."""
        power = 2 ** len(signs)
        dotted, short = (2 * power - 1, power), (1, power)
        self.broken = (dotted, short) if signs[0] == ">" else (short, dotted)

    def start_tuplet(self, actual: int, normal: int | None, count: int | None) -> None:
        """``(p:q:r``: p notes in the time of q, for the next r notes."""
        compound = self.meter is not None and self.meter[0] in (6, 9, 12) and self.meter[1] >= 8
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(actual, 3 if compound else 2)
        normal = normal or (actual if actual == 1 else usual)
        if not (0 < actual <= LONGEST_TUPLET and normal <= LONGEST_TUPLET):
            raise ReadError("bad_tuplet", f"({actual}:{normal}: a tuplet has 1 to {LONGEST_TUPLET} notes")
        self.tuplet = (count or actual, normal, actual)

    def line_end(self) -> None:
        """End a line that ends a phrase; if the bar is full, this is also a bar line."""
        if self.staff.lines is not None:
            self.staff.lines.append(BarLine(whole(self.now), "line_end"))
        self.end_phrase()

    def at_bar_line(self) -> bool:
        """Whether there is no note or rest since the last bar line."""
        return self.last is not None and self.now == self.bar_began

    def end_phrase(self) -> None:
        """Mark the end of a phrase on the previous note."""
        if self.last is not None and self.last.pitches:
            self.last.phrase_end = True
        elif self.staff.notes:
            self.staff.notes[-1] = self.staff.notes[-1]._replace(phrase_end=True)

    def place(self) -> None:
        """``x`` before a double bar: a rest or the anchor of a sign, see :class:`Place`."""
        if self.now == self.bar_began:
            self.add([], self.unit, [])
            return
        number = len(self.places)
        self.places.append(Place(self.now - self.bar_began, self.unit, self.bar_length))
        self.in_place_bar = True
        if self.fermata:
            self.fermata = False
            self.end_phrase()
        if number < len(self.rests) and self.rests[number]:
            self.add([], self.unit, [])

    def finish(self) -> Staff:
        """Return the complete staff."""
        self.end_bar()
        if self.signs and self.signs[-1][:2] == (
            self.now,
            "open",
        ):  # |:| at the end does not open a section
            self.signs[-1:] = [Sign(self.now, "close"), Sign(self.now, "end")]
        self._write()
        self.last = None
        if self.layers:
            self._cut_ties()
        self._sing()
        self.staff.end = max(self.now, self.furthest)
        return self.staff

    @property
    def is_silent(self) -> bool:
        """Whether no note has been read yet."""
        return not self.staff.notes and (self.last is None or not self.last.pitches)

    def _sing(self) -> None:
        """Assign the lyrics to the notes."""
        if self.lyrics is None:
            return
        sung = self.lyrics.sung
        self.staff.n_lost_syllables = self.lyrics.n_lost
        self.staff.notes = [
            note._replace(lyric=sung.get((note.onset, note.pitch), ())) for note in self.staff.notes
        ]

    def left_out(self, identifier: str) -> list[Staff]:
        """A staff for percussion in a voice with other notes; a voice that is not read is named."""
        staff, apart = self.staff, []
        if self.has_percussion and not staff.notes:
            staff.fault = staff.fault or "percussion"
        elif self.has_percussion and not staff.fault:
            apart = [Staff(f"{staff.name or identifier}, percussion".lstrip(", "), fault="percussion")]
        if staff.fault or not all(1 <= note.pitch <= 127 for note in staff.notes):
            staff.name = staff.name or identifier
        return apart

    def _write(self, following: Sequence[tuple[str, int]] = ()) -> None:
        """Write the last note into the staff, before the one that follows it."""
        last = self.last
        if last is None:
            return
        in_bar = self.bar_began < self.now == last.onset + last.duration
        for (_, pitch), tied in zip(last.pitches, last.tied, strict=True):
            if tied and in_bar and all(pitch != number for _, number in following):
                self.loose.append(len(self.staff.notes))
            note = Written(last.onset, last.duration, pitch, tied, False, last.phrase_end)
            self.staff.notes.append(note)

    def _cut_ties(self) -> None:
        """Cut the ties to another pitch of their own layer, which another layer could have there."""
        self.staff.n_cut += len(self.loose)
        for place in self.loose:
            self.staff.notes[place] = self.staff.notes[place]._replace(ties_on=False)


@lru_cache(maxsize=1024)
def _place_of(name: str) -> tuple[int, int]:
    """The step of the scale and the note number of a letter with octave marks."""
    step, natural = LETTERS[name[0]]
    return step, natural + 12 * (name.count("'") - name.count(","))
