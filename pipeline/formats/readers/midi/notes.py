"""From note-ons and note-offs to notes.

Every note-on is a note. A file that follows MIDI 1.0 sends one note-off for each, and
where the same pitch overlaps itself, the first note-off ends the first note. Where
note-offs are missing, a note ends when its pitch is struck again, and the last one with
All Notes Off or at the latest with its track.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.formats.readers.midi.events import Events, Ints, Track

N_CHANNELS, N_PITCHES = 16, 128
FEW = 2**16  # keys that two bytes hold are sorted by counting


@dataclass(frozen=True)
class Notes:
    """The notes of a channel in a track, by onset, falling pitch and falling end; times in the file's ticks.

    Attributes:
        track, channel: their numbers, from 0.
        onset, end, pitch: (n,) int64, all of some length.
        n_without_length: notes that end when they begin, and are left out.
        n_unended: notes without a note-off, which end with All Notes Off or with the track.
        n_restruck: notes without a note-off that end when their pitch is struck again.
    """

    track: int
    channel: int
    onset: Ints
    end: Ints
    pitch: Ints
    n_without_length: int
    n_unended: int
    n_restruck: int


@dataclass
class _Ends:
    """The end of every note while it is looked for; -1 for a note-off."""

    end: Ints
    unended: NDArray[np.bool_]
    restruck: NDArray[np.bool_]


def notes_by_channel(events: Events, tracks: list[Track]) -> Iterator[Notes]:
    """The notes of each channel that holds any, by track and channel."""
    if not len(events.time):
        return
    channel_of = events.track * N_CHANNELS + events.channel
    used = np.bincount(channel_of)
    channels = np.flatnonzero(used)
    used[channels] = np.arange(len(channels))  # numbered without gaps, so that keys stay small
    owner = used[channel_of]
    ends = _find_ends(events, tracks, owner)
    order = _in_order(events, owner, ends.end)
    end, onset, owner = ends.end[order], events.time[order], owner[order]
    lasting = np.flatnonzero(end > onset)
    numbers = np.arange(len(channels) + 1)
    struck = np.searchsorted(owner, numbers)
    borders = np.searchsorted(owner[lasting], numbers).tolist()
    n_without_length = (np.diff(struck) - np.diff(borders)).tolist()
    n_unended, n_restruck = (_counts(which[order], struck) for which in (ends.unended, ends.restruck))
    onset, end, pitch = onset[lasting], end[lasting], events.pitch[order[lasting]]
    for place in np.flatnonzero(np.diff(struck)).tolist():
        track, channel = divmod(int(channels[place]), N_CHANNELS)
        own = slice(borders[place], borders[place + 1])
        yield Notes(
            track,
            channel,
            onset[own],
            end[own],
            pitch[own],
            n_without_length=n_without_length[place],
            n_unended=n_unended[place],
            n_restruck=n_restruck[place],
        )


def _counts(which: NDArray[np.bool_], borders: Ints) -> list[int]:
    """How many are true between each two borders."""
    if not which.any():
        return [0] * (len(borders) - 1)
    counts: list[int] = np.diff(np.append(0, np.cumsum(which))[borders]).tolist()
    return counts


def _in_order(events: Events, owner: Ints, end: Ints) -> Ints:
    """The places of all note-ons by channel, onset, falling pitch and falling end."""
    struck = np.flatnonzero(events.is_on)
    time, pitch, owner = events.time[struck], events.pitch[struck], owner[struck]
    longest = int(time.max(initial=0)) + 1
    if longest * (int(owner.max(initial=0)) + 1) * N_PITCHES >= 2**62:
        return struck[np.lexsort((-end[struck], -pitch, time, owner))]
    key = (owner * longest + time) * N_PITCHES - pitch
    order = np.argsort(key, kind="stable")
    if np.any(np.diff(key[order]) == 0):
        order = np.lexsort((-end[struck], key))
    return struck[order]


def _find_ends(events: Events, tracks: list[Track], owner: Ints) -> _Ends:
    """The end of every note-on.

    Where a pitch has as many note-offs as note-ons and each after its note-on, they belong
    together in their order; the pitches where that is not so are taken one by one.
    """
    n = len(events.time)
    ends = _Ends(np.full(n, -1, np.int64), np.zeros(n, np.bool_), np.zeros(n, np.bool_))
    key = owner * N_PITCHES + events.pitch
    few = int(key.max()) < FEW
    order = np.argsort(key.astype(np.uint16) if few else key, kind="stable")
    key, is_on = key[order], events.is_on[order]
    begins = np.append(0, np.flatnonzero(np.diff(key)) + 1)
    sounding = np.cumsum(np.where(is_on, 1, -1))
    before = np.append(0, sounding[begins[1:] - 1])
    after = np.append(before[1:], sounding[-1])
    strange = (np.minimum.reduceat(sounding, begins) < before) | (after != before)
    stops = np.append(begins[1:], n)
    plain = np.repeat(~strange, stops - begins)
    ends.end[order[plain & is_on]] = events.time[order[plain & ~is_on]]
    for begin, stop in zip(begins[strange].tolist(), stops[strange].tolist(), strict=True):
        _Pitch(events, tracks, order[begin:stop]).find(ends)
    return ends


class _Pitch:
    """The note-ons and note-offs of one pitch of a channel.

    Attributes:
        places: where they are among the events of the file.
    """

    def __init__(self, events: Events, tracks: list[Track], places: Ints) -> None:
        self.places: list[int] = places.tolist()
        self._events, self._tracks = events, tracks
        self._is_on: list[bool] = events.is_on[places].tolist()
        self._time: list[int] = events.time[places].tolist()

    def find(self, ends: _Ends) -> None:
        """Find the ends of its notes."""
        waiting: deque[int] = deque()  # note-ons that have no note-off yet
        since = 0  # the first of them
        for number, is_on in enumerate(self._is_on):
            if is_on:
                since = since if waiting else number
                waiting.append(self.places[number])
            elif waiting:
                ends.end[waiting.popleft()] = self._time[number]
        if waiting:
            self._restrike(since, ends)

    def _restrike(self, since: int, ends: _Ends) -> None:
        """There are too few note-offs from one note-on on: the next stroke ends the note before."""
        sounding = before = -1
        onset = 0
        for number in range(since, len(self.places)):
            place, time = self.places[number], self._time[number]
            if self._is_on[number]:
                if sounding >= 0:
                    ends.end[sounding], ends.restruck[sounding] = time, True
                sounding, before, onset = place, sounding, time
            elif sounding >= 0 and before >= 0 and onset == time:
                ends.restruck[before], before = False, -1  # written after the stroke of its own time
            elif sounding >= 0:
                ends.end[sounding] = time
                sounding = before = -1
        if sounding >= 0:
            ends.end[sounding], ends.unended[sounding] = self._silence(sounding, onset), True

    def _silence(self, place: int, onset: int) -> int:
        """When a note without an end is silenced: by All Notes Off, or at the end of its track."""
        track = int(self._events.track[place])
        number, channel, time = self._events.silenced.T
        own = (number == track) & (channel == self._events.channel[place]) & (time > onset)
        return int(time[own][0]) if own.any() else self._tracks[track].end
