"""The events of one track: note-ons and note-offs as arrays, and the few others that shape a score.

Most events of a file are channel events of two data bytes, many in a row. A regular
expression finds such a run (a *stretch*), and arrays take all stretches apart at once:
each event has exactly three bytes below 128, the last of its delta time and its data.
The events between stretches are read one by one.

Running status is valid until another status byte. A meta event should end it, but every
player keeps it, and so does this reader; after a system exclusive event players disagree,
so a file that relies on it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.formats.readers.base.source import ReadError

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
SYSEX, SYSEX_MORE, REAL_TIME, META = 0xF0, 0xF7, 0xF8, 0xFF
TRACK_NAME, LYRIC, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x03, 0x05, 0x2F, 0x51, 0x58, 0x59
KEPT = frozenset({TRACK_NAME, LYRIC, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE})
MAX_TIME = 2**40  # in the file's ticks

Ints = NDArray[np.int64]

_DELTA, _STATUS, _DATA = rb"[\x80-\xff]{0,3}[\x00-\x7f]", rb"[\x80-\xbf\xe0-\xef]", rb"[\x00-\x7f]{2}"
_MORE = rb"(?:" + _DELTA + _STATUS + rb"?" + _DATA + rb")*+"
_BEGINS = re.compile(_DELTA + _STATUS + _DATA + _MORE)  # with a status byte
_FOLLOWS = re.compile(_MORE)  # in running status
_HIGH = bytes(range(0x80, 0x100))
_ENDS_ALL = np.isin(
    np.arange(0x80), (120, 123, 124, 125, 126, 127)
)  # controllers that end all notes of a channel


@dataclass(frozen=True)
class Track:
    """A track as it is written; times in the file's ticks.

    Attributes:
        time, channel, pitch: (n,) int64 of every note-on and note-off in order.
        is_on: (n,) bool; False for a note-off and for a note-on of velocity 0.
        all_off: time and channel of the controllers that end all notes.
        metas: time, type and content of track names, lyrics, tempi and signatures.
        end: when the track ends.
        has_end: whether it has its End of Track.
        n_after_end: events after its End of Track, which are not read; bytes that are no event count as one.
    """

    time: Ints
    channel: Ints
    pitch: Ints
    is_on: NDArray[np.bool_]
    all_off: list[tuple[int, int]]
    metas: list[tuple[int, int, bytes]]
    end: int
    has_end: bool
    n_after_end: int


def read_track(content: bytes, begin: int, stop: int) -> Track:
    """Read the events of a track.

    Args:
        content: the whole file.
        begin, stop: the first byte of the events and the byte after the last.

    Raises:
        ReadError: ``unreadable``: an event that is none, or that the track ends inside;
            ``too_long``.
    """
    scan = _Scan(content, begin, min(stop, len(content)))
    try:
        scan.read()
    except IndexError:
        raise _cut_short(stop) from None
    if scan.position > scan.stop or (not scan.has_end and stop > len(content)):
        raise _cut_short(stop)
    time, status, first, second = _take_apart(b"".join(scan.stretches))
    n_events = np.cumsum([0, *(_n_events(stretch) for stretch in scan.stretches)])
    time += np.repeat(np.array(scan.delays, np.int64), np.diff(n_events))

    def when(delay: int, n_stretches: int) -> int:
        """The time of an event that is in no stretch."""
        n = n_events[n_stretches]
        return int(delay + (time[n - 1] - scan.delays[n_stretches - 1] if n else 0))

    is_note, kind = status < 0xA0, status & 0xF0
    if is_note.any() and time[is_note][-1] > MAX_TIME:
        raise ReadError("too_long", f"a note {time[is_note][-1]} ticks after the beginning")
    is_off = (kind == CONTROL) & _ENDS_ALL[first]
    return Track(
        time=time[is_note],
        channel=(status & 0x0F)[is_note],
        pitch=first[is_note],
        is_on=((kind == NOTE_ON) & (second > 0))[is_note],
        all_off=list(zip(time[is_off].tolist(), (status & 0x0F)[is_off].tolist(), strict=True)),
        metas=[(when(delay, n), meta, text) for delay, n, meta, text in scan.metas],
        end=min(when(scan.delay, len(scan.stretches)), MAX_TIME),
        has_end=scan.has_end,
        n_after_end=_count_rest(content, scan.position, scan.stop, scan.running),
    )


def _count_rest(content: bytes, begin: int, stop: int, running: int) -> int:
    """Events between the End of Track and the end of the track; padding with zeros counts as none."""
    rest = _Scan(content, begin, begin + len(content[begin:stop].rstrip(b"\0")))
    rest.running = running
    n_single = 0
    try:
        while rest.position < rest.stop:
            n_stretches = len(rest.stretches)
            n_single += 1
            rest.step()
            n_single -= len(rest.stretches) - n_stretches
    except (IndexError, ReadError):
        pass  # the rest is no event, and counts as one
    return n_single + sum(map(_n_events, rest.stretches))


class _Scan:
    """One pass over a track.

    Attributes:
        delay: the sum of the delta times outside stretches.
        stretches, delays: the bytes of each stretch, and ``delay`` where it begins.
        metas: ``delay``, number of stretches before, type and content of each.
        running: how many data bytes an event without a status byte has; 0 where there can be none.
    """

    def __init__(self, content: bytes, position: int, stop: int) -> None:
        self.content, self.position, self.stop = content, position, stop
        self.delay = self.running = 0
        self.stretches: list[bytes] = []
        self.delays: list[int] = []
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
        stretch = pattern.match(self.content, self.position, self.stop)
        if stretch and stretch.end() > self.position:
            self.stretches.append(stretch[0])
            self.delays.append(self.delay)
            self.position, self.running = stretch.end(), 2
        else:
            self._event()

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


def _n_events(stretch: bytes) -> int:
    return len(stretch.translate(None, _HIGH)) // 3


def _take_apart(stretches: bytes) -> tuple[Ints, Ints, Ints, Ints]:
    """Time since the beginning of the stretches, status and the two data bytes of all their events."""
    raw = np.frombuffer(stretches, np.uint8)
    last, first, second = np.flatnonzero(raw < 0x80).reshape(-1, 3).T  # last byte of the delta time
    delta = raw[last].astype(np.int64)
    n_high = np.diff(second, prepend=-1)[: len(last)] - (second - last) - 1
    for place in range(1, 4):
        longer = np.flatnonzero(n_high >= place)
        delta[longer] |= (raw[last[longer] - place].astype(np.int64) & 0x7F) << 7 * place
    written = np.where(first - last == 2, first - 1, 0)
    status = raw[np.maximum.accumulate(written)].astype(np.int64)
    return np.cumsum(delta), status, raw[first].astype(np.int64), raw[second].astype(np.int64)


def _cut_short(stop: int) -> ReadError:
    return ReadError("unreadable", f"a track ends inside an event, or the file before byte {stop}")
