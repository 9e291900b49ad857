"""Unfold repeats: from the signs of a score to the music in playing order.

Readers collect signs; ``plan`` converts the signs of all staves to segments of
written time in playing order; ``play`` applies the segments to a staff. The conventions
are those of printed music: a close without an open repeats from the end of the previous
section; endings are played in the passes that they name; after D.C. and D.S., repeats are
not played again, the last endings are played, and Fine and the jump to the coda take
effect; music that was not played before has its repeats. A jump to the coda without a
following coda is ignored, and so are Fine, segno and coda without a jump: the order of
the notes is clear without them. They are counted. D.S. without a segno is refused.
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
    """The playing order of a score.

    Attributes:
        segments: the segments in playing order.
        n_ignored: number of jump signs without a target, and of targets without a jump.
    """

    segments: tuple[Segment, ...]
    n_ignored: int


def play_out(
    staves: Sequence[Staff], signs: Iterable[Sign], order: Sequence[str] = (), n_ignored: int = 0
) -> list[Staff]:
    """Unfold all staves.

    Args:
        staves: the staves as written.
        signs, order: see :func:`plan`.
        n_ignored: number of ambiguous jumps that the reader itself ignored.

    Raises:
        ReadError: as :func:`plan`.
    """
    course = plan(signs, max((staff.end for staff in staves), default=0), order)
    n_ignored += course.n_ignored
    return [replace(play(staff, course.segments), n_ignored_jumps=n_ignored) for staff in staves]


def plan(signs: Iterable[Sign], end: Ticks, order: Sequence[str] = ()) -> Course:
    """Compute the playing order.

    Args:
        signs: the signs of all staves; signs that several staves write are used once.
        end: the end of the longest staff.
        order: labels of the sections in playing order; empty for the order of the
            score. Repeats inside a section are played at every visit, unless each visit
            plays one ending.

    Raises:
        ReadError: ``bad_repeats``: D.S. without a segno, no music is left, or the unfolded
            piece is longer than 64 times its written length.
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
        raise ReadError("bad_repeats", f"unfolded, it is more than {MAX_TIMES} times as long as written")
    joined = tuple(_joined(segments))
    if end and not joined:
        raise ReadError("bad_repeats", "the signs leave no music to play")
    return Course(joined, sum(sign.kind in JUMP_SIGNS and sign not in obeyed for sign in ordered))


def _joined(segments: Iterable[Segment]) -> list[Segment]:
    """Remove empty segments and merge adjacent ones."""
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
    """The sections of a list; music before the first section is played first."""
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
