"""The events of a file: note-ons and note-offs as arrays, and the few others that shape a score.

Most events of a file are channel events of two data bytes, many in a row (a *stretch*):
each has exactly three bytes below 128, the last of its delta time and its data. Arrays over
the whole file hold where three such bytes can be an event, so that a stretch is found by one
search, and take all stretches of all tracks apart at once. The events between stretches are
read one by one.

Running status is valid until another status byte. A meta event should end it, but every
player keeps it, and so does this reader; after a system exclusive event players disagree,
so a file that relies on it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.midi.chunks import Chunk

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
SYSEX, SYSEX_MORE, REAL_TIME, META = 0xF0, 0xF7, 0xF8, 0xFF
TRACK_NAME, LYRIC, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x03, 0x05, 0x2F, 0x51, 0x58, 0x59
KEPT = frozenset({TRACK_NAME, LYRIC, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE})
MAX_TIME = 2**40  # in the file's ticks

Ints = NDArray[np.int64]

_DELTA, _STATUS, _DATA = rb"[\x80-\xff]{0,3}[\x00-\x7f]", rb"[\x80-\xbf\xe0-\xef]", rb"[\x00-\x7f]{2}"
_BEGINS = re.compile(_DELTA + _STATUS + _DATA)  # an event with a status byte
_FOLLOWS = re.compile(_DELTA + _STATUS + rb"?" + _DATA)  # or in running status
_TWO_DATA_BYTES = np.isin(np.arange(0x100) & 0xF0, (0x80, 0x90, 0xA0, 0xB0, 0xE0))  # by status
_ENDS_ALL = np.isin(
    np.arange(0x80), (120, 123, 124, 125, 126, 127)
)  # controllers that end all notes of a channel


@dataclass(frozen=True)
class Track:
    """What a track holds besides notes; times in the file's ticks.

    Attributes:
        metas: time, type and content of track names, lyrics, tempi and signatures.
        end: when the track ends.
    """

    metas: list[tuple[int, int, bytes]]
    end: int


@dataclass(frozen=True)
class Events:
    """The note-ons and note-offs of all tracks in order; times in the file's ticks.

    Attributes:
        time, track, channel, pitch: (n,) int64.
        is_on: (n,) bool; False for a note-off and for a note-on of velocity 0.
        silenced: (m, 3) int64, track, channel and time of the controllers that end all notes.
    """

    time: Ints
    track: Ints
    channel: Ints
    pitch: Ints
    is_on: NDArray[np.bool_]
    silenced: Ints


class Scanner:
    """Reads the tracks of a file one after the other, and then the notes of all of them.

    Attributes:
        n_ended: how many tracks have their End of Track.
        n_after_end: events after an End of Track, which are not read; bytes that are no event count as one.
    """

    def __init__(self, content: bytes) -> None:
        self.n_ended = 0
        self.n_after_end = 0
        self._bytes = _Bytes(content)
        self._scans: list[_Scan] = []

    def scan(self, chunk: Chunk) -> None:
        """Read the events of a track.

        Raises:
            ReadError: ``unreadable``: an event that is none, or that the track ends inside.
        """
        content = self._bytes.content
        scan = _Scan(self._bytes, chunk.begin, min(chunk.stop, len(content)))
        try:
            scan.read()
        except IndexError:
            raise _cut_short(chunk.stop) from None
        if scan.position > scan.stop or (not scan.has_end and chunk.stop > len(content)):
            raise _cut_short(chunk.stop)
        self.n_ended += scan.has_end
        self.n_after_end += _count_rest(self._bytes, scan)
        self._scans.append(scan)

    def finish(self) -> tuple[list[Track], Events]:
        """The tracks read so far, and the notes of all of them."""
        scans = self._scans
        stretches = [stretch for scan in scans for stretch in scan.stretches]
        firsts, counts, begins, delays = np.array(stretches, np.int64).reshape(-1, 4).T
        place, delta, status = _take_apart(self._bytes, firsts, counts, begins)
        passed = np.append(0, np.cumsum(delta))
        edges = passed[np.append(0, np.cumsum(counts))]  # sum of the delta times before each stretch
        n_stretches = [len(scan.stretches) for scan in scans]
        starts = list(accumulate(n_stretches, initial=0))
        since = edges[starts[:-1]]
        delays = delays - np.repeat(since, n_stretches)
        time = passed[1:] + np.repeat(delays, counts)
        number = np.repeat(np.repeat(np.arange(len(scans)), n_stretches), counts)
        tracks = [
            scan.track((edges[start : stop + 1] - edges[start]).tolist())
            for scan, start, stop in zip(scans, starts, starts[1:], strict=False)
        ]
        return tracks, _events(self._bytes, place, time, number, status)


def _events(file: _Bytes, place: Ints, time: Ints, number: Ints, status: NDArray[np.uint8]) -> Events:
    """Notes and silencing controllers of all events."""
    first = file.raw[file.low[place + 1]]
    off = np.flatnonzero((status & 0xF0 == CONTROL) & _ENDS_ALL[first])
    silenced = np.stack((number[off], (status & 0x0F)[off].astype(np.int64), time[off]), axis=1)
    note = np.flatnonzero(status < 0xA0)
    second = file.raw[file.low[place[note] + 2]]
    return Events(
        time=time[note],
        track=number[note],
        channel=(status[note] & 0x0F).astype(np.int64),
        pitch=first[note].astype(np.int64),
        is_on=(status[note] >= NOTE_ON) & (second > 0),
        silenced=silenced,
    )


class _Bytes:
    """The bytes of a file, and where three bytes below 128 can be those of an event.

    Attributes:
        low: (n,) the places of the bytes below 128.
        strange: for every third of them from 0, 1 and 2: whether it and the next two are no event.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.raw = np.frombuffer(content, np.uint8)
        self.low = np.flatnonzero(self.raw < 0x80)
        step = np.diff(self.low)
        no_status = step[1:-1] == 1
        with_status = (step[1:-1] == 2) & _TWO_DATA_BYTES[self.raw[self.low[1:-2] + 1]]
        strange = np.ones(len(self.low) + 2, np.bool_)
        strange[1 : max(len(step) - 1, 1)] = ~((step[:-2] <= 4) & (no_status | with_status) & (step[2:] == 1))
        self.strange = [strange[start::3].tobytes() for start in range(3)]

    def n_events(self, first: int, stop: int) -> int:
        """How many events follow each other from the byte ``low[first]``, one at least, before a place."""
        turn, start = first // 3, first % 3
        last = turn + (int(self.low.searchsorted(stop)) - first) // 3
        found = self.strange[start].find(1, turn + 1, last)
        return (last if found < 0 else found) - turn


