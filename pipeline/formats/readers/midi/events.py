"""The note-ons and note-offs of a file as arrays.

Most events of a file are channel events of two data bytes, many in a row; :mod:`stretches` finds
them and takes them apart, those of all tracks at once. The events between stretches are read
one by one; see :mod:`scan`.
"""

from __future__ import annotations

from collections.abc import Sequence
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
NOTHING, NO_SILENCE = np.empty(0, np.int64), np.empty((2, 0), np.int64)
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
        silences: (2, m) int64, owner and time of the controllers that end all notes of a channel.
    """

    time: Ints
    key: Ints
    is_on: NDArray[np.bool_]
    silences: Ints

    @property
    def owner(self) -> Ints:
        """(n,) the number of the track times N_CHANNELS, plus the channel."""
        return self.key >> PITCH_BITS


class Scanned(NamedTuple):
    """What the tracks of a file hold, up to the first one with a fault.

    Attributes:
        n_ended: how many tracks have their End of Track.
        n_after_end: events after an End of Track, which are not read; bytes that are no event count as one.
        fault: the refusal of the track after them: an event that is none, or that the track ends inside.
    """

    tracks: list[Track]
    events: Events
    n_ended: int
    n_after_end: int
    fault: ReadError | None


def read_tracks(content: bytes, chunks: Sequence[Chunk]) -> Scanned:
    """Read the tracks of a file one after the other, and then the notes of all of them.

    Args:
        content: the file.
        chunks: those of its tracks.
    """
    file, fault = FileBytes(content), None
    scans: list[TrackScan] = []
    n_after_end = 0
    for chunk in chunks:
        scan = TrackScan(file, chunk.begin, min(chunk.stop, len(content)))
        try:
            scan.read()
        except IndexError:
            fault = cut_short(chunk.stop)
        except ReadError as error:
            fault = error
        if scan.position > scan.stop or (not scan.has_end and chunk.stop > len(content)):
            fault = fault or cut_short(chunk.stop)
        if fault is not None:
            break
        n_after_end += count_rest(file, scan)
        scans.append(scan)
    tracks, events = _finish(file, scans)
    return Scanned(tracks, events, sum(scan.has_end for scan in scans), n_after_end, fault)


def _finish(file: FileBytes, scans: list[TrackScan]) -> tuple[list[Track], Events]:
    """The tracks of some passes, and the notes of all of them."""
    stretches = [stretch for scan in scans for stretch in scan.stretches]
    if not stretches:
        return [scan.track([0]) for scan in scans], Events(NOTHING, NOTHING, NOTHING > 0, NO_SILENCE)
    firsts = [0, *accumulate([stretch.n_events for stretch in stretches[:-1]])]
    taken = file.take_apart(stretches, firsts)
    sums = iter(np.add.reduceat(taken.delta, firsts).tolist())
    tracks, shifts, before = [], [], 0  # before: the time of the event before a stretch
    for scan in scans:
        passed = [0]
        for stretch in scan.stretches:
            shifts.append(stretch.delay + passed[-1] - before)
            passed.append(passed[-1] + next(sums))
            before = stretch.delay + passed[-1]
        tracks.append(scan.track(passed))
    taken.delta[firsts] += shifts
    n_events = [sum([stretch.n_events for stretch in scan.stretches]) for scan in scans]
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
    key = owner << PITCH_BITS
    has_others = status.max() >= KEY_PRESSURE
    if has_others:
        key[status >= KEY_PRESSURE] = -N_PITCHES  # so that keys are negative
    key = taken.of_all(key)
    key += taken.pitch
    is_on = taken.is_loud
    if status.min() < NOTE_ON:
        is_on &= taken.of_all(status >= NOTE_ON)
    if not has_others:
        return Events(time, key, is_on, NO_SILENCE)
    (note,) = (key >= 0).nonzero()
    silences = NO_SILENCE
    if _ENDS_ALL[taken.pitch].any():
        found = taken.of_all((status & 0xF0) == CONTROL) & _ENDS_ALL[taken.pitch]
        silences = np.array([taken.of_all(owner)[found], time[found]])
    return Events(time.take(note), key.take(note), is_on.take(note), silences)


def cut_short(stop: int) -> ReadError:
    """The refusal of a file with a track that ends inside an event, or before the byte ``stop``."""
    return ReadError("unreadable", f"a track ends inside an event, or the file before byte {stop}")
