"""Repeats played out: from the signs of a score to what a player plays.

Readers gather signs; ``plan`` turns those of all staves into the segments of
written time that are played, one after the other; ``play`` takes a staff through
them. The conventions are those of print: a close without an open goes back to the
end of the section before; endings are played in the passes that they name; after
D.C. and D.S. repeats are not played again, endings are the last ones, and Fine and
the way to the coda count; music that was not played before has its repeats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import takewhile

from pipeline.formats.readers.base.played import Segment, play
from pipeline.formats.readers.base.repeat_signs import (
    BOUNDS,
    LANDS,
    RANK,
    Group,
    Kind,
    Sign,
    groups_of_endings,
    nested_repeats,
)
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Staff, Ticks

MAX_JUMPS = 1000
MAX_TIMES = 64  # the written length

NOWHERE: Ticks = -1


def play_out(staves: Sequence[Staff], signs: Iterable[Sign], order: Sequence[str] = ()) -> list[Staff]:
    """All staves as they are played; arguments and errors are those of ``plan``."""
    segments = plan(signs, max((staff.end for staff in staves), default=0), order)
    return [play(staff, segments) for staff in staves]


def plan(signs: Iterable[Sign], end: Ticks, order: Sequence[str] = ()) -> tuple[Segment, ...]:
    """What is played, in the order of playing.

    Args:
        signs: of all staves; those that several staves write count once.
        end: where the longest staff ends.
        order: labels of the sections as they are played; nothing for the order of the
            score. Repeats inside a section are played at every visit, unless its visits
            play one ending each.

    Raises:
        ReadError: ``bad_repeats``, a sign leads nowhere, nothing is left to play, or the
            piece grows beyond 64 times its written length.
    """
    ordered = sorted(set(signs), key=lambda sign: (sign.onset, RANK[sign.kind], *sign[2:]))
    sections = [sign for sign in ordered if sign.kind == "section"]
    ordered = [sign for sign in ordered if sign.kind != "section"]
    if order and sections:
        segments = _in_order(ordered, sections, end, order)
    else:
        segments = _Player(ordered, 0, end).played()
    if sum(stop - begin for begin, stop in segments) > MAX_TIMES * end:
        raise ReadError("bad_repeats", f"played out it is more than {MAX_TIMES} times as long as written")
    joined = tuple(_joined(segments))
    if end and not joined:
        raise ReadError("bad_repeats", "the signs leave nothing to play")
    return joined


def _joined(segments: Iterable[Segment]) -> list[Segment]:
    """Without empty ones; those that follow each other in the score are one."""
    joined: list[Segment] = []
    for begin, stop in segments:
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], stop)
        elif begin < stop:
            joined.append((begin, stop))
    return joined


def _in_order(
    signs: Sequence[Sign], sections: Sequence[Sign], end: Ticks, order: Sequence[str]
) -> list[Segment]:
    """The sections of a list; what stands before the first of them is played first."""
    ends = [sign.onset for sign in sections[1:]] + [end]
    spans: dict[str, Segment] = {}
    for section, stop in zip(sections, ends, strict=True):
        spans.setdefault(section.label, (section.onset, stop))
    segments: list[Segment] = [(0, sections[0].onset)]
    visits = Counter[str]()
    for label in order:
        if label not in spans:
            raise ReadError(
                "bad_repeats", f"section '{label[:40]}' is to be played; there are {', '.join(spans)}"
            )
        visits[label] += 1
        begin, stop = spans[label]
        inside = [sign for sign in signs if _is_inside(sign, begin, stop)]
        once_a_visit = _has_an_ending_a_visit(inside, label, order)
        player = _Player(inside, begin, stop, only=visits[label] if once_a_visit else 0)
        segments += player.played()
        if len(segments) > MAX_JUMPS:
            raise _endless()
    return segments


def _has_an_ending_a_visit(inside: Sequence[Sign], label: str, order: Sequence[str]) -> bool:
    """Whether each visit of a section plays one ending (ABC 2.1, section 4.10: ``P:A4.B4``).

    There are as many endings as visits. With a close inside, the visits must also follow
    each other without another section: in ``P:ABA`` the close is a repeat of its own.
    """
    passes = {number for sign in inside for number in sign.passes}
    n_visits = order.count(label)
    if len(passes) < 2 or max(passes) != n_visits:
        return False
    first = order.index(label)
    in_a_row = order[first : first + n_visits].count(label) == n_visits
    return in_a_row or all(sign.kind != "close" for sign in inside)


def _is_inside(sign: Sign, begin: Ticks, stop: Ticks) -> bool:
    if sign.onset == begin:
        return RANK[sign.kind] > LANDS
    return begin < sign.onset < stop or (sign.onset == stop and RANK[sign.kind] < LANDS)


def _endless() -> ReadError:
    return ReadError("bad_repeats", f"more than {MAX_JUMPS} jumps: the signs lead round and round")


class _Player:
    """Walks from sign to sign and notes down what is played between its jumps.

    Attributes:
        only: the one pass to play, without going back; 0 for all of them.
        place: of the sign that comes next.
        begin: since where it plays without a jump.
        home: where a close leads back to (onset, place), and whether an open stands there.
        number: the pass.
        outer: home, opened, number and ending of the repeats around the one that is played.
        ending: the group of endings of which one was played in this pass.
        jumped: whether a D.C. or D.S. was played; its place is the last one of jumped_at, up to
            which music is played again.
    """

    def __init__(self, signs: Sequence[Sign], begin: Ticks, end: Ticks, only: int = 0) -> None:
        self.signs, self.nested = signs, nested_repeats(signs)
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
            if self._pass(self.ending, sign.onset) >= self.ending.last:
                self._go_home_to(sign.onset, opened=False)
        elif sign.kind in ("da_capo", "dal_segno", "to_coda"):
            self._jump(place)

    def _ending_begins(self, onset: Ticks) -> bool:
        """Whether a double bar stands right before an ending: the section goes on in it."""
        here = takewhile(lambda place: self.signs[place].onset == onset, range(self.place, len(self.signs)))
        return any(self.signs[place].kind == "ending" for place in here)

    def _pass(self, group: Group, onset: Ticks) -> int:
        """The pass that decides between endings; what D.C. and D.S. play again has its last one."""
        if self.only or onset >= self.jumped_at:
            return self.only or self.number
        return next(
            (passes[0] for place, passes in group.endings.items() if self._holds_fine(place)), group.last
        )

    def _holds_fine(self, place: int) -> bool:
        """Whether Fine lies in an ending: D.C. al Fine plays that one."""
        later = [sign for sign in self.signs[place + 1 :] if sign.onset > self.signs[place].onset]
        stop = next((sign.onset for sign in later if sign.kind in BOUNDS), self.end)
        return any(sign.kind == "fine" and sign.onset <= stop for sign in later)

    def _go_home_to(self, onset: Ticks, opened: bool) -> None:
        """A section begins: closes lead back to here."""
        self.home, self.opened, self.number, self.ending = (onset, self.place), opened, 1, None

    def _leave(self, onset: Ticks, target: Ticks, place: int) -> None:
        self.segments.append((self.begin, onset))
        self.begin, self.place = target, place
        if len(self.segments) > MAX_JUMPS:
            raise _endless()

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
                return  # the ending that begins here decides; it, or no ending at all, has a close of its own
        if self.number < (sign.times if group is None else group.last):
            self._go_back(sign.onset)
        elif not self._leave_nested(place):
            self._go_home_to(sign.onset, opened=False)

    def _leave_nested(self, place: int) -> bool:
        """Behind a repeat inside an ending the repeat around it is played on; whether this is one."""
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
        elif self.ending is group and not self.only and number < group.last:
            self._go_back(sign.onset)  # no close was written after the ending before
        else:
            self._skip(place, group, number)

    def _skip(self, place: int, group: Group, number: int) -> None:
        """To the ending of this pass, or beyond this one; an early pass that none names plays it."""
        onset = self.signs[place].onset
        for other, passes in group.endings.items():
            if other > place and number in passes:
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

    def _lands(self, place: int, onset: Ticks) -> bool:
        """Whether a sign is met by one who comes to an onset from elsewhere."""
        sign = self.signs[place]
        return sign.onset > onset or (sign.onset == onset and RANK[sign.kind] > LANDS)

    def _jump(self, place: int) -> None:
        """D.C., D.S., and the way to the coda; each is made once."""
        kind, onset = self.signs[place].kind, self.signs[place].onset
        if place in self.taken or (kind == "to_coda" and not self.jumped):
            return
        self.taken.add(place)
        self.outer.clear()
        self.jumped, self.jumped_at = True, max(self.jumped_at, onset)
        if kind == "da_capo":
            self._leave(onset, 0, 0)
        else:
            target = self._find("segno" if kind == "dal_segno" else "coda", self.signs[place].label)
            self._leave(onset, self.signs[target].onset, target)
        self._go_home_to(self.begin, opened=False)

    def _find(self, kind: Kind, label: str) -> int:
        """The place of the segno or coda that a jump names, or else of the first."""
        found = [place for place, sign in enumerate(self.signs) if sign.kind == kind]
        if not found:
            raise ReadError("bad_repeats", f"a jump leads to a {kind} that is not there")
        return next((place for place in found if self.signs[place].label == label), found[0])