class _Scan:
    """One pass over a track.

    Attributes:
        delay: the sum of the delta times outside stretches.
        stretches: of each, the index in ``low`` of its first event, its number of events, its
            first byte, and ``delay`` where it begins.
        metas: ``delay``, number of stretches before, type and content of each.
        running: how many data bytes an event without a status byte has; 0 where there can be none.
    """

    def __init__(self, file: _Bytes, position: int, stop: int) -> None:
        self.file, self.content = file, file.content
        self.position, self.stop = position, stop
        self.delay = self.running = 0
        self.stretches: list[tuple[int, int, int, int]] = []
        self.metas: list[tuple[int, int, int, bytes]] = []
        self.has_end = False

    def read(self) -> None:
        """Read to the End of Track, or to the end of the bytes.

        Raises:
            IndexError: the bytes end inside an event.
            ReadError: ``unreadable``.
        """
        while self.position < self.stop and not self.has_end:
            self.step()

    def step(self) -> None:
        """Read a stretch, or one event that belongs to none."""
        pattern = _FOLLOWS if self.running == 2 else _BEGINS
        event = pattern.match(self.content, self.position, self.stop)
        if event is None:
            self._event()
            return
        low = self.file.low
        first = int(low.searchsorted(event.end())) - 3
        n_events = self.file.n_events(first, self.stop)
        self.stretches.append((first, n_events, self.position, self.delay))
        self.position, self.running = int(low[first + 3 * n_events - 1]) + 1, 2

    def track(self, passed: list[int]) -> Track:
        """What was read besides notes.

        Args:
            passed: sum of the delta times in the first n stretches, for each n.
        """
        metas = [(delay + passed[n], kind, text) for delay, n, kind, text in self.metas]
        return Track(metas, min(self.delay + passed[-1], MAX_TIME))

    def _event(self) -> None:
        """Read one event that belongs to no stretch."""
        self.delay += self._number()
        status = self.content[self.position]
        if PROGRAM <= status < BEND:
            self.position, self.running = self.position + 2, 1
        elif status < NOTE_OFF and self.running == 1:
            self.position += 1
        elif status < SYSEX:
            raise self._refusal("no event" if self.running else "data without a status byte")
        else:
            self.position += 1
            self._system(status)

    def _system(self, status: int) -> None:
        """Read a meta event; skip a system exclusive or real-time event."""
        length = kind = 0
        if status == META:
            kind = self.content[self.position]
            self.position += 1
            length = self._number()
        elif status in (SYSEX, SYSEX_MORE):
            length, self.running = self._number(), 0
        elif status < REAL_TIME:
            raise self._refusal(f"status {status:#x}, which no file may hold")
        if kind in KEPT:
            text = self.content[self.position : self.position + length]
            self.metas.append((self.delay, len(self.stretches), kind, text))
        self.has_end = kind == END_OF_TRACK
        self.position += length

    def _number(self) -> int:
        """A variable-length number of at most 4 bytes."""
        value = 0
        for _ in range(4):
            byte = self.content[self.position]
            self.position += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise self._refusal("a number of more than 4 bytes")

    def _refusal(self, what: str) -> ReadError:
        return ReadError("unreadable", f"byte {self.position}: {what}")


