"""Repeats played out: from the signs of a score to what a player plays.

Readers gather signs; ``plan`` turns those of all staves into the segments of
written time that are played, one after the other; ``play`` takes a staff through
them. The conventions are those of print: a close without an open goes back to the
end of the section before; endings are played in the passes that they name; after
D.C. and D.S. repeats are not played again, endings are the last ones, and Fine and
the way to the coda count; music that was not played before has its repeats. A way to the
coda without a coda behind it is passed over, and so are Fine, segno and coda without a jump:
the order of the notes is clear without them. They are counted. D.S. without a segno is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipeline.formats.readers.base.played import Segment, play
from pipeline.formats.readers.base.player import MAX_JUMPS, Player, endless
from pipeline.formats.readers.base.repeat_signs import JUMP_SIGNS, LANDS, RANK, Sign
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Staff, Ticks

MAX_TIMES = 64  # the written length


class Course(NamedTuple):
    """The way through a score.

    Attributes:
        segments: what is played, in the order of playing.
        n_ignored: signs of jumps that lead nowhere, or that no jump leads to.
    """

    segments: tuple[Segment, ...]
    n_ignored: int


def play_out(
    staves: Sequence[Staff], signs: Iterable[Sign], order: Sequence[str] = (), n_ignored: int = 0
) -> list[Staff]:
    """All staves as they are played.

    Args:
        staves: as they are written.
        signs, order: as for :func:`plan`.
        n_ignored: jumps that the reader itself leaves out because they are in doubt.

    Raises:
        ReadError: as :func:`plan`.
    """
    course = plan(signs, max((staff.end for staff in staves), default=0), order)
    n_ignored += course.n_ignored
    return [replace(play(staff, course.segments), n_ignored_jumps=n_ignored) for staff in staves]


def plan(signs: Iterable[Sign], end: Ticks, order: Sequence[str] = ()) -> Course:
    """What is played, in the order of playing.

    Args:
        signs: of all staves; those that several staves write count once.
        end: where the longest staff ends.
        order: labels of the sections as they are played; nothing for the order of the
            score. Repeats inside a section are played at every visit, unless its visits
            play one ending each.

    Raises:
        ReadError: ``bad_repeats``, D.S. without a segno, nothing is left to play, or the
            piece grows beyond 64 times its written length.
    """
    ordered = sorted(set(signs), key=lambda sign: (sign.onset, RANK[sign.kind], *sign[2:]))
    sections = [sign for sign in ordered if sign.kind == "section"]
    ordered = [sign for sign in ordered if sign.kind != "section"]
    obeyed: set[Sign] = set()
    if order and sections:
        segments = _in_order(ordered, sections, end, order, obeyed)
    else:
        segments = Player(ordered, 0, end, obeyed).played()
    if sum(stop - begin for begin, stop in segments) > MAX_TIMES * end:
        raise ReadError("bad_repeats", f"played out it is more than {MAX_TIMES} times as long as written")
    joined = tuple(_joined(segments))
    if end and not joined:
        raise ReadError("bad_repeats", "the signs leave nothing to play")
    return Course(joined, sum(sign.kind in JUMP_SIGNS and sign not in obeyed for sign in ordered))


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
    signs: Sequence[Sign], sections: Sequence[Sign], end: Ticks, order: Sequence[str], obeyed: set[Sign]
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
        player = Player(inside, begin, stop, obeyed, only=visits[label] if once_a_visit else 0)
        segments += player.played()
        if len(segments) > MAX_JUMPS:
            raise endless()
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
