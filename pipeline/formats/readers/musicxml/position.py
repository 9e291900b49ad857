"""The position of a part in its measure: as the sum of durations, and exactly.

Durations are whole numbers of divisions, so an exporter rounds those of a tuplet: the
seven notes of a septuplet may last 69 divisions each, 483 instead of 480 together. Some
exporters correct such an error by a ``<backup>`` or ``<forward>``, others do not.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from fractions import Fraction

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.staff import Ticks


class Position:
    """The position of a part in one measure.

    Attributes:
        written: the sum of the durations as written.
        exact: the onset of the next note.
    """

    def __init__(self) -> None:
        self.written: Ticks = 0
        self.exact: Ticks = 0
        self._rounded: Ticks = 0  # exact duration of the note before, if its written one is rounded
        # places since the first inexact duration
        self._exact_of: dict[Ticks, Ticks] = {}
        self._written_of: dict[Ticks, Ticks] = {}
        self._written: list[Ticks] = []  # in order

    def add(self, written: Ticks, exact: Ticks) -> Ticks:
        """Move on by a note or rest of a written and an exact duration, and return the exact position."""
        self.written += written
        self.exact += exact
        self._rounded = exact if written != exact else 0
        if self._exact_of or self.exact != self.written:
            self._remember()
        return self.exact

    def move(self, distance: Ticks, divisions: Ticks) -> None:
        """Move by a ``<forward>``, or by a ``<backup>`` where the distance is negative.

        A move that takes back a rounding error leaves the exact position where it is. A hidden
        rest after a rounded note of a tuplet is as long as that note. Otherwise the position is
        one where the measure has been before, or as far from it as written.
        """
        written = max(0, self.written + distance)
        if not self._exact_of:
            self.written = self.exact = written
            return
        division = Fraction(TICKS_PER_QUARTER) / divisions
        error, remaining = Fraction(self.exact) - self.written, Fraction(self.exact) - written
        if abs(remaining) < min(abs(error), division):
            self._forget()
            self.written = written
        elif self._rounded and abs(Fraction(distance) - self._rounded) < division:
            self.written, self.exact = written, self.exact + self._rounded
        else:
            self.written, self.exact = self._place(written, self.exact + distance)
        self._remember()

    def _place(self, written: Ticks, exact: Ticks) -> tuple[Ticks, Ticks]:
        """The written and exact position after a move to where the arguments point."""
        if written <= 0 or exact <= 0:
            return 0, 0
        if written in self._exact_of:
            return written, self._exact_of[written]
        if exact in self._written_of:
            return self._written_of[exact], exact
        place = bisect_left(self._written, written)
        before = self._written[place - 1] if place else 0
        return written, written + self._exact_of.get(before, before) - before

    def _remember(self) -> None:
        if self._exact_of or self.exact != self.written:
            if self.written not in self._exact_of:
                insort(self._written, self.written)
            self._exact_of[self.written] = self.exact
            self._written_of[self.exact] = self.written

    def _forget(self) -> None:
        """The written position was a rounding error."""
        if self._exact_of.pop(self.written, None) is not None:
            del self._written[bisect_left(self._written, self.written)]