def _count_rest(file: _Bytes, scan: _Scan) -> int:
    """Events between the End of Track and the end of the track; padding with zeros counts as none."""
    written = file.content[scan.position : scan.stop].rstrip(b"\0")
    rest = _Scan(file, scan.position, scan.position + len(written))
    rest.running = scan.running
    n_single = 0
    try:
        while rest.position < rest.stop:
            n_stretches = len(rest.stretches)
            rest.step()
            n_single += len(rest.stretches) == n_stretches
    except (IndexError, ReadError):
        n_single += 1  # the rest is no event, and counts as one
    return n_single + sum(n_events for _, n_events, _, _ in rest.stretches)


def _take_apart(
    file: _Bytes, firsts: Ints, counts: Ints, begins: Ints
) -> tuple[Ints, Ints, NDArray[np.uint8]]:
    """The events of all stretches: index in ``low`` of the first byte of each, delta time and status."""
    before = np.cumsum(counts) - counts
    place = np.repeat(firsts - 3 * before, counts) + 3 * np.arange(int(counts.sum()))
    raw, last = file.raw, file.low[place]  # last byte of the delta time
    previous = file.low[place - 1]
    previous[before] = begins - 1
    n_high = last - previous - 1
    delta = raw[last].astype(np.int64)
    for digit in range(1, int(n_high.max(initial=0)) + 1):
        longer = np.flatnonzero(n_high >= digit)
        delta[longer] |= (raw[last[longer] - digit].astype(np.int64) & 0x7F) << 7 * digit
    written = np.where(raw[last + 1] >= NOTE_OFF, last + 1, 0)
    return place, delta, raw[np.maximum.accumulate(written)]


def _cut_short(stop: int) -> ReadError:
    return ReadError("unreadable", f"a track ends inside an event, or the file before byte {stop}")
