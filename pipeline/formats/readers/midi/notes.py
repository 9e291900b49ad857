"""From note-ons and note-offs to notes.

Every note-on is a note. A file that follows MIDI 1.0 sends one note-off for each, and
where the same pitch overlaps itself, the first note-off ends the first note. Where
note-offs are missing, a note ends when its pitch is struck again, and the last one with
All Notes Off or at the latest with its track.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.formats.readers.midi.events import N_CHANNELS, Events, Track
from pipeline.formats.readers.midi.stretches import Bytes, Ints

N_PITCHES = 128
FEW = 2**16  # keys that two bytes hold are sorted by counting

Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
NONE: Places = np.empty(0, np.intp)


@dataclass(frozen=True)
class Notes:
    """The notes of all channels, by track, channel, onset, falling pitch and falling end.

    A channel has an entry in the lists if any note begins in it; times are in the file's ticks.

    Attributes:
        tracks, channels: their numbers, from 0.
        borders: where the notes of each channel begin in the arrays, and where the last ones end.
        onset, end, pitch: (n,) of the notes that last for some time.
        n_without_length: notes that end when they begin, and are left out.
        n_unended: notes without a note-off, which end with All Notes Off or with the track.
        n_restruck: notes without a note-off that end when their pitch is struck again.
    """

    tracks: list[int]
    channels: list[int]
    borders: list[int]
    onset: Ints
    end: Ints
    pitch: Bytes
    n_without_length: list[int]
    n_unended: list[int]
    n_restruck: list[int]

    def of(self, place: int) -> slice:
        """The places of the notes of a channel, by its place in the lists."""
        return slice(self.borders[place], self.borders[place + 1])


@dataclass
class _Ends:
    """The end of every note-on while it is looked for, by its place among the events."""

    end: Ints
    unended: Flags
    restruck: Flags


def notes_of(events: Events, tracks: list[Track]) -> Notes:
    """All notes of a file.

    Args:
        events: its note-ons and note-offs.
        tracks: what its tracks hold besides notes.
    """
    used = np.bincount(events.owner)
    (owners,) = used.nonzero()
    # channels numbered without gaps, so that keys stay small
    small = np.uint16 if len(owners) * N_PITCHES <= FEW else np.int64
    used[owners] = np.arange(len(owners)) * N_PITCHES
    key: NDArray[Any] = used.astype(small)[events.owner]
    key += events.pitch
    (struck,) = events.is_on.nonzero()
    end, unended, restruck = _ends_of(events, tracks, key, struck)
    owner = key[struck] >> 7
    onset, pitch = events.time[struck], events.pitch[struck]
    order = _in_order(owner, onset, pitch, end)
    n_struck = np.bincount(owner, minlength=len(owners))
    onset, end, pitch, n_lasting = onset[order], end[order], pitch[order], n_struck
    lasting = end > onset
    if not lasting.all():
        n_lasting = np.bincount(owner[order[lasting]], minlength=len(owners))
        onset, end, pitch = onset[lasting], end[lasting], pitch[lasting]
    sounding = np.flatnonzero(n_struck)
    own = owners[sounding]
    return Notes(
        tracks=(own // N_CHANNELS).tolist(),
        channels=(own % N_CHANNELS).tolist(),
        borders=[0, *np.cumsum(n_lasting[sounding]).tolist()],
        onset=onset,
        end=end,
        pitch=pitch,
        n_without_length=(n_struck - n_lasting)[sounding].tolist(),
        n_unended=np.bincount(owner[unended], minlength=len(owners))[sounding].tolist(),
        n_restruck=np.bincount(owner[restruck], minlength=len(owners))[sounding].tolist(),
    )


def _in_order(owner: NDArray[Any], onset: Ints, pitch: Bytes, end: Ints) -> Ints:
    """The order of notes by channel, onset, falling pitch and falling end."""
    longest = int(onset.max(initial=0)) + 1
    if longest * (int(owner.max(initial=0)) + 1) * N_PITCHES >= 2**62:
        return np.lexsort((-end, -pitch.astype(np.int64), onset, owner))
    key = owner * np.int64(longest)
    key += onset
    key *= N_PITCHES
    key -= pitch
    order = key.argsort(kind="stable")
    key = key[order]
    if (key[1:] == key[:-1]).any():
        order = order[np.lexsort((-end[order], key))]
    return order


def _ends_of(
    events: Events, tracks: list[Track], key: NDArray[Any], struck: Places
) -> tuple[Ints, Places, Places]:
    """The end of every note-on, and the places of the unended and of the restruck among the note-ons.

    Where every pitch of a channel has as many note-offs as note-ons and each after its note-on,
    they belong together in their order.

    Args:
        key: channel and pitch of each event.
        struck: the places of the note-ons among the events.
    """
    (released,) = (~events.is_on).nonzero()
    if len(released) == len(struck):
        started, ended = key[struck], key[released]
        by_start, by_end = started.argsort(kind="stable"), ended.argsort(kind="stable")
        released = released[by_end]
        if (started[by_start] == ended[by_end]).all() and (released > struck[by_start]).all():
            end = np.empty(len(struck), np.int64)
            end[by_start] = events.time[released]
            return end, NONE, NONE
    ends = _find_ends(events, tracks, key)
    return ends.end[struck], np.flatnonzero(ends.unended[struck]), np.flatnonzero(ends.restruck[struck])


def _find_ends(events: Events, tracks: list[Track], key: NDArray[Any]) -> _Ends:
    """The same, pitch by pitch: those with missing or additional note-offs are taken one by one."""
    n = len(events.time)
    ends = _Ends(np.full(n, -1, np.int64), np.zeros(n, np.bool_), np.zeros(n, np.bool_))
    order = np.argsort(key, kind="stable")
    key, is_on = key[order], events.is_on[order]
    begins = np.append(0, np.flatnonzero(key[1:] != key[:-1]) + 1)
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
        owner = int(self._events.owner[place])
        owners, time = self._events.silenced.T
        own = (owners == owner) & (time > onset)
        return int(time[own][0]) if own.any() else self._tracks[owner // N_CHANNELS].end
