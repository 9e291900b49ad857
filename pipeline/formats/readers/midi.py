"""Standard MIDI files of format 0 and 1, through symusic.

A track (of one channel and program) is a part, in the order of the file.
Percussion (channel 10) has no pitch and is left out, named in the piece's
``left_out``; a file of nothing else is refused. Notes of no length are left out
and counted with the grace notes. Bars follow from the time signatures, where
the file has one at its beginning.

Source: Standard MIDI Files 1.0 (MIDI Manufacturers Association, 1996).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import TICKS_PER_QUARTER, Meter, Part, Piece
from pipeline.formats.readers.base.barlines import BarLine
from pipeline.formats.readers.base.limits import ReadLimits, too_many
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import ReadError, Source
from pipeline.formats.readers.base.staff import KeySign, Staff, Ticks, check_range

HEADER_BYTES = 14
MAX_BARS = 100_000
SUFFIXES = (".mid", ".midi")
MODES = ("major", "minor")


def matches(content: bytes) -> bool:
    """Whether a file begins as MIDI files do."""
    return content[:4] == b"MThd"


def split(content: bytes, limits: ReadLimits | None = None) -> list[Source]:  # noqa: ARG001
    """The one piece of a file."""
    return [Source("", "midi", content)]


def read(content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:  # noqa: ARG001
    """Read one file.

    Args:
        content: its bytes.
        settings: nothing of it concerns MIDI.
        limits: ``max_notes`` counts all pitched tracks together; None for any number.

    Raises:
        ReadError: damaged, of format 2 or in film time, percussion alone, no note at all or too many.
    """
    division = _division(content)
    score = _score(content)
    pitched = [track for track in score.tracks if not track.is_drum and len(track.notes)]
    drums = [track for track in score.tracks if track.is_drum and len(track.notes)]
    n_notes = sum(len(track.notes) for track in pitched)
    if limits is not None and n_notes > limits.max_notes:  # before any costs more than symusic's bytes
        raise too_many("too_many_notes", "notes", n_notes, limits.max_notes)
    if not pitched:
        if drums:
            raise ReadError("percussion", "the file holds percussion alone: its notes have no pitch")
        raise ReadError("no_notes", "the file holds no note")
    ticks = _Ticks(division)
    meters = [_meter(ticks, found) for found in score.time_signatures]
    keys = [KeySign(int(found.key), MODES[int(found.tonality) % 2]) for found in score.key_signatures]
    columns = [_columns(track) for track in pitched]
    end = max(ticks(int((notes.time + notes.duration).max(initial=0))) for notes in columns)
    if end == 0:
        raise ReadError("no_notes", "every note of the file is of no length")
    lines = _bar_lines(meters, end)
    parts = tuple(
        _part(
            Staff(name=_name(track), end=end, meters=meters, keys=keys, lines=lines),
            notes,
            division,
        )
        for track, notes in zip(pitched, columns, strict=True)
    )
    return Piece("", "", parts, left_out=tuple((_name(track), "percussion") for track in drums))


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


class _Columns(NamedTuple):
    """Notes of a track, by onset, falling pitch and duration; times in the file's ticks, all int64."""

    time: NDArray[np.int64]
    duration: NDArray[np.int64]
    pitch: NDArray[np.int64]
    n_without_length: int


def _columns(track: Any) -> _Columns:
    found = track.notes.numpy()
    time, duration, pitch = (found[name].astype(np.int64) for name in ("time", "duration", "pitch"))
    if (time < 0).any() or (duration < 0).any():
        raise ReadError("bad_duration", "a note begins before the file, or ends before it begins")
    order = np.lexsort((-duration, -pitch, time))
    order = order[duration[order] > 0]
    return _Columns(time[order], duration[order], pitch[order], len(time) - len(order))


def _part(staff: Staff, notes: _Columns, division: int) -> Part:
    """The part of a staff that holds no notes yet, with these; times rounded half up to our ticks."""
    if len(notes.pitch):
        check_range(int(notes.pitch.min()), int(notes.pitch.max()))
    empty = staff.part()  # refuses times beyond what 32 bits hold
    exact = np.stack([notes.time, notes.time + notes.duration]) * TICKS_PER_QUARTER
    onset, end = (2 * exact + division) // (2 * division)
    return replace(
        empty,
        onset=onset.astype(np.int32),
        duration=np.maximum(end - onset, 1).astype(np.int32),
        pitch=notes.pitch.astype(np.uint8),
        phrase_end=np.zeros(len(onset), np.bool_),
        n_grace_dropped=notes.n_without_length,
        n_inexact=int((exact % division != 0).sum()),
    )


def _name(track: Any) -> str:
    return " ".join(track.name.split())


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
