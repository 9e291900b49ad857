"""One voice of an ABC tune: the state that its notes are read in.

Times are ticks; they stay whole numbers unless the tune asks for less than a
tick (a septuplet of 64ths), and are fractions then.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.core.music import TICKS_PER_QUARTER, Meter
from pipeline.formats.readers.abc.fields import NO_KEY, Key
from pipeline.formats.readers.abc.repeats import signs_of_bar
from pipeline.formats.readers.base.barlines import BarLine
from pipeline.formats.readers.base.repeat_signs import Sign, read_passes
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import SEMITONES, STEPS, KeySign, Staff, Ticks, Written, times

LONGEST_TUPLET = 99
LETTERS = {  # → step of the scale (0 = C), note number without accidental
    letter: (step, octave + SEMITONES[step])
    for octave, letters in ((60, STEPS), (72, STEPS.lower()))
    for step, letter in enumerate(letters)
}


@dataclass(slots=True)
class Event:
    """The note, chord or rest read last; a tie or a dot that follows may still change it."""

    onset: Ticks
    duration: Ticks
    pitches: list[tuple[str, int]]  # (letter with octave marks, MIDI note number)
    tied: list[bool]
    phrase_end: bool = False


@dataclass(slots=True)
class Voice:
    """Reads notes into a staff.

    Attributes:
        carry: how far an accidental reaches in its bar: ``octave`` (that octave
            only), ``pitch`` (all octaves), ``not`` (that note only).
        shift: semitones from written to sounding pitch.
    """

    staff: Staff
    unit: Ticks
    carry: str
    key: Key = NO_KEY
    meter: tuple[int, int] | None = None
    shift: int = 0
    now: Ticks = 0
    bar_began: Ticks = 0
    furthest: Ticks = 0
    accidentals: dict[str, int] = field(default_factory=dict)
    tied_over: dict[str, int] = field(default_factory=dict)  # letter → note number held by a tie
    last: Event | None = None
    tuplet: tuple[int, int, int] | None = None  # notes left, normal, actual
    broken: tuple[tuple[int, int], tuple[int, int]] | None = None  # factors of the last note and the next
    fermata: bool = False
    signs: list[Sign] = field(default_factory=list)

    def set_meter(self, meter: tuple[int, int] | None) -> None:
        """A new time signature from here on."""
        self.meter = meter
        if meter is not None:
            self.staff.meters.append(Meter(_floor(self.now), *meter))

    def set_key(self, key: Key) -> None:
        """A new key signature from here on."""
        self.key = key
        self.staff.keys.append(KeySign(key.fifths, key.mode, self.now))

    def pitch(self, accidental: str, name: str) -> int:
        """MIDI note number of a written note, by signature, bar and ties.

        Args:
            accidental: its signs, "" for none.
            name: letter and octave marks, for example ``c'``.
        """
        step, natural = LETTERS[name[0]]
        natural += self.shift + 12 * (name.count("'") - name.count(","))
        reach = name if self.carry == "octave" else STEPS[step]
        if accidental:
            alteration = accidental.count("^") - accidental.count("_")
            if self.carry != "not":
                self.accidentals[reach] = alteration
        elif name in self.tied_over:
            return self.tied_over[name]
        else:
            alteration = self.accidentals.get(reach, self.key.alterations[step])
        return natural + alteration

    def add(self, pitches: list[tuple[str, int]], duration: Ticks, tied: list[bool]) -> None:
        """A note, a chord, or (without pitches) a rest."""
        if duration <= 0:
            raise ReadError("bad_duration", f"a note of length {duration}; lengths are positive")
        if self.tuplet is not None:
            left, normal, actual = self.tuplet
            duration = times(duration, normal, actual)
            self.tuplet = (left - 1, normal, actual) if left > 1 else None
        if self.broken is not None and self.last is not None:
            self.last.duration = times(self.last.duration, *self.broken[0])
            self.now = self.last.onset + self.last.duration
            duration = times(duration, *self.broken[1])
        self.broken = None
        self._write()
        self.last = Event(self.now, duration, pitches, tied, self.fermata and bool(pitches))
        if pitches:
            self.fermata = False
        self.now += duration
        self.tied_over = {name: pitch for (name, pitch), tie in zip(pitches, tied, strict=True) if tie}

    def rest_bars(self, count: int) -> None:
        """``Z4``: a rest of so many bars; inside a bar it is a slip for ``z4``."""
        if self.now != self.bar_began:
            self.add([], self.unit * count, [])
            return
        if self.meter is None:
            raise ReadError("bad_meter", "a rest of whole bars (Z) in free time has no length")
        self.add([], count * 4 * TICKS_PER_QUARTER * self.meter[0] // self.meter[1], [])

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

    def bar_line(self, text: str) -> None:
        """A bar line: accidentals end, overlaid voices meet, and a dot without a second note is none."""
        self.accidentals.clear()
        self.broken = None
        self.now = self.bar_began = max(self.now, self.furthest)
        self.signs += signs_of_bar(text, self.now)
        if self.staff.lines is not None:
            self.staff.lines.append(BarLine(_floor(self.now), "plain" if text == "|" else "sign"))

    def ending(self, text: str) -> None:
        """The number of an ending, or of several: ``1``, ``1,3``, ``1-3``."""
        passes = read_passes(text) if text else ()
        if passes:
            self.signs.append(Sign(self.now, "ending", passes))

    def section(self, label: str) -> None:
        """``P:`` in the tune: a part of it begins, which the header's ``P:`` may name."""
        self.signs += [Sign(self.now, "section", label=label.strip(". ")), Sign(self.now, "start")]

    def line_end(self) -> None:
        """The end of a line that is the end of a phrase; also a bar line, where the bar is full."""
        if self.staff.lines is not None:
            self.staff.lines.append(BarLine(_floor(self.now), "line_end"))
        self.end_phrase()

    def at_bar_line(self) -> bool:
        """Whether nothing stands between a bar line and here."""
        return self.last is not None and self.now == self.bar_began

    def end_phrase(self) -> None:
        """The note before ends a phrase."""
        if self.last is not None and self.last.pitches:
            self.last.phrase_end = True
        elif self.staff.notes:
            self.staff.notes[-1] = self.staff.notes[-1]._replace(phrase_end=True)

    def place(self) -> None:
        """``x`` before a double bar: it bears a sign, such as a fermata over the bar line.

        It takes no time after notes of the bar (the O'Neill tunes use it so), but
        alone in an upbeat it is a rest.
        """
        if self.now == self.bar_began:
            self.add([], self.unit, [])
        elif self.fermata:
            self.fermata = False
            self.end_phrase()

    def overlay(self) -> None:
        """``&``: what follows begins again at the bar line."""
        self.furthest = max(self.furthest, self.now)
        self.now = self.bar_began

    def finish(self) -> Staff:
        """The staff with everything written into it."""
        self._write()
        self.last = None
        self.staff.end = max(self.now, self.furthest)
        return self.staff

    def _write(self) -> None:
        last = self.last
        if last is None:
            return
        for (_, pitch), tied in zip(last.pitches, last.tied, strict=True):
            note = Written(last.onset, last.duration, pitch, tied, False, last.phrase_end)
            self.staff.notes.append(note)


def _floor(time: Ticks) -> int:
    return time if isinstance(time, int) else int(time)
