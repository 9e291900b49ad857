"""Signs that determine the playing order of a score: repeats, endings, jumps, sections."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Literal, NamedTuple, get_args

from pipeline.formats.readers.base.staff import Ticks

Kind = Literal[
    "close", "end", "to_coda", "fine", "dal_segno", "da_capo",
    "section", "segno", "coda", "start", "open", "ending",
]  # fmt: skip
RANK: dict[str, int] = {kind: rank for rank, kind in enumerate(get_args(Kind))}  # at one onset
BOUNDS = ("close", "end", "open", "ending")  # kinds that end an ending
JUMP_SIGNS = ("to_coda", "fine", "dal_segno", "da_capo", "segno", "coda")
LANDS = RANK["section"]  # signs from here on belong to the following music
OPEN_END = "open"  # the bracket stops, and the ending may last longer


class Sign(NamedTuple):
    """A sign that determines the playing order.

    Attributes:
        kind: ``open`` and ``close`` are the repeat signs, ``start`` is the target of a close
            without an open (a double bar in ABC); ``ending`` and ``end`` delimit an ending;
            ``section`` begins a section of a list of sections.
        passes: the passes in which an ending is played, at least one.
        times: number of times that the section before a close is played.
        label: label of the segno, coda or section; OPEN_END for the end of an ending without a jog.
        after_jump: whether a close is also followed after D.C. and D.S.
    """

    onset: Ticks
    kind: Kind
    passes: tuple[int, ...] = ()
    times: int = 2
    label: str = ""
    after_jump: bool = False


def read_passes(text: str) -> tuple[int, ...]:
    """The passes of an ending.

    >>> read_passes("1,3"), read_passes("1-3"), read_passes("2.")
    ((1, 3), (1, 2, 3), (2,))
    """
    passes: set[int] = set()
    for first, last in re.findall(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?", text):
        passes.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(passes - {0}))


@dataclass(eq=False)
class Group:
    """Endings of one section.

    Attributes:
        endings: the passes of each ending by its place among the signs.
        passes: all passes of the endings.
        highest: the last of them.
        n_closed: number of endings with a close.
        closed_before: whether there is a close directly before the first ending.
        goes_on: whether endings without a close are followed by others with the same numbers and
            closes: a pass plays one of each.
        last: number of times that the section is played, once all its signs are known.
    """

    endings: dict[int, tuple[int, ...]] = field(default_factory=dict)
    passes: set[int] = field(default_factory=set)
    highest: int = 0
    n_closed: int = 0
    closed_before: bool = False
    goes_on: bool = False
    last: int = 1

    def add(self, place: int, passes: tuple[int, ...]) -> None:
        """Add the ending at a place among the signs."""
        self.endings[place] = passes
        self.passes.update(passes)
        self.highest = max(self.highest, *passes, 0)

    def finish(self) -> None:
        """Set the passes of several endings to 1, 2, 3, … if a score omits a number.

        A single first ending repeats, and is skipped the next time.
        """
        if len(self.endings) > 1:
            ranks = {number: rank for rank, number in enumerate(sorted(self.passes), start=1)}
            self.endings = {
                place: tuple(ranks[number] for number in passes) for place, passes in self.endings.items()
            }
            self.passes = set(ranks.values())
        closed = bool(self.n_closed) or self.closed_before
        alone = len(self.endings) == 1 and closed and 1 in self.passes
        self.last = max(self.passes, default=1) + alone


def nested_repeats(signs: Sequence[Sign]) -> dict[int, int]:
    """The repeats inside an ending: index of the open → index of its close.

    Such a close is followed by the end of the ending, or by the close of the ending.
    """
    nested: dict[int, int] = {}
    closes: set[int] = set()
    inside = False
    for place, sign in enumerate(signs):
        if sign.kind == "open" and inside:
            later = (other for other in range(place + 1, len(signs)) if signs[other].kind in BOUNDS)
            bounds = list(islice(later, 2))
            if [signs[other].kind for other in bounds] in (["close", "end"], ["close", "close"]):
                nested[place] = bounds[0]
                closes.add(bounds[0])
        if sign.kind in BOUNDS and place not in nested and place not in closes:
            inside = sign.kind == "ending"
    return nested


def groups_of_endings(signs: Sequence[Sign], nested: Mapping[int, int]) -> list[Group | None]:
    """The group of each ending, and of each close in or right before one; none of nested repeats.

    A bracket may end before the bar with the close, as if it covered the first bar of its ending
    alone: that close belongs to the ending, if the next ending begins there, or if it is the only one.
    An ending that follows a close and has the number of the one before is the next. Where the numbers
    begin again and no ending had a close yet, those that follow decide in the same passes.
    """
    groups: list[Group | None] = [None] * len(signs)
    group: Group | None = None
    inside = ended_early = False
    closed_at: Ticks = -1
    passed_over = {*nested, *nested.values()}
    for place, sign in enumerate(signs):
        if place in passed_over:
            continue
        if sign.kind == "open":
            group, inside, ended_early = None, False, False
        elif sign.kind == "ending":
            passes = sign.passes
            if group is None:
                group = Group()
            elif group.passes & set(passes):
                if group.goes_on or _goes_on(signs, place, group):
                    group.goes_on = True
                elif closed_at == sign.onset:
                    passes = (group.highest + 1,)
                else:
                    group = Group()
            group.add(place, passes)
            groups[place], inside, ended_early = group, True, False
        elif sign.kind == "close":
            if ended_early and group is not None and _is_of_ending(signs, place, group):
                inside = True
            if not inside:
                group = Group(closed_before=True) if _endings_at(signs, place) else None
            elif group is not None:
                group.n_closed += 1
            groups[place], inside, ended_early, closed_at = group, False, False, sign.onset
        elif sign.kind == "end":
            ended_early, inside = inside, False
    for found in {id(group): group for group in groups if group is not None}.values():
        found.finish()
    return groups


def _goes_on(signs: Sequence[Sign], place: int, group: Group) -> bool:
    """Whether endings without a close decide together with those from a place on.

    No section begins between them, and the first of those has a close.
    """
    if group.n_closed or group.closed_before or len(group.endings) < 2:
        return False
    if any(sign.kind == "start" for sign in signs[max(group.endings) : place + 1]):
        return False
    later = (sign.kind for sign in signs[place + 1 :] if sign.kind in ("close", "open", "ending", "start"))
    return next(later, "") == "close"


def _is_of_ending(signs: Sequence[Sign], place: int, group: Group) -> bool:
    """Whether a close behind the bracket of an ending is the end of that ending."""
    return bool(_endings_at(signs, place)) or (len(group.endings) == 1 and 1 in group.passes)


def _endings_at(signs: Sequence[Sign], place: int) -> list[Sign]:
    """The endings that begin at the onset of a sign, after it."""
    later = (signs[other] for other in range(place, len(signs)))
    here = takewhile(lambda sign: sign.onset == signs[place].onset, later)
    return [sign for sign in here if sign.kind == "ending"]
