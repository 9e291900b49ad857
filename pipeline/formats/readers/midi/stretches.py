"""Stretches: channel events of two data bytes, many in a row.

Each such event has exactly three bytes below 128: the last of its delta time and its data. So
every third byte below 128 ends an event, and whether it can is known for all bytes of the file at
once. A stretch is found by one search, and all stretches of a file are taken apart together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

LONGEST = 7  # bytes before the last one of an event that decide whether it can be one
FIRST_STATUS = 0x80


class Stretch(NamedTuple):
    """Events in a row.

    Attributes:
        first: the index of the first event's first byte below 128, among all of the file.
        n_events: number of events.
        begin: the first byte.
        delay: the sum of the delta times before it that belong to no stretch.
    """

    first: int
    n_events: int
    begin: int
    delay: int


class Taken(NamedTuple):
    """The events of all stretches: n of them.

    Attributes:
        delta: (n,) delta times.
        status: (n,) status bytes, of an event in running status the one in force.
        data: (n,) the place of the first data byte in the file.
    """

    delta: Ints
    status: Bytes
    data: Ints


class FileBytes:
    """The bytes of a file, and where three bytes below 128 can be those of an event.

    Attributes:
        low: (n,) the places of the bytes below 128.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.raw = np.frombuffer(content, np.uint8)
        is_low = self.raw < FIRST_STATUS
        (self.low,) = is_low.nonzero()
        self._ends = _can_end(self.raw, is_low)
        self._faults: dict[int, bytes] = {}

    def n_events(self, first: int, stop: int) -> int:
        """How many events follow each other from the byte ``low[first]``, one at least, before a place."""
        turn, start = divmod(first, 3)
        faults = self._faults.get(start)
        if faults is None:
            faults = self._faults[start] = (~self._ends[self.low[start + 2 :: 3]]).tobytes()
        last = turn + (int(self.low.searchsorted(stop)) - first) // 3
        found = faults.find(1, turn + 1, last)
        return (last if found < 0 else found) - turn

    def take_apart(self, stretches: list[Stretch]) -> Taken:
        """The events of all stretches together."""
        low, raw = self.low, self.raw
        slices = [slice(first, first + 3 * n_events) for first, n_events, _, _ in stretches]
        last = np.concatenate([low[own][::3] for own in slices])  # last byte of the delta time
        data = np.concatenate([low[own][1::3] for own in slices])
        n_more = np.empty(len(last), np.int64)  # bytes of the delta time before its last
        n_more[1:] = last[1:] - data[:-1]
        n_more -= 2
        place = 0
        for _, n_events, begin, _ in stretches:
            n_more[place] = last[place] - begin
            place += n_events
        return Taken(_delta_times(raw, last, n_more), _statuses(raw, last, data), data)


def _can_end(raw: Bytes, is_low: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each byte below 128, and the two such bytes before it, can be those of one event.

    They are when both data bytes follow each other, the delta time is right before them or
    before a status byte of two data bytes, and at most three bytes of it are 128 or more.
    """
    ends = np.zeros(len(raw), np.bool_)
    if len(raw) <= LONGEST:
        return ends
    # 0x80 to 0xBF, 0xE0 to 0xEF
    is_status = ((raw ^ FIRST_STATUS) < 0x40) | ((raw & 0xF0) == 0xE0)
    begins = is_low[3:] | is_low[2:-1]
    begins |= is_low[1:-2]
    begins |= is_low[:-3]  # one of four neighbours, the last of which has its place 3 more
    running = is_low[5:-2] & begins[1:-3]
    written = is_status[5:-2] & is_low[4:-3]
    written &= begins[:-4]
    running |= written
    running &= is_low[6:-1]
    ends[LONGEST:] = running
    return ends


def _delta_times(raw: Bytes, last: Ints, n_more: Ints) -> Ints:
    """Delta times from their bytes: seven bits in each, the highest first."""
    delta = raw[last].astype(np.int64)
    most = int(n_more.max(initial=0))
    if most:
        second = (raw[last - 1] & 0x7F).astype(np.int64)
        second <<= 7
        second *= n_more > 0
        delta |= second
    for digit in range(2, most + 1):
        (longer,) = (n_more >= digit).nonzero()
        delta[longer] |= (raw[last[longer] - digit].astype(np.int64) & 0x7F) << 7 * digit
    return delta


def _statuses(raw: Bytes, last: Ints, data: Ints) -> Bytes:
    """The status byte of each event; the first of all events has its own."""
    before = data - 1
    is_written = before > last
    if not is_written.all():
        before *= is_written
        before = np.maximum.accumulate(before)
    return raw[before]
