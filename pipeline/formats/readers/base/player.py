"""Follow the signs of a score in playing order; see :mod:`unfold` for the conventions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from pipeline.formats.readers.base.played import Segment
from pipeline.formats.readers.base.repeat_signs import (
    BOUNDS,
    LANDS,
    OPEN_END,
    RANK,
    Group,
    Sign,
    groups_of_endings,
    nested_repeats,
)
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Ticks

MAX_JUMPS = 1000

NOWHERE: Ticks = -1


def endless() -> ReadError:
    """The error for signs that form an endless loop."""
    return ReadError("bad_repeats", f"more than {MAX_JUMPS} jumps: the signs form an endless loop")


class Player:
    """Follows the signs and records the segments between jumps.

    Attributes:
        obeyed: the signs of jumps that were followed or were targets.
        only: the only pass to play, without repeats; 0 for all passes.
        place: index of the next sign.
        begin: start of the current segment.
        home: target of a close (onset, place), and whether there is an open.
        number: number of the current pass.
        outer: home, opened, number and ending of the enclosing repeats.
        ending: the group of endings of which one was played in this pass.
        jumped: whether a D.C. or D.S. was played; its place is the last element of jumped_at, up to
            which music is played again.
    """

    def __init__(
        self, signs: Sequence[Sign], begin: Ticks, end: Ticks, obeyed: set[Sign], only: int = 0
    ) -> None:
        self.signs, self.nested, self.obeyed = signs, nested_repeats(signs), obeyed
        self.groups = groups_of_endings(signs, self.nested)
        self.nested_closes = set(self.nested.values())
        self.outer: list[tuple[tuple[Ticks, int], bool, int, Group | None]] = []
        self.end, self.only, self.place, self.begin = end, only, 0, begin
        self.home, self.opened, self.number = (begin, 0), False, 1
        self.ending: Group | None = None
        self.jumped, self.jumped_at = False, NOWHERE
        self.taken: set[int] = set()  # jumps are made once
        self.segments: list[Segment] = []

    def played(self) -> list[Segment]:
        """All segments, up to the end or to Fine."""
        while self.place < len(self.signs):
            place, self.place = self.place, self.place + 1
            if self.signs[place].kind == "fine" and self.jumped:
                self.obeyed.add(self.signs[place])
                return [*self.segments, (self.begin, self.signs[place].onset)]
            self._obey(place)
        return [*self.segments, (self.begin, self.end)]

    def _obey(self, place: int) -> None:
        sign = self.signs[place]
        if sign.kind == "open":
            if place in self.nested:
                self.outer.append((self.home, self.opened, self.number, self.ending))
            self._go_home_to(sign.onset, opened=True)
        elif sign.kind == "start" and not self.opened and not self._ending_begins(sign.onset):
            self._go_home_to(sign.onset, opened=False)
        elif sign.kind == "close":
            self._close(place)
        elif sign.kind == "ending":
            self._ending(place)
        elif sign.kind == "end" and self.ending is not None:
            is_last = not any(other > place for other in self.ending.endings)
            if is_last and self._pass(self.ending, sign.onset) >= self.ending.last:
                self._go_home_to(sign.onset, opened=False)
        elif sign.kind in ("da_capo", "dal_segno", "to_coda"):
            self._jump(place)

    def _ending_begins(self, onset: Ticks) -> bool:
        """Whether a double bar is directly before an ending, so that the section continues in it."""
        here = takewhile(lambda place: self.signs[place].onset == onset, range(self.place, len(self.signs)))
        return any(self.signs[place].kind == "ending" for place in here)

    def _pass(self, group: Group, onset: Ticks) -> int:
        """The pass that selects the ending; after D.C. and D.S. it is the last pass."""
        if self.only or onset >= self.jumped_at:
            return self.only or self.number
        return next(
            (passes[0] for place, passes in group.endings.items() if self._holds_fine(place)), group.last
        )

    def _holds_fine(self, place: int) -> bool:
        """Whether Fine is in an ending, which is then played after D.C. al Fine."""
        later = [sign for sign in self.signs[place + 1 :] if sign.onset > self.signs[place].onset]
        stop = next((sign.onset for sign in later if sign.kind in BOUNDS), self.end)
        return any(sign.kind == "fine" and sign.onset <= stop for sign in later)

    def _go_home_to(self, onset: Ticks, opened: bool) -> None:
        """Begin a section: the target of the following closes."""
        self.home, self.opened, self.number, self.ending = (onset, self.place), opened, 1, None

    def _leave(self, onset: Ticks, target: Ticks, place: int) -> None:
        self.segments.append((self.begin, onset))
        self.begin, self.place = target, place
        if len(self.segments) > MAX_JUMPS:
            raise endless()

    def _go_back(self, onset: Ticks) -> None:
        self.number, self.ending = self.number + 1, None
        self._leave(onset, *self.home)

    def _close(self, place: int) -> None:
        sign, group = self.signs[place], self.groups[place]
        if self.only or (sign.onset <= self.jumped_at and not sign.after_jump):
            self._leave_nested(place)
            return
        if group is not None and self.ending is not group:
            here = [other for other in group.endings if self.signs[other].onset == sign.onset]
            played = any(self.number in group.endings[other] for other in here)
            if here and (self.number == group.last or (played and group.n_closed)):
                return  # an ending that begins here determines the passes, with or without its own close
        if self.number < (sign.times if group is None else group.last):
            self._go_back(sign.onset)
        elif not self._leave_nested(place):
            self._go_home_to(sign.onset, opened=False)

    def _leave_nested(self, place: int) -> bool:
        """After a repeat inside an ending, continue the enclosing repeat; return whether there is one."""
        is_nested = place in self.nested_closes and bool(self.outer)
        if is_nested:
            self.home, self.opened, self.number, self.ending = self.outer.pop()
        return is_nested

    def _ending(self, place: int) -> None:
        sign, group = self.signs[place], self.groups[place]
        if group is None:
            return
        number = self._pass(group, sign.onset)
        if number in group.endings[place]:
            self.ending = group
        elif self.ending is group and not self.only and number < group.last and not group.goes_on:
            self._go_back(sign.onset)  # no close was written after the ending before
        else:
            self._skip(place, group, number)

    def _skip(self, place: int, group: Group, number: int) -> None:
        """Go to the ending of this pass, or skip this ending; an early pass without an ending plays it."""
        onset = self.signs[place].onset
        for other, passes in group.endings.items():
            if other > place and number in passes and not (group.goes_on and self._is_closed(place, other)):
                self._leave(onset, self.signs[other].onset, other)
                return
        if number < min(group.passes):
            return
        later = range(place + 1, len(self.signs))
        stop = next((other for other in later if self.signs[other].kind in BOUNDS), None)
        target = self.end if stop is None else self.signs[stop].onset
        self._leave(
            onset, target, next((other for other in later if self._lands(other, target)), len(self.signs))
        )

    def _is_closed(self, place: int, later: int) -> bool:
        """Whether there is music between two endings that belongs to no ending."""
        bounds = [sign for sign in self.signs[place : later + 1] if sign.kind in BOUNDS]
        return any(
            before.kind == "end" and before.label != OPEN_END and before.onset < after.onset
            for before, after in pairwise(bounds)
        )

    def _lands(self, place: int, onset: Ticks) -> bool:
        """Whether a sign applies after a jump to its onset."""
        sign = self.signs[place]
        return sign.onset > onset or (sign.onset == onset and RANK[sign.kind] > LANDS)

    def _jump(self, place: int) -> None:
        """D.C., D.S. and the jump to the coda; each is followed once."""
        kind, onset = self.signs[place].kind, self.signs[place].onset
        if place in self.taken or (kind == "to_coda" and not self.jumped):
            return
        target = None if kind == "da_capo" else self._target(place)
        if kind == "to_coda" and target is None:
            return
        self.taken.add(place)
        self.obeyed.add(self.signs[place])
        self.outer.clear()
        self.jumped, self.jumped_at = True, max(self.jumped_at, onset)
        if target is None:
            self._leave(onset, 0, 0)
        else:
            self.obeyed.add(self.signs[target])
            self._leave(onset, self.signs[target].onset, target)
        self._go_home_to(self.begin, opened=False)

    def _target(self, place: int) -> int | None:
        """The index of the segno or coda that a jump names, or else of the first; a coda is after the jump.

        Returns:
            None if there is no coda.

        Raises:
            ReadError: there is no segno.
        """
        jump = self.signs[place]
        if jump.kind == "to_coda":
            found = [other for other in self._places("coda") if self.signs[other].onset > jump.onset]
        elif not (found := list(self._places("segno"))):
            raise ReadError("bad_repeats", "D.S. without a segno: the target is not known")
        named = (other for other in found if self.signs[other].label == jump.label)
        return next(named, found[0] if found else None)

    def _places(self, kind: str) -> Iterator[int]:
        return (place for place, sign in enumerate(self.signs) if sign.kind == kind)
