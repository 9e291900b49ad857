"""Time within one voice of an ABC tune: bars, overlays, and marks that apply to the end of a bar.

Times are ticks; they are integers unless the tune has a time that is not a multiple of
one tick (a septuplet of 64ths), and fractions otherwise.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.text import counted
from pipeline.formats.readers.abc.fields import Alteration
from pipeline.formats.readers.abc.marks import LANDINGS, JumpMark, Kind, kind_of
from pipeline.formats.readers.abc.repeats import signs_of_bar
from pipeline.formats.readers.base.barlines import BarLine
from pipeline.formats.readers.base.repeat_signs import Sign, read_passes
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Staff, Ticks


class Place(NamedTuple):
    """An ``x`` before a double bar: a rest, or the anchor of a sign (a fermata over the bar line).

    Attributes:
        before: ticks of its bar before it.
        unit: its duration in ticks if it is a rest.
        bar: ticks of a full bar; None in free time.
        after: ticks of the following bar, or of the first bar if there is none.
    """

    before: Ticks
    unit: Ticks
    bar: Ticks | None
    after: Ticks | None = None

    @property
    def is_rest(self) -> bool:
        """Whether it is a rest, as in the standard; it is not if the bar is full without it.

        The bar is full on its own, or together with the following upbeat: the O'Neill tunes
        write ``e6 Hx|| (ef)`` at the end of a section.
        """
        if self.bar is None:
            return True
        upbeat = self.after if self.after is not None and self.after < self.bar else 0
        return self.before + self.unit <= self.bar and self.before + upbeat != self.bar


@dataclass(slots=True)
class Timeline:
    """The bars of a voice and the layers of its overlays.

    Attributes:
        unit: ticks of a note without a length.
        meter: the current time signature; None for free time or an unknown one.
        furthest: the end of the longest layer of the overlays so far.
        accidentals: accidentals that are valid to the end of the bar, by letter or note name.
        tied_over: note name → note number held by a tie.
        places: each ``x`` before a double bar; ``in_place_bar`` until the bar of the last one ends.
        starts: the begin of each bar, where overlays may begin.
        layer: 0, or the number of the overlay of this bar.
        layers: the ties of each layer, and their continuation.
        region: the begin of an overlay of several bars ``(& … & … &)``.
        coming: marks that apply to the end of the bar, and whether they are text.
    """

    staff: Staff
    unit: Ticks
    meter: tuple[int, int] | None = None
    now: Ticks = 0
    bar_began: Ticks = 0
    furthest: Ticks = 0
    first_bar: Ticks = 0
    accidentals: dict[str, Alteration] = field(default_factory=dict)
    tied_over: dict[str, int] = field(default_factory=dict)
    broken: tuple[tuple[int, int], tuple[int, int]] | None = None  # factors of the last note and the next
    fermata: bool = False
    signs: list[Sign] = field(default_factory=list)
    marks: list[JumpMark] = field(default_factory=list)
    coming: list[tuple[Kind, bool]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    in_place_bar: bool = False
    starts: list[Ticks] = field(default_factory=lambda: [0])
    layer: int = 0
    layers: dict[int, tuple[Ticks, dict[str, int]]] = field(default_factory=dict)
    region: Ticks | None = None

    @property
    def bar_length(self) -> int | None:
        """Ticks of a full bar; None in free time."""
        return None if self.meter is None else 4 * TICKS_PER_QUARTER * self.meter[0] // self.meter[1]

    def bar_line(self, text: str) -> None:
        """Handle a bar line: end accidentals and overlays, and drop a dot without a second note."""
        self.accidentals.clear()
        self.broken = None
        if self.bar_began < self.starts[-1]:  # in an overlay of several bars, whose bar lines exist already
            written = self.starts[bisect_right(self.starts, self.bar_began)]
            self.now = self.bar_began = written
            if self.region is None and written >= self.furthest:
                self._leave_overlay()
            return
        self.end_bar()
        self.signs += signs_of_bar(text, self.now)
        if self.staff.lines is not None:
            self.staff.lines.append(BarLine(whole(self.now), "plain" if text == "|" else "sign"))

    def end_bar(self) -> None:
        """End all layers, and place the marks that apply to the end of the bar."""
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
        self.marks += [JumpMark(kind, now, in_words) for kind, in_words in self.coming]
        self.coming.clear()

    def ending(self, text: str) -> None:
        """The number of an ending, or of several: ``1``, ``1,3``, ``1-3``."""
        passes = read_passes(text) if text else ()
        if passes:
            self.signs.append(Sign(self.now, "ending", passes))

    def section(self, label: str) -> None:
        """``P:`` in the body: begin a part that ``P:`` of the header may name."""
        self.signs += [Sign(self.now, "section", label=label.strip(". ")), Sign(self.now, "start")]

    def mark(self, text: str, in_words: bool) -> None:
        """Handle a decoration or an annotation: a fermata or a jump sign."""
        self.fermata = self.fermata or (text == "fermata" and not in_words)
        kind = kind_of(text)
        if kind in LANDINGS:
            self.marks.append(JumpMark(kind, self.now, in_words))
        elif kind is not None:
            self.coming.append((kind, in_words))

    def place_is_rest(self) -> list[bool]:
        """Whether each ``x`` before a double bar is a rest, once all bars are known."""
        return [
            (place if place.after is not None else place._replace(after=self.first_bar)).is_rest
            for place in self.places
        ]

    def overlay(self, count: int) -> None:
        """``&``: the following notes begin at the previous bar line; ``&&`` one bar earlier.

        At a bar line, they begin at the bar line before it. Inside ``(& … &)`` they begin at
        the opening bracket.
        """
        self.furthest = max(self.furthest, self.now)
        if self.region is not None:
            begin = self.region
        else:
            n_before = bisect_left(self.starts, self.now)
            if count > n_before:
                raise ReadError(
                    "bad_syntax", f"an overlay begins {counted(count, 'bar')} earlier, before the first bar"
                )
            begin = self.starts[n_before - count]
        self._keep_ties(self.now)
        self.layer += 1
        tied_at, tied = self.layers.get(self.layer, (None, {}))
        self.tied_over = tied if tied_at == begin else {}
        self.now = begin
        self.bar_began = self.starts[bisect_right(self.starts, begin) - 1]
        self.accidentals.clear()
        self.broken = None

    def open_region(self) -> None:
        """``(&``: the begin of all overlays up to ``&)``."""
        self.region = self.now

    def close_region(self) -> None:
        """``&)``: end the layers."""
        if self.region is None:
            raise ReadError("bad_syntax", "&) closes an overlay that no (& opens")
        self.region = None
        self._leave_overlay()
        self.bar_began = self.starts[-1]

    def _leave_overlay(self) -> None:
        """Return to the voice itself, at the end of the longest layer."""
        now = max(self.now, self.furthest)
        if self.layer:
            self._keep_ties(now)
            self.layer = 0
            self.tied_over = self.layers[0][1]
        self.now = now

    def _keep_ties(self, now: Ticks) -> None:
        self.layers[self.layer] = (now, self.tied_over)


def whole(time: Ticks) -> int:
    """A time rounded down to a tick."""
    return time if isinstance(time, int) else int(time)
