"""From note-ons and note-offs to notes.

Every note-on is a note. A file that follows MIDI 1.0 sends one note-off for each, and
where the same pitch overlaps itself, the first note-off ends the first note. Where
note-offs are missing, a note ends when its pitch is struck again, and the last one with
All Notes Off or at the latest with its track.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.formats.readers.midi.events import N_CHANNELS, N_PITCHES, PITCH_BITS, Events
from pipeline.formats.readers.midi.scan import Track
from pipeline.formats.readers.midi.stretches import Bytes, Ints

MOST_BITS = 62  # of a number that is sorted

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
        last: when the last of these notes ends; 0 if there is none.
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
    last: list[int]
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


def notes_of(events: Events, tracks: Sequence[Track]) -> Notes:
    """All notes of a file.

    Args:
        events: its note-ons and note-offs.
        tracks: what its tracks hold besides notes.
    """
    found = _in_pairs(events) or _one_by_one(events, tracks)
    owner, onset, pitch, duration = _in_order(found)
    begins = np.append(0, (owner[1:] != owner[:-1]).nonzero()[0] + 1)  # of the notes of each channel
    own = owner[begins]
    n_lasting = n_struck = np.append(begins[1:], len(owner)) - begins
    lasting = duration > 0
    if not lasting.all():
        n_lasting = np.add.reduceat(lasting, begins, dtype=np.int64)
        onset, pitch, duration = onset[lasting], pitch[lasting], duration[lasting]
    end, stops = onset + duration, n_lasting.cumsum().tolist()
    return Notes(
        tracks=(own // N_CHANNELS).tolist(),
        channels=(own % N_CHANNELS).tolist(),
        borders=[0, *stops],
        onset=onset,
        end=end,
        pitch=pitch.astype(np.uint8),
        last=[int(end[begin:stop].max(initial=0)) for begin, stop in pairwise([0, *stops])],
        n_without_length=(n_struck - n_lasting).tolist(),
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
        key: track, channel and pitch as :class:`Events` numbers them.
        onset, duration: (n,) in the file's ticks.
        unended, restruck: track and channel of each note that ends without a note-off.
    """

    key: Ints
    onset: Ints
    duration: Ints
    unended: Ints = NONE
    restruck: Ints = NONE


def _in_order(struck: _Struck) -> tuple[Ints, Ints, Ints, Ints]:
    """Track and channel, onset, pitch and duration of notes, by these, pitches and durations falling."""
    key, onset, duration = struck.key, struck.onset, struck.duration
    time_bits, duration_bits = int(onset.max()).bit_length(), int(duration.max()).bit_length()
    if int(key.max()).bit_length() + time_bits + duration_bits > MOST_BITS:
        order = np.lexsort((-duration, -(key & (N_PITCHES - 1)), onset, key >> PITCH_BITS))
        key = key[order]
        return key >> PITCH_BITS, onset[order], key & (N_PITCHES - 1), duration[order]
    # sorting numbers that contain everything is quicker than sorting places by them
    longest = (1 << duration_bits) - 1
    number = key >> PITCH_BITS
    number <<= time_bits
    number += onset
    number <<= PITCH_BITS
    number += ~key & (N_PITCHES - 1)
    number <<= duration_bits
    number += longest
    number -= duration
    number.sort()
    duration = ~number & longest
    number >>= duration_bits
    pitch = ~number & (N_PITCHES - 1)
    number >>= PITCH_BITS
    return number >> time_bits, number & ((1 << time_bits) - 1), pitch, duration


def _in_pairs(events: Events) -> _Struck | None:
    """The notes where every pitch of a channel has as many note-offs as note-ons, each after its note-on.

    They belong together in their order.
    """
    n = len(events.time)
    time_bits, bits = int(events.time.max()).bit_length(), n.bit_length()
    if n % 2 or int(events.key.max()).bit_length() + time_bits + bits > MOST_BITS:
        return None
    number = events.key << time_bits
    number += events.time
    number <<= bits
    number += np.arange(n)
    on, off = number[events.is_on.nonzero()], number[(~events.is_on).nonzero()]
    if len(on) != len(off):
        return None
    on.sort()
    off.sort()
    if int((on ^ off).max()) >> time_bits + bits or (off < on).any():
        return None
    on >>= bits
    off >>= bits
    off -= on
    return _Struck(on >> time_bits, on & ((1 << time_bits) - 1), off)


def _one_by_one(events: Events, tracks: Sequence[Track]) -> _Struck:
    """The notes of any file."""
    (struck,) = events.is_on.nonzero()
    ends = _find_ends(events, tracks)
    key, onset = events.key[struck], events.time[struck]
    owner = key >> PITCH_BITS
    return _Struck(
        key,
        onset,
        ends.end[struck] - onset,
        owner[ends.unended[struck]],
        owner[ends.restruck[struck]],
    )


def _find_ends(events: Events, tracks: Sequence[Track]) -> _Ends:
    """The same, pitch by pitch: those with missing or additional note-offs are taken one by one."""
    n = len(events.time)
    ends = _Ends(np.full(n, -1, np.int64), np.zeros(n, np.bool_), np.zeros(n, np.bool_))
    order = np.argsort(events.key, kind="stable")
    key, is_on = events.key[order], events.is_on[order]
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

    def __init__(self, events: Events, tracks: Sequence[Track], places: Ints) -> None:
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
        owner = int(self._events.key[place]) >> PITCH_BITS
        owners, time = self._events.silences
        own = (owners == owner) & (time > onset)
        return int(time[own][0]) if own.any() else self._tracks[owner // N_CHANNELS].end
