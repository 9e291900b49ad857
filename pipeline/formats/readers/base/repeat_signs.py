"""The signs that lead a player through a score: repeats, endings, jumps, sections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from pipeline.formats.readers.base.staff import Ticks

Kind = Literal[
    "close", "end", "to_coda", "fine", "dal_segno", "da_capo",
    "section", "segno", "coda", "start", "open", "ending",
]  # fmt: skip
RANK: dict[str, int] = {kind: rank for rank, kind in enumerate(get_args(Kind))}  # at one onset
LANDS = RANK["section"]  # signs from here on belong to what follows, those before to what is over


class Sign(NamedTuple):
    """A sign that leads a player through the score.

    Attributes:
        kind: ``open`` and ``close`` are the repeat signs, ``start`` is where a close
            without its open goes back to (a double bar of ABC); ``ending`` and
            ``end`` bound an ending; ``section`` begins what a list of sections names.
        passes: in which passes an ending is played, at least one.
        times: how often the section before a close is played.
        label: which segno, coda or section.
        after_jump: a close that is obeyed after D.C. and D.S., too.
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
    """Endings of one section: their places among the signs, and how often the section is played."""

    places: list[int] = field(default_factory=list)
    passes: set[int] = field(default_factory=set)
    n_closed: int = 0

    @property
    def last(self) -> int:
        """A first ending alone leads back, and is left out the next time."""
        alone = len(self.places) == 1 and self.n_closed and 1 in self.passes
        return max(self.passes, default=1) + bool(alone)


def groups_of_endings(signs: Sequence[Sign]) -> list[Group | None]:
    """The group of each ending, and of each close in or right before one.

    A bracket may end before the bar with the close, as if it covered the first bar of its ending
    alone: that close belongs to the ending, if the next ending begins there, or if it is the only one.
    """
    groups: list[Group | None] = [None] * len(signs)
    group: Group | None = None
    inside = ended_early = False
    for place, sign in enumerate(signs):
        if sign.kind == "open":
            group, inside, ended_early = None, False, False
        elif sign.kind == "ending":
            if group is None or group.passes & set(sign.passes):
                group = Group()
            group.places.append(place)
            group.passes.update(sign.passes)
            groups[place], inside, ended_early = group, True, False
        elif sign.kind == "close":
            if ended_early and group is not None and _is_of_ending(signs, place, group):
                inside = True
            if not inside:
                group = Group() if _endings_at(signs, place) else None
            elif group is not None:
                group.n_closed += 1
            groups[place], inside, ended_early = group, False, False
        elif sign.kind == "end":
            ended_early, inside = inside, False
    return groups


def _is_of_ending(signs: Sequence[Sign], place: int, group: Group) -> bool:
    """Whether a close behind the bracket of an ending is the end of that ending."""
    following = _endings_at(signs, place)
    if following:
        return not group.passes & set(following[0].passes)
    return len(group.places) == 1 and 1 in group.passes


def _endings_at(signs: Sequence[Sign], place: int) -> list[Sign]:
    """The endings that begin at the onset of a sign, behind it."""
    onset = signs[place].onset
    return [sign for sign in signs[place:] if sign.onset == onset and sign.kind == "ending"]
