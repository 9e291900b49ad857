"""Compute the bars of a score from its written bar lines.

A plain bar line begins a bar. A double bar or a repeat sign may also be
inside a bar (before an upbeat): it begins a bar only if the bar before it is
full, or a full bar follows. The end of a line of text begins a bar only if the
bar is full: the Essen songs have no bar line there. An incomplete bar at the
very start (anacrusis) begins no bar, so the first bar then begins after it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pipeline.core.music import TICKS_PER_QUARTER, Meter

Kind = Literal["plain", "sign", "line_end"]
STRENGTH: dict[Kind, int] = {"line_end": 0, "sign": 1, "plain": 2}


class BarLine(NamedTuple):
    """A written bar line: one ``plain`` line, a ``sign`` (double bar, repeat), or a line's end."""

    onset: int
    kind: Kind


def bar_onsets(lines: Sequence[BarLine], meters: Sequence[Meter], end: int) -> tuple[int, ...] | None:
    """Onsets of the bars in ticks.

    Args:
        lines: bar lines in order of time; several may have the same onset.
        meters: time signatures in order of time; empty for free time.
        end: the end of the staff.

    Returns:
        The onsets, or None (unknown) if no bar line is written inside the piece.
    """
    inside: dict[int, Kind] = {}
    for onset, kind in lines:
        if 0 < onset < end and STRENGTH[kind] >= STRENGTH[inside.get(onset, "line_end")]:
            inside[onset] = kind
    written = [onset for onset, kind in inside.items() if kind != "line_end"]
    if not written:
        return None
    first_length = bar_length(meters, 0)
    bars = [0] if first_length is None or written[0] >= first_length else []
    onsets = list(inside)
    for onset, following in zip(onsets, [*onsets[1:], end], strict=True):
        if inside[onset] == "plain" or _begins_bar(onset, following, inside[onset], bars, meters):
            bars.append(onset)
    return tuple(bars)


def bar_length(meters: Sequence[Meter], onset: int) -> int | None:
    """Ticks of a bar in the current meter; None for free time."""
    place = bisect_right(meters, onset, key=lambda meter: meter.onset) - 1
    if place < 0:
        return None
    meter = meters[place]
    return 4 * TICKS_PER_QUARTER * meter.numerator // meter.denominator


def _begins_bar(onset: int, following: int, kind: Kind, bars: Sequence[int], meters: Sequence[Meter]) -> bool:
    length = bar_length(meters, onset)
    if kind == "sign" and (length is None or following - onset >= length):
        return True
    before = bar_length(meters, bars[-1]) if bars else None
    return before is not None and (onset - bars[-1]) % before == 0
