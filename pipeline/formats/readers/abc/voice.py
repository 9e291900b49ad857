"""One voice of an ABC tune: the state that its notes are read in.

Times are ticks; they stay whole numbers unless the tune asks for less than a
tick (a septuplet of 64ths), and are fractions then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor
from typing import NamedTuple

from pipeline.core.music import TICKS_PER_QUARTER, Meter
from pipeline.formats.readers.abc.fields import NO_KEY, Alteration, Key, alteration, read_key, read_meter
from pipeline.formats.readers.abc.marks import LANDINGS, Kind, Mark, kind_of
from pipeline.formats.readers.abc.properties import AS_WRITTEN, Properties, read_properties, words_of
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


class Place(NamedTuple):
    """An ``x`` before a double bar: a rest, or the bearer of a sign (a fermata over the bar line).

    Attributes:
        before: ticks of its bar that stand before it.
        unit: ticks that it takes if it is a rest.
        bar: ticks of a full bar; None in free time.
        after: ticks of the bar that follows; the bar at the beginning where none does.
    """

    before: Ticks
    unit: Ticks
    bar: Ticks | None
    after: Ticks | None = None

    @property
    def is_rest(self) -> bool:
        """A rest as the standard says, unless the bar is full without it.

        It is full on its own, or together with the upbeat that follows: the O'Neill tunes
        write ``e6 Hx|| (ef)`` at the end of a section.
        """
        if self.bar is None:
            return True
        upbeat = self.after if self.after is not None and self.after < self.bar else 0
        return self.before + self.unit <= self.bar and self.before + upbeat != self.bar


@dataclass(slots=True)
class Voice:
    """Reads notes into a staff.

    Attributes:
        carry: how far an accidental reaches in its bar: ``octave`` (that octave
            only), ``pitch`` (all octaves), ``not`` (that note only).
        properties: what K: and V: set.
        transposed: semitones by which playback directives move all voices.
        drums: whether the voice is on the MIDI channel of the drums.
        rests: whether each ``x`` before a double bar is a rest; unknown on the first reading.
        tied_over: letter → note number held by a tie.
        starts: where bars begin, for overlays to go back to.
        layer: 0, or the number of the overlay of this bar.
        region: where an overlay of several bars ``(& … & … &)`` begins.
    """

    staff: Staff
    unit: Ticks
    carry: str
    properties: Properties = AS_WRITTEN
    transposed: int = 0
    drums: bool = False
    key: Key = NO_KEY
    meter: tuple[int, int] | None = None
    now: Ticks = 0
    bar_began: Ticks = 0
    furthest: Ticks = 0
    accidentals: dict[str, Alteration] = field(default_factory=dict)
    tied_over: dict[str, int] = field(default_factory=dict)
    last: Event | None = None
    tuplet: tuple[int, int, int] | None = None  # notes left, normal, actual
    broken: tuple[tuple[int, int], tuple[int, int]] | None = None  # factors of the last note and the next
    fermata: bool = False
    signs: list[Sign] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    coming: list[tuple[Kind, bool]] = field(default_factory=list)  # marks that wait for the bar's end
    rests: Sequence[bool] = ()
    places: list[Place] = field(default_factory=list)
    in_place_bar: bool = False  # the bar of the last place is not over
    first_bar: Ticks = 0
    starts: list[Ticks] = field(default_factory=lambda: [0])
    layer: int = 0
    layers: dict[int, tuple[Ticks, dict[str, int]]] = field(default_factory=dict)  # ties of each layer
    region: Ticks | None = None

    def set_meter(self, text: str) -> None:
        """A new time signature from here on; one that cannot be is unknown, and counted."""
        try:
            self.meter = read_meter(text)
        except ReadError:
            self.meter = None
            self.staff.n_bad_meters += 1
        if self.meter is not None:
            self.staff.meters.append(Meter(_floor(self.now), *self.meter))

    def set_key(self, text: str) -> None:
        """A new key signature or clef from here on; a key that cannot be is unknown, and counted."""
        words = words_of(text)
        self.properties = read_properties(words).over(self.properties)
        try:
            key = read_key(words)
        except ReadError:
            key = NO_KEY
            self.staff.n_bad_keys += 1
        if key is not None:
            self.key = key
            self.staff.keys.append(KeySign(key.fifths, key.mode, self.now))

    def pitch(self, accidental: str, name: str) -> int:
        """MIDI note number of a written note, by signature, bar and ties.

        Args:
            accidental: its signs, "" for none.
            name: letter and octave marks, for example ``c'``.

        Returns:
            The note below where a microtone is written; the staff is marked as one with microtones.
        """
        step, natural = LETTERS[name[0]]
        natural += 12 * (name.count("'") - name.count(",")) + self.properties.shift + self.transposed
        reach = name if self.carry == "octave" else STEPS[step]
        if accidental:
            altered = alteration(accidental)
            if self.carry != "not":
                self.accidentals[reach] = altered
        elif name in self.tied_over:
            return self.tied_over[name]
        else:
            altered = self.accidentals.get(reach, self.key.alterations[step])
        if not isinstance(altered, int):
            self.staff.fault = self.staff.fault or "microtone"
        return natural + floor(altered)

    def add(self, pitches: list[tuple[str, int]], duration: Ticks, tied: list[bool]) -> None:
        """A note, a chord, or (without pitches) a rest."""
        if duration <= 0:
            raise ReadError("bad_duration", f"a note of length {duration}; lengths are positive")
        if pitches and (self.drums or self.properties.percussion):
            self.staff.fault = "percussion"
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
        if self.bar_length is None:
            raise ReadError("bad_meter", "a rest of whole bars (Z) in free time has no length")
        self.add([], count * self.bar_length, [])

    @property
    def bar_length(self) -> int | None:
        """Ticks of a full bar; None in free time."""
        return None if self.meter is None else 4 * TICKS_PER_QUARTER * self.meter[0] // self.meter[1]

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
        """A bar line: accidentals end, overlaid layers meet, and a dot without a second note is none."""
        self.accidentals.clear()
        self.broken = None
        written = next((start for start in self.starts if start > self.bar_began), None)
        if written is not None:  # in an overlay of several bars, whose bar lines stand already
            self.now = self.bar_began = written
            if self.region is None and written >= self.furthest:
                self._leave_overlay()
            return
        self._end_bar()
        self.signs += signs_of_bar(text, self.now)
        if self.staff.lines is not None:
            self.staff.lines.append(BarLine(_floor(self.now), "plain" if text == "|" else "sign"))

    def _end_bar(self) -> None:
        """All layers meet; what waits for the bar's end stands here."""
        now = max(self.now, self.furthest)
        if now > self.bar_began:
            length = now - self.bar_began
            self.first_bar = self.first_bar or length
            if self.places and self.places[-1].after is None:
                if self.in_place_bar:
                    self.in_place_bar = False
                else:
                    self.places[-1] = self.places[-1]._replace(after=length)
        self._leave_overlay()
        self.bar_began = now
        if now > self.starts[-1]:
            self.starts.append(now)
        self.marks += [Mark(kind, now, in_words) for kind, in_words in self.coming]
        self.coming.clear()

    def ending(self, text: str) -> None:
        """The number of an ending, or of several: ``1``, ``1,3``, ``1-3``."""
        passes = read_passes(text) if text else ()
        if passes:
            self.signs.append(Sign(self.now, "ending", passes))

    def section(self, label: str) -> None:
        """``P:`` in the tune: a part of it begins, which the header's ``P:`` may name."""
        self.signs += [Sign(self.now, "section", label=label.strip(". ")), Sign(self.now, "start")]

    def mark(self, text: str, in_words: bool) -> None:
        """A decoration or an annotation: a fermata, or a sign that leads the player."""
        self.fermata = self.fermata or (text == "fermata" and not in_words)
        kind = kind_of(text)
        if kind in LANDINGS:
            self.marks.append(Mark(kind, self.now, in_words))
        elif kind is not None:
            self.coming.append((kind, in_words))

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
        """``x`` before a double bar: a rest or the bearer of a sign, see :class:`Place`."""
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

    def overlay(self, count: int) -> None:
        """``&``: what follows begins again at the bar line before; ``&&`` one bar earlier.

        At a bar line the bar before it is meant. Inside ``(& … &)`` it begins again where
        the brackets do.
        """
        self.furthest = max(self.furthest, self.now)
        if self.region is not None:
            begin = self.region
        else:
            before = [start for start in self.starts if start < self.now]
            if count > len(before):
                raise ReadError("bad_syntax", f"{'&' * count} leads back beyond the first bar")
            begin = before[-count]
        self._keep_ties(self.now)
        self.layer += 1
        tied_at, tied = self.layers.get(self.layer, (None, {}))
        self.tied_over = tied if tied_at == begin else {}
        self.now = begin
        self.bar_began = max((start for start in self.starts if start <= begin), default=0)
        self.accidentals.clear()
        self.broken = None

    def open_region(self) -> None:
        """``(&``: all overlays up to ``&)`` begin here."""
        self.region = self.now

    def close_region(self) -> None:
        """``&)``: the layers meet."""
        if self.region is None:
            raise ReadError("bad_syntax", "&) closes an overlay that no (& opens")
        self.region = None
        self._leave_overlay()
        self.bar_began = self.starts[-1]

    def _leave_overlay(self) -> None:
        """Back to the voice itself, where the longest layer ends."""
        now = max(self.now, self.furthest)
        if self.layer:
            self._keep_ties(now)
            self.layer = 0
            self.tied_over = self.layers[0][1]
        self.now = now

    def _keep_ties(self, now: Ticks) -> None:
        self.layers[self.layer] = (now, self.tied_over)

    def finish(self) -> Staff:
        """The staff with everything written into it."""
        self._end_bar()
        self._write()
        self.last = None
        self.staff.end = max(self.now, self.furthest)
        return self.staff

    def place_is_rest(self) -> list[bool]:
        """Whether each ``x`` before a double bar is a rest, once all bars are known."""
        return [
            (place if place.after is not None else place._replace(after=self.first_bar)).is_rest
            for place in self.places
        ]

    def _write(self) -> None:
        last = self.last
        if last is None:
            return
        for (_, pitch), tied in zip(last.pitches, last.tied, strict=True):
            note = Written(last.onset, last.duration, pitch, tied, False, last.phrase_end)
            self.staff.notes.append(note)


def _floor(time: Ticks) -> int:
    return time if isinstance(time, int) else int(time)
