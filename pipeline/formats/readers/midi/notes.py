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

from pipeline.formats.readers.midi.events import MAX_TIME, Ints, Track

N_CHANNELS, N_PITCHES = 16, 128


@dataclass(frozen=True)
class Notes:
    """The notes of a channel in a track, by onset, falling pitch and falling end; times in the file's ticks.

    Attributes:
        onset, end, pitch: (n,) int64, all of some length.
        n_without_length: notes that end when they begin, and are left out.
        n_unended: notes without a note-off, which end with All Notes Off or with the track.
        n_restruck: notes without a note-off that end when their pitch is struck again.
    """

    onset: Ints
    end: Ints
    pitch: Ints
    n_without_length: int
    n_unended: int
    n_restruck: int


@dataclass
class _Ends:
    """The end of every note of a track while it is looked for; -1 for a note-off."""

    end: Ints
    unended: NDArray[np.bool_]
    restruck: NDArray[np.bool_]


def notes_by_channel(track: Track) -> Iterator[tuple[int, Notes]]:
    """The channels of a track that hold notes, in order, and their notes."""
    if not len(track.time):
        return
    ends = _find_ends(track)
    played = np.flatnonzero(track.is_on)
    place = (track.channel[played] * (MAX_TIME + 1) + track.time[played]) * N_PITCHES - track.pitch[played]
    order = played[np.lexsort((-ends.end[played], place))]
    channels = track.channel[order]
    borders = np.searchsorted(channels, np.arange(N_CHANNELS + 1))
    for channel in np.flatnonzero(np.diff(borders)):
        own = order[borders[channel] : borders[channel + 1]]
        lasting = own[ends.end[own] > track.time[own]]
        yield (
            int(channel),
            Notes(
                onset=track.time[lasting],
                end=ends.end[lasting],
                pitch=track.pitch[lasting],
                n_without_length=len(own) - len(lasting),
                n_unended=int(ends.unended[own].sum()),
                n_restruck=int(ends.restruck[own].sum()),
            ),
        )


def _find_ends(track: Track) -> _Ends:
    """The end of every note-on.

    Where each pitch of a channel is struck and ended in turn, a note ends with the event
    that follows it; the pitches where that is not so are taken one by one.
    """
    n = len(track.time)
    ends = _Ends(np.full(n, -1, np.int64), np.zeros(n, np.bool_), np.zeros(n, np.bool_))
    key = track.channel * N_PITCHES + track.pitch
    order = np.argsort(key.astype(np.int16), kind="stable")
    key, is_on = key[order], track.is_on[order]
    changes = key[1:] != key[:-1]
    first, last = np.append(True, changes), np.append(changes, True)
    strange = np.zeros(N_CHANNELS * N_PITCHES, np.bool_)
    strange[key[(first & ~is_on) | (last & is_on)]] = True
    strange[key[1:][~changes & (is_on[1:] == is_on[:-1])]] = True
    plain = order[~strange[key]]
    ends.end[plain[::2]] = track.time[plain[1::2]]
    for pitch in np.flatnonzero(strange):
        begin, stop = np.searchsorted(key, (pitch, pitch + 1))
        _pair(track, order[begin:stop].tolist(), ends)
    return ends


def _pair(track: Track, events: list[int], ends: _Ends) -> None:
    """Find the ends of the notes of one pitch.

    Args:
        events: places of its note-ons and note-offs among the events of the track.
    """
    waiting: deque[int] = deque()  # note-ons that have no note-off yet
    since = 0  # where in ``events`` the first of them is
    for place, event in enumerate(events):
        if track.is_on[event]:
            since = since if waiting else place
            waiting.append(event)
        elif waiting:
            ends.end[waiting.popleft()] = track.time[event]
    if waiting:
        _restrike(track, events[since:], ends)


def _restrike(track: Track, events: list[int], ends: _Ends) -> None:
    """The ends of notes of one pitch that has too few note-offs: the next stroke ends the one before."""
    sounding = before = -1
    for event in events:
        time = track.time[event]
        if track.is_on[event]:
            if sounding >= 0:
                ends.end[sounding], ends.restruck[sounding] = time, True
            sounding, before = event, sounding
        elif sounding >= 0 and before >= 0 and track.time[sounding] == time:
            ends.restruck[before], before = False, -1  # written after the stroke of its own time
        elif sounding >= 0:
            ends.end[sounding] = time
            sounding = before = -1
    if sounding >= 0:
        onset, channel = track.time[sounding], track.channel[sounding]
        silenced = (time for time, other in track.all_off if other == channel and time > onset)
        ends.end[sounding], ends.unended[sounding] = next(silenced, track.end), True
