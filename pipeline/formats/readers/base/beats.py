"""Beat annotations: a text file with one beat of a performance per line, in seconds.

Columns are separated by spaces, tabs, commas or semicolons. The first is the time; the others
may mark downbeats, in one of these ways:

===================  =====================================================  ========================
columns              example                                                published with
===================  =====================================================  ========================
time                 ``0.51``                                               SMC
time, place in bar   ``0.51  1`` (1 is a downbeat; a bar number may follow)  Ballroom, GTZAN, Harmonix
time, flags          ``0.51 1.0 0.0`` (the last column is 1 on a downbeat)  POP909 (beat_midi.txt)
time, label          ``0.51 0.51 db,4/4,1`` (``db`` is a downbeat)          ASAP
===================  =====================================================  ========================

Times are converted exactly to ticks through the tempo map of the score, and then rounded half up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from pipeline.core.music import TICKS_PER_QUARTER, Beat, Piece
from pipeline.core.text import counted
from pipeline.formats.readers.base.source import ReadError, decode
from pipeline.formats.readers.base.staff import MAX_TICKS

FEWEST = 2  # beats
MOST = 100_000  # beats
SECONDS_PER_MINUTE = 60

_NUMBER = re.compile(r"[+-]?\d{1,9}(\.\d{0,30})?([eE][+-]?\d{1,2})?")
_SEPARATOR = re.compile(r"[\s,;]+")
_HEADER = re.compile(r"times?|onsets?|beats?|seconds?|starts?", re.IGNORECASE)
_DOWNBEAT = re.compile(r"db|downbeats?", re.IGNORECASE)
_COMMENT = ("#", "%")


class BeatsError(ValueError):
    """The file of beats cannot be used; the message gives the reason."""


def with_beats(piece: Piece, content: bytes) -> Piece:
    """The piece with the beats of an annotation, or with the reason why it has none.

    Args:
        content: the file of beats.
    """
    try:
        return replace(piece, beats=beats_in_ticks(read_beats(content), piece.tempi))
    except BeatsError as error:
        return replace(piece, beats_fault=str(error))


def read_beats(content: bytes) -> list[tuple[Fraction, bool]]:
    """Time in seconds of every beat, and whether it is a downbeat.

    Downbeats on all beats carry no information: they count as unknown.

    Raises:
        BeatsError: a line that is no beat, times that do not increase, too few or too many beats.
    """
    try:
        lines = decode(content).split("\n")
    except ReadError as error:
        raise BeatsError(str(error)) from None
    rows = [(n, _SEPARATOR.split(line.strip())) for n, line in enumerate(lines, start=1) if _is_row(line)]
    if rows and _HEADER.match(rows[0][1][0]):
        del rows[0]  # names of the columns
    if not FEWEST <= len(rows) <= MOST:
        raise BeatsError(f"{counted(len(rows), 'beat')}; allowed are {FEWEST} to {MOST}")
    times = [_number(number, fields[0]) for number, fields in rows]
    for (number, _), earlier, later in zip(rows[1:], times, times[1:], strict=False):
        if later <= earlier:
            raise BeatsError(f"line {number}: the time is not later than that of the beat before")
    down = _downbeats(rows)
    return list(zip(times, [False] * len(times) if all(down) else down, strict=True))


def beats_in_ticks(
    beats: Sequence[tuple[Fraction, bool]], tempi: Sequence[tuple[Fraction, Fraction]]
) -> tuple[Beat, ...]:
    """Beats in the time of the score.

    Args:
        beats: seconds from the beginning, increasing.
        tempi: onset in ticks and quarter notes per minute of each tempo; the first at 0.

    Raises:
        BeatsError: the score has no tempo map, or two beats are on the same tick.
    """
    if not tempi:
        raise BeatsError("times in seconds need a tempo map, which only MIDI files have")
    seconds = [Fraction(0)]
    for (begin, qpm), (end, _) in pairwise(tempi):
        seconds.append(seconds[-1] + (end - begin) / _ticks_per_second(qpm))
    found: list[Beat] = []
    place = 0
    for time, is_downbeat in beats:
        while place + 1 < len(seconds) and seconds[place + 1] <= time:
            place += 1
        begin, qpm = tempi[place]
        exact = begin + (time - seconds[place]) * _ticks_per_second(qpm)
        tick = (2 * exact + 1) // 2
        if abs(tick) > MAX_TICKS or (found and tick <= found[-1].onset):
            raise BeatsError(
                f"the beat at {float(time):g} s is at tick {tick}, after another or too far away"
            )
        found.append(Beat(tick, is_downbeat))
    return tuple(found)


def _ticks_per_second(qpm: Fraction) -> Fraction:
    return qpm * TICKS_PER_QUARTER / SECONDS_PER_MINUTE


def _is_row(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(_COMMENT)


def _number(line: int, text: str) -> Fraction:
    if not _NUMBER.fullmatch(text):
        raise BeatsError(f"line {line}: found {text[:40]!r}; expected a time in seconds")
    return Fraction(text)


def _downbeats(rows: Sequence[tuple[int, list[str]]]) -> list[bool]:
    """Whether each row marks a downbeat."""
    more = [fields[1:] for _, fields in rows]
    if any(not _NUMBER.fullmatch(text) for fields in more for text in fields):
        return [any(_DOWNBEAT.fullmatch(text) for text in fields) for fields in more]
    widths = {len(fields) for fields in more}
    if len(widths) > 1:
        raise BeatsError(f"lines of {min(widths) + 1} to {max(widths) + 1} columns")
    numbers = [[Fraction(text) for text in fields] for fields in more]
    if all(value in (0, 1) for fields in numbers for value in fields):
        return [bool(fields) and fields[-1] == 1 for fields in numbers]
    if any(fields[0] < 1 or fields[0].denominator != 1 for fields in numbers):
        raise BeatsError("the second column is neither a place in the bar (1, 2, …) nor a flag (0 or 1)")
    return [fields[0] == 1 for fields in numbers]
