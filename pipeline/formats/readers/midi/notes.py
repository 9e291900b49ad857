"""From note-ons and note-offs to notes.

Every note-on is a note. A file that follows MIDI 1.0 sends one note-off for each, and
where the same pitch overlaps itself, the first note-off ends the first note. Where
note-offs are missing, a note ends when its pitch is struck again, and the last one with
All Notes Off or at the latest with its track.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.formats.readers.midi.events import N_CHANNELS, Events, Track
from pipeline.formats.readers.midi.stretches import Bytes, Ints

PITCH_BITS = 7
N_PITCHES = 1 << PITCH_BITS

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
    found = _in_pairs(events) or _one_by_one(events, tracks)
    key, onset, end = found.key, found.onset, found.end
    order = _in_order(key, onset, end)
    key, onset, end = key[order], onset[order], end[order]
    n_struck = n_lasting = np.bincount(key >> PITCH_BITS)
    lasting = end > onset
    if not lasting.all():
        key, onset, end = key[lasting], onset[lasting], end[lasting]
        n_lasting = np.bincount(key >> PITCH_BITS, minlength=len(n_struck))
    (own,) = n_struck.nonzero()
    n_lasting = n_lasting[own]
    return Notes(
        tracks=(own // N_CHANNELS).tolist(),
        channels=(own % N_CHANNELS).tolist(),
        borders=[0, *n_lasting.cumsum().tolist()],
        onset=onset,
        end=end,
        pitch=(key & (N_PITCHES - 1)).astype(np.uint8),
        n_without_length=(n_struck[own] - n_lasting).tolist(),
        n_unended=_count(found.unended, own),
        n_restruck=_count(found.restruck, own),
    )


def _count(owners: Ints, own: Places) -> list[int]:
    """How many of the owners are each of ``own``, which is in order."""
    if not len(owners):
        return [0] * len(own)
    return np.bincount(owners, minlength=int(own[-1]) + 1)[own].tolist()  # type: ignore[no-any-return]


class _Struck(NamedTuple):
    """The notes of a file.

    Attributes:
        key: track and channel as :class:`Events` numbers them, times N_PITCHES, plus the pitch.
        onset, end: (n,) in the file's ticks.
        unended, restruck: track and channel of each note that ends without a note-off.
    """

    key: Ints
    onset: Ints
    end: Ints
    unended: Ints = NONE
    restruck: Ints = NONE


def _in_order(key: Ints, onset: Ints, end: Ints) -> Ints:
    """The order of notes by channel, onset, falling pitch and falling end."""
    n = len(key)
    longest, last = int(onset.max()) + 1, (int(key.max()) >> PITCH_BITS) + 1
    bits = n.bit_length()
    if (longest * last * N_PITCHES) << bits >= 2**62:
        return np.lexsort((-end, -(key & (N_PITCHES - 1)), onset, key >> PITCH_BITS))
    # sorting numbers is quicker than sorting places by them: the last bits are the place
    number = key >> PITCH_BITS
    number *= longest
    number += onset
    number <<= PITCH_BITS
    number += ~key & (N_PITCHES - 1)
    number <<= bits
    number += np.arange(n)
    number.sort()
    order = number & ((1 << bits) - 1)
    number >>= bits
    (equal,) = (number[1:] == number[:-1]).nonzero()
    if len(equal):
        equal = np.union1d(equal, equal + 1)
        among = order[equal]
        order[equal] = among[np.lexsort((-end[among], number[equal]))]
    return order


def _in_pairs(events: Events) -> _Struck | None:
    """The notes where every pitch of a channel has as many note-offs as note-ons, each after its note-on.

    They belong together in their order.
    """
    n = len(events.time)
    bits = n.bit_length()
    if n % 2 or (int(events.owner.max()) + 1) * N_PITCHES << bits >= 2**62:
        return None
    number = events.owner << PITCH_BITS
    number += events.pitch
    number <<= bits
    number += np.arange(n)
    on, off = number[events.is_on.nonzero()], number[(~events.is_on).nonzero()]
    if len(on) != len(off):
        return None
    on.sort()
    off.sort()
    if ((on ^ off) >> bits).any() or (off < on).any():
        return None
    key = on >> bits
    on &= (1 << bits) - 1
    off &= (1 << bits) - 1
    return _Struck(key, events.time[on], events.time[off])


def _one_by_one(events: Events, tracks: list[Track]) -> _Struck:
    """The notes of any file."""
    key = (events.owner << PITCH_BITS) + events.pitch
    (struck,) = events.is_on.nonzero()
    ends = _find_ends(events, tracks, key)
    owner = events.owner[struck]
    return _Struck(
        key[struck],
        events.time[struck],
        ends.end[struck],
        owner[ends.unended[struck]],
        owner[ends.restruck[struck]],
    )


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
