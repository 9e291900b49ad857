"""A MIDI file as a piece: each channel of each track with notes is a part, in the order of the file.

A change of program changes the sound of a part and does not divide it. Percussion
(channel 10) has no pitch: it is left out, and named in the piece's ``left_out``. Notes of
no length are left out and counted with the grace notes. Bars follow from the time
signatures, where the file has one at its beginning and none that is impossible.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER, Meter, Piece
from pipeline.core.text import counted
from pipeline.formats.readers.base.barlines import bar_length
from pipeline.formats.readers.base.limits import too_many
from pipeline.formats.readers.base.parts import readable_parts
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import MAX_TICKS, KeySign, in_force, key_fields
from pipeline.formats.readers.midi.chunks import Header, read_header, track_chunks
from pipeline.formats.readers.midi.compiled import IS_BUILT
from pipeline.formats.readers.midi.compiled import notes_of as compiled_notes
from pipeline.formats.readers.midi.compiled import read_tracks as compiled_tracks
from pipeline.formats.readers.midi.events import N_CHANNELS, Events
from pipeline.formats.readers.midi.events import read_tracks as array_tracks
from pipeline.formats.readers.midi.notes import Notes
from pipeline.formats.readers.midi.notes import notes_of as array_notes
from pipeline.formats.readers.midi.scan import KEY_SIGNATURE, MAX_TIME, TIME_SIGNATURE, TRACK_NAME, Track
from pipeline.formats.readers.midi.staves import MidiStaff, columns
from pipeline.formats.readers.midi.text import decode_text
from pipeline.formats.readers.midi.words import Words

PERCUSSION = 9  # channel 10, counted from 0
MAX_BARS = 100_000
MAX_NUMERATOR = 128
MAX_HALVINGS = 7  # of a whole note: 1/128
MAX_FIFTHS = 7
BEAT = 4  # a quarter note is the longest bar of one beat
MODES = ("major", "minor")

read_tracks, notes_of = (compiled_tracks, compiled_notes) if IS_BUILT else (array_tracks, array_notes)


def read_score(content: bytes, max_notes: int | None = None) -> Piece:
    """Read one file.

    Args:
        content: its bytes, outside any container.
        max_notes: of all pitched channels together; None for any number.

    Raises:
        ReadError: damaged, of format 2 or in SMPTE time, percussion alone, no note at all or too many.
    """
    header = read_header(content)
    tracks, events, n_after_end = _scan(content, header, max_notes)
    signs = _Signs(header.division, n_after_end)
    words = Words()
    for number, track in enumerate(tracks):
        signs.read(track)
        words.read(number, track)
    if not np.count_nonzero(events.is_on):
        raise ReadError("no_notes", "the file holds no note")
    notes = notes_of(events, tracks)
    staves = _staves(notes, [_name(track) for track in tracks], signs)
    _sing(staves, notes, words, header.division)
    parts, left_out = readable_parts(staves)
    if not any(len(part.onset) for part in parts):
        raise ReadError("no_notes", "every note of the file is of no length")
    begins = [begin for begin, stop in pairwise(notes.borders) if begin < stop]
    first = min(notes.onset[begins].tolist())
    tempi = words.tempo_map(header.division)
    return Piece("", "", parts, left_out=left_out, tempo_qpm=words.tempo(first), tempi=tempi)


def _sing(staves: list[MidiStaff], notes: Notes, words: Words, division: int) -> None:
    """Give the pitched staves their lyrics."""
    if not words.tracks:
        return
    pitched = [place for place, staff in enumerate(staves) if not staff.fault]
    onsets = [(notes.tracks[place], notes.onset[notes.of(place)]) for place in pitched]
    sung, n_lost = words.of_parts(onsets, division)
    for part, place in enumerate(pitched):
        staves[place].lyrics = tuple(sung[part]) if part in sung else None
        staves[place].n_lost_syllables = n_lost[part]


def _scan(content: bytes, header: Header, max_notes: int | None) -> tuple[list[Track], Events, int]:
    """The tracks of a file, their notes, and the number of events after an End of Track.

    Raises:
        ReadError: the first by the order of the tracks: ``unreadable`` (an event that is none, or
            bytes that are no chunk, unless all tracks came before them), ``too_long``, ``too_many_notes``.
    """
    chunks = [*track_chunks(content)]
    junk = None if not chunks or chunks[-1].type else chunks.pop()
    scanned = read_tracks(content, chunks)
    tracks, fault = scanned.tracks, scanned.fault
    _check_notes(scanned.events, tracks, max_notes)
    if fault is None and junk and (len(tracks) < header.n_tracks or scanned.n_ended < len(tracks)):
        n_declared = counted(header.n_tracks, "track")
        fault = ReadError(
            "unreadable", f"byte {junk.begin} begins no chunk, after {len(tracks)} of {n_declared}"
        )
    if fault is not None:
        raise fault
    return tracks, scanned.events, scanned.n_after_end


def _check_notes(events: Events, tracks: list[Track], max_notes: int | None) -> None:
    """Check the times and the number of the notes.

    Raises:
        ReadError: ``too_long`` or ``too_many_notes``, whichever an earlier track holds.
    """
    most = len(events.time) if max_notes is None else max_notes
    if np.count_nonzero(events.is_on) <= most and all(track.end < MAX_TIME for track in tracks):
        return
    notes_until = np.append(0, np.cumsum(events.is_on & (events.owner % N_CHANNELS != PERCUSSION)))
    last_owners = np.arange(1, len(tracks) + 1) * N_CHANNELS
    for stop in np.searchsorted(events.owner // N_CHANNELS * N_CHANNELS, last_owners).tolist():
        if stop and events.time[stop - 1] > MAX_TIME:
            raise ReadError("too_long", f"a note {events.time[stop - 1]} ticks after the beginning")
        if notes_until[stop] > most:
            raise too_many("too_many_notes", "notes", int(notes_until[stop]), most)


class _Signs:
    """The time and key signatures of all tracks, and the number of events after an End of Track.

    Times are in ticks of 1/10080 quarter note.
    """

    def __init__(self, division: int, n_after_end: int) -> None:
        self.division = division
        self.n_after_end = n_after_end
        self.meters: list[Meter] = []
        self.keys: list[KeySign] = []
        self.n_bad_meters = 0
        self.n_bad_keys = 0

    def read(self, track: Track) -> None:
        """Add those of a track; impossible ones are unknown, and counted."""
        for time, kind, content in track.metas:
            if kind == TIME_SIGNATURE:
                self._meter(time, content)
            elif kind == KEY_SIGNATURE:
                self._key(time, content)

    def _meter(self, time: int, content: bytes) -> None:
        numerator, halvings = content[:2] if len(content) >= 2 else (0, 0)
        if 1 <= numerator <= MAX_NUMERATOR and halvings <= MAX_HALVINGS:
            self.meters.append(Meter(self.ticks(time), numerator, 2**halvings))
        else:
            self.n_bad_meters += 1

    def _key(self, time: int, content: bytes) -> None:
        fifths = int.from_bytes(content[:1], "big", signed=True)
        possible = len(content) >= 2 and abs(fifths) <= MAX_FIFTHS
        known_mode = possible and content[1] < len(MODES)
        self.n_bad_keys += not known_mode
        mode = MODES[content[1]] if known_mode else ""
        self.keys.append(KeySign(fifths if possible else None, mode, self.ticks(time)))

    def ticks(self, time: int) -> int:
        """A time of the file in ticks, rounded half up."""
        return (2 * time * TICKS_PER_QUARTER + self.division) // (2 * self.division)


def _staves(notes: Notes, names: list[str], signs: _Signs) -> list[MidiStaff]:
    """A staff for each channel of each track, all of one length and with all signatures."""
    pitched = zip(notes.channels, notes.last, strict=True)
    last = max([last for channel, last in pitched if channel != PERCUSSION], default=0)
    common = _common(signs, signs.ticks(last))
    return [
        MidiStaff(names[track], "percussion" if channel == PERCUSSION else "", own, common)
        for track, channel, own in zip(
            notes.tracks, notes.channels, columns(notes, signs.division), strict=True
        )
    ]


def _common(signs: _Signs, end: int) -> dict[str, Any]:
    """The fields that all parts share: their end, and the signatures and bars before it.

    Raises:
        ReadError: ``too_long``: too many bars.
    """
    written = sorted(signs.meters, key=lambda meter: meter.onset)
    meters = list({meter.onset: meter for meter in written if meter.onset < end}.values())  # the last holds
    keys = sorted((key for key in signs.keys if key.onset < end), key=lambda key: key.onset)
    n_bad_meters = signs.n_bad_meters
    if _count_beats(meters):
        n_bad_meters, meters = n_bad_meters + len(meters), []
    lines = None if n_bad_meters or end > MAX_TICKS else _bar_lines(meters, end)
    meters = _with_upbeat(meters)
    return {
        "end": end,
        **key_fields(keys),
        "meters": in_force(meters),
        "bar_onsets": None if lines is None else _bars(lines, meters),
        "n_bad_keys": signs.n_bad_keys,
        "n_bad_meters": n_bad_meters,
        "n_after_end": signs.n_after_end,
    }


def _count_beats(meters: list[Meter]) -> bool:
    """Whether the file has bars of one beat throughout (1/4): they come from a beat tracker, not a score."""
    return bool(meters) and all(meter.numerator == 1 and meter.denominator >= BEAT for meter in meters)


def _with_upbeat(meters: list[Meter]) -> list[Meter]:
    """Without a first time signature of one bar that is shorter than the next: exporters write an upbeat so.

    The next time signature then holds from the beginning.
    """
    if len(meters) < 2 or meters[0].onset != 0:
        return meters
    upbeat, full = (_length(meter) for meter in meters[:2])
    if meters[1].onset != upbeat or upbeat >= full:
        return meters
    return [replace(meters[1], onset=0), *meters[2:]]


def _length(meter: Meter) -> int:
    """Ticks of a bar."""
    return 4 * TICKS_PER_QUARTER * meter.numerator // meter.denominator


def _name(track: Track) -> str:
    """The first name of a track that is not blank."""
    for _, kind, content in track.metas:
        if kind == TRACK_NAME:
            name = decode_text(content)
            if not name.isprintable():
                name = "".join(sign if sign.isprintable() else " " for sign in name)
            name = " ".join(name.split())
            if name:
                return name
    return ""


def _bar_lines(meters: list[Meter], end: int) -> list[int] | None:
    """Onsets of every bar line that the time signatures imply; None where none is at the beginning."""
    if not meters or meters[0].onset != 0:
        return None
    lines: list[int] = []
    for meter, until in zip(meters, [*(later.onset for later in meters[1:]), end], strict=True):
        bars = range(meter.onset, until, _length(meter))
        if len(lines) + len(bars) > MAX_BARS:
            raise ReadError("too_long", f"more than {MAX_BARS} bars")
        lines += bars
    return lines


def _bars(lines: list[int], meters: list[Meter]) -> tuple[int, ...] | None:
    """Onsets of the bars from plain bar lines, as :func:`barlines.bar_onsets`; the first line is at 0."""
    inside = lines[1:]
    if not inside:
        return None
    first_length = bar_length(meters, 0)
    whole = first_length is None or inside[0] >= first_length
    return tuple(lines if whole else inside)
