"""Stretches: channel events of two data bytes, many in a row.

Each such event has exactly three bytes below 128: the last of its delta time and its data. So
every third byte below 128 ends an event, and whether it can is known for all bytes of the file at
once. A stretch is found by one search, and all stretches of a file are taken apart together.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

LONGEST = 7  # bytes before the last one of an event that decide whether it can be one
FIRST_STATUS = 0x80
BEFORE_DATA = 6  # bytes before the two data bytes in the eight that hold an event
STATUS, PITCH, VELOCITY = 40, 48, 56  # first bits of the last three of the eight bytes of an event


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
    """The events of all stretches: n of them, m of which have a status byte.

    Attributes:
        delta: (n,) delta times.
        written: (m,) the places of the events with a status byte; the first event has one.
        status: (m,) their status bytes, each in force until the next one.
        pitch: (n,) the first data byte: the pitch of a note.
        is_loud: (n,) whether the second data byte, the velocity, is more than 0.
    """

    delta: Ints
    written: Ints
    status: Bytes
    pitch: Ints
    is_loud: NDArray[np.bool_]

    def of_written(self, values: NDArray[Any]) -> NDArray[Any]:
        """(m,) the values of the events with a status byte, from those of all events."""
        return values if len(self.written) == len(values) else values[self.written]

    def of_all(self, values: NDArray[Any]) -> NDArray[Any]:
        """(n,) the values of all events, from (m,) those of the events with a status byte."""
        if len(values) == len(self.delta):
            return values
        lengths = np.empty(len(values), np.int64)
        lengths[-1] = len(self.delta)
        lengths[:-1] = self.written[1:]
        lengths -= self.written
        return values.repeat(lengths)


class FileBytes:
    """The bytes of a file, and where three bytes below 128 can be those of an event.

    Attributes:
        low: (n,) the places of the bytes below 128.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        raw = np.frombuffer(content, np.uint8)
        is_low = raw < FIRST_STATUS
        (self.low,) = is_low.nonzero()
        self._ends = _can_end(raw, is_low)
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

    def take_apart(self, stretches: list[Stretch], firsts: list[int]) -> Taken:
        """The events of all stretches together.

        Args:
            stretches: at least one.
            firsts: the place of the first event of each stretch among all of them.
        """
        low = self.low
        begins = np.concatenate(
            [low[first + 1 : first + 3 * n_events : 3] for first, n_events, _, _ in stretches]
        )
        begins -= BEFORE_DATA
        # the last eight bytes of each event, which has seven at most, as one number
        events = np.ndarray((len(self.content) - 7,), "<i8", self.content, 0, (1,)).take(begins)
        pitch = events >> PITCH
        pitch &= 0x7F
        is_loud = events >= 1 << VELOCITY
        status = events.view(np.uint8)[STATUS // 8 :: 8]
        (written,) = (status >= FIRST_STATUS).nonzero()
        status = status[written]
        if len(written) == len(events):
            events <<= 8
        else:
            events[written] <<= 8  # without the status byte
        # what comes before a stretch may end in bytes that look like those of a delta time
        n_more = low[[stretch.first for stretch in stretches]]
        n_more -= np.array([stretch.begin for stretch in stretches])
        events[firsts] &= np.left_shift(-1, STATUS - 8 * n_more)
        return Taken(_delta_times(events), written, status, pitch, is_loud)


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


def _delta_times(events: Ints) -> Ints:
    """Delta times from the bytes of events: seven bits in each, the highest first.

    Args:
        events: (n,) eight bytes each; a delta time of one to four bytes ends with the byte at STATUS.
    """
    delta = events >> STATUS - 15
    delta &= 0x7F << 7
    goes_on = events >> STATUS - 1
    goes_on &= 1
    delta *= goes_on
    last = events >> STATUS
    last &= 0x7F
    delta += last
    more = 0x8080 << STATUS - 16
    (longer,) = ((events & more) == more).nonzero()
    for digit in (2, 3):
        if not len(longer):
            break
        first_bit = STATUS - 8 * digit
        delta[longer] += (events[longer] >> first_bit & 0x7F) << 7 * digit
        longer = longer[(events[longer] & 0x80 << first_bit - 8) > 0]
    return delta
