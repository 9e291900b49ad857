"""The events of a file: note-ons and note-offs as arrays, and the few others that shape a score.

Most events of a file are channel events of two data bytes, many in a row; :mod:`stretches` finds
them and takes them apart, those of all tracks at once. The events between stretches are read
one by one.

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
from pipeline.formats.readers.midi.stretches import FileBytes, Ints, Stretch, Taken

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xE0
SYSEX, SYSEX_MORE, REAL_TIME, META = 0xF0, 0xF7, 0xF8, 0xFF
TRACK_NAME, LYRIC, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x03, 0x05, 0x2F, 0x51, 0x58, 0x59
KEPT = frozenset({TRACK_NAME, LYRIC, SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE})
MAX_TIME = 2**40  # in the file's ticks
N_CHANNELS = 16
PITCH_BITS = 7
N_PITCHES = 1 << PITCH_BITS
MORE = 0x80  # a byte of a number, after which others follow

_DELTA, _STATUS, _DATA = rb"[\x80-\xff]{0,3}[\x00-\x7f]", rb"[\x80-\xbf\xe0-\xef]", rb"[\x00-\x7f]{2}"
_BEGINS = re.compile(_DELTA + _STATUS + _DATA)  # an event with a status byte
_FOLLOWS = re.compile(_DELTA + _STATUS + rb"?" + _DATA)  # or in running status
_META = bytes([META])
NOTHING = np.empty(0, np.int64)
# controllers that end all notes of a channel
_ENDS_ALL = np.isin(np.arange(0x80), (120, 123, 124, 125, 126, 127))


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
        time: (n,) int64.
        key: (n,) int64, the number of the track times N_CHANNELS, plus the channel; that times N_PITCHES,
            plus the pitch.
        is_on: (n,) bool; False for a note-off and for a note-on of velocity 0.
        silenced: (m, 2) int64, owner and time of the controllers that end all notes.
    """

    time: Ints
    key: Ints
    is_on: NDArray[np.bool_]
    silenced: Ints

    @property
    def owner(self) -> Ints:
        """(n,) the number of the track times N_CHANNELS, plus the channel."""
        return self.key >> PITCH_BITS


class Scanner:
    """Reads the tracks of a file one after the other, and then the notes of all of them.

    Attributes:
        n_ended: how many tracks have their End of Track.
        n_after_end: events after an End of Track, which are not read; bytes that are no event count as one.
    """

    def __init__(self, content: bytes) -> None:
        self.n_ended = 0
        self.n_after_end = 0
        self._bytes = FileBytes(content)
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
        stretches = [stretch for scan in self._scans for stretch in scan.stretches]
        if not stretches:
            events = Events(NOTHING, NOTHING, NOTHING > 0, NOTHING.reshape(0, 2))
            return [scan.track([0]) for scan in self._scans], events
        firsts = [0, *accumulate([stretch.n_events for stretch in stretches[:-1]])]
        taken = self._bytes.take_apart(stretches, firsts)
        sums = iter(np.add.reduceat(taken.delta, firsts).tolist())
        tracks, shifts, before = [], [], 0  # before: the time of the event before a stretch
        for scan in self._scans:
            passed = [0]
            for stretch in scan.stretches:
                shifts.append(stretch.delay + passed[-1] - before)
                passed.append(passed[-1] + next(sums))
                before = stretch.delay + passed[-1]
            tracks.append(scan.track(passed))
        taken.delta[firsts] += shifts
        n_events = [sum([stretch.n_events for stretch in scan.stretches]) for scan in self._scans]
        return tracks, _events(taken, np.arange(len(tracks)).repeat(n_events))


def _events(taken: Taken, track: Ints) -> Events:
    """Notes and silencing controllers of all events.

    Args:
        taken: the events, each delta time counted from the event before, also where that is of another track.
        track: (n,) the number of the track of each.
    """
    time, status = taken.delta.cumsum(), taken.status
    owner = taken.of_written(track) * N_CHANNELS
    owner += status & (N_CHANNELS - 1)
    key = taken.of_all(owner << PITCH_BITS)
    key += taken.pitch
    is_on = taken.is_loud
    if status.min() < NOTE_ON:
        is_on &= taken.of_all(status >= NOTE_ON)
    if status.max() < KEY_PRESSURE:
        return Events(time, key, is_on, NOTHING.reshape(0, 2))
    status = taken.of_all(status)
    is_note = status < KEY_PRESSURE
    (other,) = (~is_note).nonzero()
    other = other[((status[other] & 0xF0) == CONTROL) & _ENDS_ALL[taken.pitch[other]]]
    silenced = np.stack((key[other] >> PITCH_BITS, time[other]), axis=1)
    (note,) = is_note.nonzero()
    return Events(time[note], key[note], is_on[note], silenced)


class _Scan:
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
        while self.position < self.stop and not self.has_end:
            self.step()

    def step(self) -> None:
        """Read a stretch, or one event that belongs to none."""
        content, position = self.content, self.position
        delta, place = content[position], position + 1
        if delta >= MORE:
            delta, place = (delta & 0x7F) << 7 | content[place], place + 1
        if content[place - 1] < MORE and content[place] == META:
            self.delay += delta
            self.position = place + 1
            self._meta()
            return
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
            raise self._refusal("no event" if self.running else "data without a status byte")
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
            raise self._refusal(f"status {status:#x}, which no file may hold")

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
        raise self._refusal("a number of more than 4 bytes")

    def _refusal(self, what: str) -> ReadError:
        return ReadError("unreadable", f"byte {self.position}: {what}")


def _count_rest(file: FileBytes, scan: _Scan) -> int:
    """Events between the End of Track and the end of the track; padding with zeros counts as none."""
    if scan.position == scan.stop or not (written := file.content[scan.position : scan.stop].rstrip(b"\0")):
        return 0
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
    return n_single + sum(stretch.n_events for stretch in rest.stretches)


def _cut_short(stop: int) -> ReadError:
    return ReadError("unreadable", f"a track ends inside an event, or the file before byte {stop}")
