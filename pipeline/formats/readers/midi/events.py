"""The note-ons and note-offs of a file as arrays.

Most events of a file are channel events of two data bytes, many in a row; :mod:`stretches` finds
them and takes them apart, those of all tracks at once. The events between stretches are read
one by one; see :mod:`scan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.midi.chunks import Chunk
from pipeline.formats.readers.midi.scan import CONTROL, KEY_PRESSURE, NOTE_ON, Track, TrackScan, count_rest
from pipeline.formats.readers.midi.stretches import FileBytes, Ints, Taken

N_CHANNELS = 16
PITCH_BITS = 7
N_PITCHES = 1 << PITCH_BITS
NOTHING = np.empty(0, np.int64)
# controllers that end all notes of a channel
_ENDS_ALL = np.isin(np.arange(0x80), (120, 123, 124, 125, 126, 127))


@dataclass(frozen=True)
class Events:
    """The note-ons and note-offs of all tracks in order; times in the file's ticks.

    Attributes:
        time: (n,) int64.
        key: (n,) int64, the number of the track times N_CHANNELS, plus the channel; that times N_PITCHES,
            plus the pitch.
        is_on: (n,) bool; False for a note-off and for a note-on of velocity 0.
        others: the other events; None if there are none.
    """

    time: Ints
    key: Ints
    is_on: NDArray[np.bool_]
    others: Others | None = None

    @property
    def owner(self) -> Ints:
        """(n,) the number of the track times N_CHANNELS, plus the channel."""
        return self.key >> PITCH_BITS

    def silenced(self) -> tuple[Ints, Ints]:
        """Owner and time of the controllers that end all notes, (m,) each."""
        if self.others is None:
            return NOTHING, NOTHING
        time, track, taken = self.others
        status = taken.of_all(taken.status)
        found = ((status & 0xF0) == CONTROL) & _ENDS_ALL[taken.pitch]
        return track[found] * N_CHANNELS + (status[found] & (N_CHANNELS - 1)), time[found]


class Others(NamedTuple):
    """What controllers are found from: time, number of the track, and content of all events of a file."""

    time: Ints
    track: Ints
    taken: Taken


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
        self._scans: list[TrackScan] = []

    def scan(self, chunk: Chunk) -> None:
        """Read the events of a track.

        Raises:
            ReadError: ``unreadable``: an event that is none, or that the track ends inside.
        """
        content = self._bytes.content
        scan = TrackScan(self._bytes, chunk.begin, min(chunk.stop, len(content)))
        try:
            scan.read()
        except IndexError:
            raise _cut_short(chunk.stop) from None
        if scan.position > scan.stop or (not scan.has_end and chunk.stop > len(content)):
            raise _cut_short(chunk.stop)
        self.n_ended += scan.has_end
        self.n_after_end += count_rest(self._bytes, scan)
        self._scans.append(scan)

    def finish(self) -> tuple[list[Track], Events]:
        """The tracks read so far, and the notes of all of them."""
        stretches = [stretch for scan in self._scans for stretch in scan.stretches]
        if not stretches:
            events = Events(NOTHING, NOTHING, NOTHING > 0)
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
    """The note-ons and note-offs among all events.

    Args:
        taken: the events, each delta time counted from the event before, also where that is of another track.
        track: (n,) the number of the track of each.
    """
    time, status = taken.delta.cumsum(), taken.status
    owner = taken.of_written(track) * N_CHANNELS
    owner += status & (N_CHANNELS - 1)
    owner <<= PITCH_BITS
    has_others = status.max() >= KEY_PRESSURE
    if has_others:
        owner[status >= KEY_PRESSURE] = -N_PITCHES  # so that keys are negative
    key = taken.of_all(owner)
    key += taken.pitch
    is_on = taken.is_loud
    if status.min() < NOTE_ON:
        is_on &= taken.of_all(status >= NOTE_ON)
    if not has_others:
        return Events(time, key, is_on)
    (note,) = (key >= 0).nonzero()
    return Events(time.take(note), key.take(note), is_on.take(note), Others(time, track, taken))


def _cut_short(stop: int) -> ReadError:
    return ReadError("unreadable", f"a track ends inside an event, or the file before byte {stop}")
