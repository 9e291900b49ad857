"""One pass over a track: where its stretches are, and its other events one by one.

Running status is valid until another status byte. A meta event should end it, but every
player keeps it, and so does this reader; after a system exclusive event players disagree,
so a file that relies on it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.midi.stretches import FileBytes, Stretch

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xE0
SYSEX, SYSEX_MORE, REAL_TIME, META = 0xF0, 0xF7, 0xF8, 0xFF
TRACK_NAME, LYRIC, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x03, 0x05, 0x2F, 0x51, 0x58, 0x59
KEPT = frozenset({TRACK_NAME, LYRIC, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE})
MAX_TIME = 2**40  # in the file's ticks
MORE = 0x80  # a byte of a number, after which others follow

# what a file is refused for
NO_EVENT, NO_STATUS = "no event", "data without a status byte"
LONG_NUMBER, BAD_STATUS = "a number of more than 4 bytes", "status {:#x}, which no file may hold"

_DELTA, _STATUS, _DATA = rb"[\x80-\xff]{0,3}[\x00-\x7f]", rb"[\x80-\xbf\xe0-\xef]", rb"[\x00-\x7f]{2}"
_BEGINS = re.compile(_DELTA + _STATUS + _DATA)  # an event with a status byte
_FOLLOWS = re.compile(_DELTA + _STATUS + rb"?" + _DATA)  # or in running status


@dataclass(frozen=True)
class Track:
    """What a track holds besides notes; times in the file's ticks.

    Attributes:
        metas: time, type and content of track names, lyrics, tempi and signatures.
        end: when the track ends.
    """

    metas: list[tuple[int, int, bytes]]
    end: int


class TrackScan:
    """One pass over a track.

    Attributes:
        delay: the sum of the delta times outside stretches.
        metas: ``delay``, number of stretches before, type and content of each.
        running: how many data bytes an event without a status byte has; 0 where there can be none.
    """

    def __init__(self, file: FileBytes, position: int, stop: int) -> None:
        self.file, self.content = file, file.content
        self.position, self.stop = position, stop
        self.delay = self.running = 0
        self.stretches: list[Stretch] = []
        self.metas: list[tuple[int, int, int, bytes]] = []
        self.has_end = False

    def read(self) -> None:
        """Read to the End of Track, or to the end of the bytes.

        Raises:
            IndexError: the bytes end inside an event.
            ReadError: ``unreadable``.
        """
        while True:
            self._read_metas()
            if self.position >= self.stop or self.has_end:
                return
            self.step()

    def _read_metas(self) -> None:
        """Read the meta events that come next, each of at most 127 bytes and after a short delta time."""
        content, position, delay = self.content, self.position, self.delay
        n_before = len(self.stretches)
        while position < self.stop and not self.has_end:
            delta, place = content[position], position + 1
            if delta >= MORE:
                delta, place = (delta & 0x7F) << 7 | content[place], place + 1
            if content[place - 1] >= MORE or content[place] != META or content[place + 2] >= MORE:
                break
            kind, begin = content[place + 1], place + 3
            position = begin + content[place + 2]
            delay += delta
            if kind in KEPT:
                self.metas.append((delay, n_before, kind, content[begin:position]))
            elif kind == END_OF_TRACK:
                self.has_end = True
        self.position, self.delay = position, delay

    def step(self) -> None:
        """Read a stretch, or one event that belongs to none."""
        content, position = self.content, self.position
        pattern = _FOLLOWS if self.running == 2 else _BEGINS
        event = pattern.match(content, position, self.stop)
        if event is None:
            self._event()
            return
        low = self.file.low
        first = int(low.searchsorted(event.end())) - 3
        n_events = self.file.n_events(first, self.stop)
        self.stretches.append(Stretch(first, n_events, position, self.delay))
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
            raise refused(self.position, NO_EVENT if self.running else NO_STATUS)
        else:
            self.position += 1
            self._system(status)

    def _system(self, status: int) -> None:
        """Read a meta event; skip a system exclusive or real-time event."""
        if status == META:
            self._meta()
        elif status in (SYSEX, SYSEX_MORE):
            length, self.running = self._number(), 0
            self.position += length
        elif status < REAL_TIME:
            raise refused(self.position, BAD_STATUS.format(status))

    def _meta(self) -> None:
        """Read a meta event from its type on."""
        content, begin = self.content, self.position + 2
        kind, length = content[begin - 2], content[begin - 1]
        if length >= MORE:
            self.position += 1
            length, begin = self._number(), self.position
        self.position = begin + length
        if kind in KEPT:
            self.metas.append((self.delay, len(self.stretches), kind, content[begin : self.position]))
        elif kind == END_OF_TRACK:
            self.has_end = True

    def _number(self) -> int:
        """A variable-length number of at most 4 bytes."""
        value = 0
        for _ in range(4):
            byte = self.content[self.position]
            self.position += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise refused(self.position, LONG_NUMBER)


def refused(position: int, what: str) -> ReadError:
    """The refusal of a file for what is at a byte."""
    return ReadError("unreadable", f"byte {position}: {what}")


def count_rest(file: FileBytes, scan: TrackScan) -> int:
    """Events between the End of Track and the end of the track; padding with zeros counts as none."""
    if scan.position == scan.stop or not (written := file.content[scan.position : scan.stop].rstrip(b"\0")):
        return 0
    rest = TrackScan(file, scan.position, scan.position + len(written))
    rest.running = scan.running
    n_single = 0
    try:
        while rest.position < rest.stop:
            n_stretches = len(rest.stretches)
            rest.step()
            n_single += len(rest.stretches) == n_stretches
    except (IndexError, ReadError):
        n_single += 1  # the rest is no event, and counts as one
    return n_single + sum(stretch.n_events for stretch in rest.stretches)
