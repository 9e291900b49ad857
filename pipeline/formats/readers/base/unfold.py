"""Repeats played out: from the signs of a score to what a player plays.

Readers gather signs; ``plan`` turns those of all staves into the segments of
written time that are played, one after the other; ``play`` takes a staff through
them. The conventions are those of print: a close without an open goes back to the
end of the section before; endings are played in the passes that they name; after
D.C. and D.S. repeats are not played again, endings are the last ones, and Fine and
the way to the coda count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TypeVar

from pipeline.core.music import Meter
from pipeline.formats.readers.base.barlines import BarLine
from pipeline.formats.readers.base.repeat_signs import LANDS, RANK, Group, Kind, Sign, groups_of_endings
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import KeySign, Staff, Ticks, Written

MAX_JUMPS = 1000
MAX_TIMES = 64  # the written length
BOUNDS = ("close", "end", "open", "ending")  # what ends an ending

Segment = tuple[Ticks, Ticks]  # begin and end, written time
Timed = TypeVar("Timed", Meter, KeySign)


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
            score. Repeats inside a section are played whenever it is.

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


def play(staff: Staff, segments: Sequence[Segment]) -> Staff:
    """The staff as it is played; a note that sounds on where the player leaves ends there, counted."""
    if not segments or (len(segments) == 1 and segments[0][0] == 0 and segments[0][1] >= staff.end):
        return staff
    played = replace(staff, end=0, notes=[], meters=[], keys=[], lines=None if staff.lines is None else [])
    now: Ticks = 0
    for begin, stop in segments:
        shift = now - begin
        played.notes += [note._replace(onset=note.onset + shift) for note in _cut(staff, begin, stop, played)]
        played.meters += [
            Meter(int(max(meter.onset, begin) + shift), meter.numerator, meter.denominator)
            for meter in _in_force(staff.meters, begin, stop)
        ]
        played.keys += [
            key._replace(onset=max(key.onset, begin) + shift) for key in _in_force(staff.keys, begin, stop)
        ]
        if played.lines is not None:
            played.lines += _lines(staff.lines or (), begin, stop, shift)
        if staff.end > begin:
            played.end = now + min(stop, staff.end) - begin
        now += stop - begin
    return played


def _cut(staff: Staff, begin: Ticks, stop: Ticks, played: Staff) -> list[Written]:
    """The notes that begin in a segment; none is longer than it."""
    notes = []
    for note in staff.notes:
        if begin <= note.onset < stop:
            if note.onset + note.duration > stop:
                played.n_cut += 1
                note = note._replace(duration=stop - note.onset, ties_on=False)
            notes.append(note)
    return notes


def _in_force(written: Sequence[Timed], begin: Ticks, stop: Ticks) -> list[Timed]:
    """The last one before a segment and those inside it."""
    before = [item for item in written if item.onset <= begin][-1:]
    return before + [item for item in written if begin < item.onset < stop]


def _lines(lines: Sequence[BarLine], begin: Ticks, stop: Ticks, shift: Ticks) -> list[BarLine]:
    """The bar lines of a segment.

    Where it begins there is a sign, unless a plain bar line stands there; the
    beginning of the piece has none, because its first bar may be incomplete.
    """
    plain = begin > 0 and any(line.onset == int(begin) and line.kind == "plain" for line in lines)
    played = [BarLine(int(begin + shift), "plain" if plain else "sign")]
    played += [BarLine(int(line.onset + shift), line.kind) for line in lines if begin < line.onset < stop]
    return played


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
        passes = {number for sign in inside for number in sign.passes}
        once_a_visit = len(passes) > 1 and max(passes) == order.count(label)
        player = _Player(inside, begin, stop, only=visits[label] if once_a_visit else 0)
        segments += player.played()
        if len(segments) > MAX_JUMPS:
            raise _endless()
    return segments


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
        ending: the group of endings of which one was played in this pass.
    """

    def __init__(self, signs: Sequence[Sign], begin: Ticks, end: Ticks, only: int = 0) -> None:
        self.signs, self.groups = signs, groups_of_endings(signs)
        self.end, self.only, self.place, self.begin = end, only, 0, begin
        self.home, self.opened, self.number = (begin, 0), False, 1
        self.ending: Group | None = None
        self.jumped = False
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
            self._go_home_to(sign.onset, opened=True)
        elif sign.kind == "start" and not self.opened and not self._ending_begins(sign.onset):
            self._go_home_to(sign.onset, opened=False)
        elif sign.kind == "close":
            self._close(place)
        elif sign.kind == "ending":
            self._ending(place)
        elif sign.kind == "end" and self.ending is not None and self._pass(self.ending) >= self.ending.last:
            self._go_home_to(sign.onset, opened=False)
        elif sign.kind in ("da_capo", "dal_segno", "to_coda"):
            self._jump(place)

    def _ending_begins(self, onset: Ticks) -> bool:
        """Whether a double bar stands right before an ending: the section goes on in it."""
        here = takewhile(lambda place: self.signs[place].onset == onset, range(self.place, len(self.signs)))
        return any(self.signs[place].kind == "ending" for place in here)

    def _pass(self, group: Group) -> int:
        """The pass that decides between endings; after D.C. and D.S. it is the last one."""
        return self.only or (group.last if self.jumped else self.number)

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
        if self.only or (self.jumped and not sign.after_jump):
            return
        right_here = (
            other
            for other in self.signs[place + 1 :]
            if other.kind == "ending" and other.onset == sign.onset and self.number in other.passes
        )
        if group is not None and self.ending is not group and any(right_here):
            return
        if self.number < (sign.times if group is None else group.last):
            self._go_back(sign.onset)
        else:
            self._go_home_to(sign.onset, opened=False)

    def _ending(self, place: int) -> None:
        sign, group = self.signs[place], self.groups[place]
        if group is None:
            return
        number = self._pass(group)
        if number in sign.passes:
            self.ending = group
        elif self.ending is group and not self.only and number < group.last:
            self._go_back(sign.onset)  # no close was written after the ending before
        else:
            self._skip(place, group, number)

    def _skip(self, place: int, group: Group, number: int) -> None:
        """To the ending of this pass, or beyond this one; an early pass that none names plays it."""
        onset = self.signs[place].onset
        for other in group.places:
            if other > place and number in self.signs[other].passes:
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
        self.jumped = True
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
