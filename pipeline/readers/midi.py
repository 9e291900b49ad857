"""Standard MIDI files of format 0 and 1, through symusic.

A track (of one channel and program) is a part, in the order of the file.
Percussion (channel 10) has no pitch and is left out, named in the piece's
``left_out``; a file of nothing else is refused. Notes of no length are left out
and counted with the grace notes. Bars follow from the time signatures, where
the file has one at its beginning.

Source: Standard MIDI Files 1.0 (MIDI Manufacturers Association, 1996).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from pipeline.music import TICKS_PER_QUARTER, Meter, Piece
from pipeline.readers.bars import BarLine
from pipeline.readers.limits import too_many
from pipeline.readers.source import ReadError, Source
from pipeline.readers.staff import KeySign, Staff, Ticks, Written

HEADER_BYTES = 14
MAX_BARS = 100_000
MODES = ("major", "minor")


def matches(content: bytes) -> bool:
    """Whether a file begins as MIDI files do."""
    return content[:4] == b"MThd"


def split(content: bytes) -> list[Source]:
    """The one piece of a file."""
    return [Source("", "midi", content)]


def read(content: bytes, max_notes: int | None = None) -> Piece:
    """Read one file.

    Args:
        content: its bytes.
        max_notes: of all pitched tracks together; None for any number.

    Raises:
        ReadError: damaged, of format 2 or in film time, percussion alone, no note at all or too many.
    """
    division = _division(content)
    score = _score(content)
    pitched = [track for track in score.tracks if not track.is_drum and len(track.notes)]
    drums = [track for track in score.tracks if track.is_drum and len(track.notes)]
    n_notes = sum(len(track.notes) for track in pitched)
    if max_notes is not None and n_notes > max_notes:  # before any of them costs more than symusic's bytes
        raise too_many("too_many_notes", "notes", n_notes, max_notes)
    if not pitched:
        if drums:
            raise ReadError("percussion", "the file holds percussion alone: its notes have no pitch")
        raise ReadError("no_notes", "the file holds no note")
    ticks = _Ticks(division)
    meters = [_meter(ticks, found) for found in score.time_signatures]
    keys = [KeySign(int(found.key), MODES[int(found.tonality) % 2]) for found in score.key_signatures]
    staves = [_staff(ticks, track, meters, keys) for track in pitched]
    end = max(staff.end for staff in staves)
    lines = _bar_lines(meters, end)
    for staff in staves:
        staff.end, staff.lines = end, lines
    return Piece("", "", tuple(staff.part() for staff in staves), left_out=_left_out(drums))


class _Ticks:
    """The file's ticks as ours: whole where that is exact, else fractions."""

    def __init__(self, division: int) -> None:
        self._division = division

    def __call__(self, time: int) -> Ticks:
        whole, rest = divmod(time * TICKS_PER_QUARTER, self._division)
        return whole if rest == 0 else Fraction(time * TICKS_PER_QUARTER, self._division)


def _division(content: bytes) -> int:
    """The file's ticks a quarter."""
    if len(content) < HEADER_BYTES:
        raise ReadError("unreadable", f"{len(content)} bytes are no MIDI file")
    kind, division = int.from_bytes(content[8:10], "big"), int.from_bytes(content[12:14], "big")
    if kind not in (0, 1):
        raise ReadError("unsupported", f"MIDI of format {kind}; formats 0 and 1 are read")
    if division & 0x8000:
        raise ReadError("unsupported", "times in frames of film (SMPTE), which say nothing of quarter notes")
    if division == 0:
        raise ReadError("unreadable", "0 ticks a quarter note")
    return division


def _score(content: bytes) -> Any:
    from symusic import Score

    try:
        return Score.from_midi(content)
    except (RuntimeError, ValueError, IndexError, OverflowError) as error:
        raise ReadError("unreadable", f"broken MIDI: {str(error)[:200]}") from None


def _staff(ticks: _Ticks, track: Any, meters: list[Meter], keys: list[KeySign]) -> Staff:
    columns = track.notes.numpy()
    onsets, durations = columns["time"].astype(np.int64), columns["duration"].astype(np.int64)
    if (onsets < 0).any() or (durations < 0).any():
        raise ReadError("bad_duration", "a note begins before the file, or ends before it begins")
    sounding = durations > 0
    staff = Staff(name=" ".join(track.name.split()), meters=list(meters), keys=list(keys))
    staff.n_grace = int((~sounding).sum())
    rows = zip(
        onsets[sounding].tolist(),
        durations[sounding].tolist(),
        columns["pitch"][sounding].tolist(),
        strict=True,
    )
    for onset, duration, pitch in rows:
        begins = ticks(onset)
        staff.notes.append(Written(begins, ticks(onset + duration) - begins, pitch))
    staff.end = max((note.onset + note.duration for note in staff.notes), default=0)
    return staff


def _meter(ticks: _Ticks, found: Any) -> Meter:
    if not 1 <= found.numerator <= 128 or not 1 <= found.denominator <= 128:
        raise ReadError("bad_meter", f"a time signature of {found.numerator}/{found.denominator}")
    return Meter(int(ticks(int(found.time))), int(found.numerator), int(found.denominator))


def _bar_lines(meters: list[Meter], end: Ticks) -> list[BarLine] | None:
    """Every bar line that the time signatures imply; None where none stands at the beginning."""
    if not meters or meters[0].onset != 0:
        return None
    lines = []
    for meter, until in zip(meters, [*(later.onset for later in meters[1:]), int(end)], strict=True):
        length = 4 * TICKS_PER_QUARTER * meter.numerator // meter.denominator
        if (until - meter.onset) // length > MAX_BARS:
            raise ReadError("too_long", f"more than {MAX_BARS} bars")
        lines += [BarLine(onset, "plain") for onset in range(meter.onset, until, length)]
    return lines


def _left_out(drums: list[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((" ".join(track.name.split()), "percussion") for track in drums)
