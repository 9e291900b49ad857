"""One staff while it is being read: written notes in, a ``Part`` out.

Readers add notes as the score writes them, in exact time (whole ticks, or
fractions of a tick); ``Staff.part`` merges ties, orders the notes and rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from operator import ne, neg, not_
from typing import Any, NamedTuple

import numpy as np

from pipeline.core.chords import UNKNOWN_CHORD
from pipeline.core.music import ChordSymbol, Meter, Part
from pipeline.formats.readers.base.barlines import BarLine, bar_onsets
from pipeline.formats.readers.base.lyrics import joined_lyrics, lyrics_of
from pipeline.formats.readers.base.source import ReadError

Ticks = int | Fraction  # exact; a Fraction only for times that are not multiples of a tick
MAX_TICKS = 2**31 - 1
STEPS = "CDEFGAB"
SEMITONES = (0, 2, 4, 5, 7, 9, 11)


class Written(NamedTuple):
    """A note as it is written, before ties are merged."""

    onset: Ticks
    duration: Ticks
    pitch: int
    ties_on: bool = False  # a tie leads to the next note
    tied_from: bool = False  # the source also marks the end of a tie here
    phrase_end: bool = False
    lyric: tuple[str, ...] = ()  # its syllable in each verse, "" for none


class ChordSign(NamedTuple):
    """A chord symbol as it is read: the text of the source, and Harte's syntax (None if not understood)."""

    onset: Ticks
    text: str
    harte: str | None


class KeySign(NamedTuple):
    """A key signature: sharps (+) or flats (-), None if it does not follow the circle of fifths; the mode."""

    fifths: int | None
    mode: str
    onset: Ticks = 0


@dataclass
class Staff:
    """The data that a reader collects for one part.

    Attributes:
        end: the current end of the staff, rests included.
        keys: key signatures in order.
        chords: chord symbols by onset.
        lines: written bar lines; None if they are unknown.
        n_cut: notes that were cut at a jump or repeat, or whose tie leads to another pitch.
        fault: the rule that only this staff violates (``percussion``, ``microtone``, …); "" for none.
        n_bad_keys, n_bad_meters, n_bad_chords, n_uneven_bars, n_unended, n_restruck, n_after_end,
            n_ignored_jumps, n_lost_syllables: see :class:`pipeline.core.music.Part`.
    """

    name: str = ""
    end: Ticks = 0
    notes: list[Written] = field(default_factory=list)
    meters: list[Meter] = field(default_factory=list)
    keys: list[KeySign] = field(default_factory=list)
    chords: dict[Ticks, ChordSign] = field(default_factory=dict)
    lines: list[BarLine] | None = None
    n_grace: int = 0
    n_cut: int = 0
    fault: str = ""
    n_bad_keys: int = 0
    n_bad_meters: int = 0
    n_uneven_bars: int = 0
    n_unended: int = 0
    n_restruck: int = 0
    n_after_end: int = 0
    n_ignored_jumps: int = 0
    n_bad_chords: int = 0
    n_lost_syllables: int = 0

    def add_chord(self, sign: ChordSign) -> None:
        """Add a chord symbol; of several at one onset, the first that is understood is kept.

        The others are counted, as are those that are not understood.
        """
        before = self.chords.get(sign.onset)
        understood = sign.harte not in (None, UNKNOWN_CHORD)
        replaced = before is not None and before.harte not in (None, UNKNOWN_CHORD)
        self.n_bad_chords += not understood or replaced
        if before is None or (understood and not replaced):
            self.chords[sign.onset] = sign

    def part(self) -> Part:
        """The finished part.

        Raises:
            ReadError: a note without a MIDI note number, or times beyond 2³¹ ticks.
        """
        merged, n_broken = merge_ties(self.notes)
        columns = zip(*merged, strict=True) if merged else [()] * len(Written._fields)
        onsets, durations, pitches, _, _, phrase_ends, lyrics = columns
        begins, ends, n_inexact = _whole_ticks(onsets, durations)
        end = max(_round(self.end), max(ends, default=0))
        check_end(end)
        if pitches:
            check_range(min(pitches), max(pitches))
        meters = in_force(self.meters)
        onset = np.array(begins, np.int32)
        return Part(
            name=self.name,
            end=end,
            onset=onset,
            duration=np.array(ends, np.int32) - onset,
            pitch=np.array(pitches, np.uint8),
            phrase_end=np.array(phrase_ends, np.bool_),
            **key_fields(self.keys),
            meters=meters,
            bar_onsets=None if self.lines is None else bar_onsets(self.lines, meters, end),
            n_grace_dropped=self.n_grace,
            n_broken_ties=n_broken + self.n_cut,
            n_inexact=n_inexact,
            n_bad_keys=self.n_bad_keys,
            n_bad_meters=self.n_bad_meters,
            n_uneven_bars=self.n_uneven_bars,
            n_unended=self.n_unended,
            n_restruck=self.n_restruck,
            n_after_end=self.n_after_end,
            chords=tuple(_chord_symbol(self.chords[onset]) for onset in sorted(self.chords)),
            n_bad_chords=self.n_bad_chords,
            lyrics=lyrics_of(lyrics),
            n_lost_syllables=self.n_lost_syllables,
            n_ignored_jumps=self.n_ignored_jumps,
        )


def key_fields(keys: Sequence[KeySign]) -> dict[str, Any]:
    """The fields of a part that follow from its key signatures in order."""
    return {
        "key_fifths": keys[0].fifths if keys else None,
        "key_mode": keys[0].mode if keys else "",
        "n_key_changes": sum(a[:2] != b[:2] for a, b in pairwise(keys)),
    }


def check_end(end: int) -> None:
    """Check that times fit into 32 bits.

    Raises:
        ReadError: ``too_long``.
    """
    if end > MAX_TICKS:
        raise ReadError("too_long", f"{end} ticks; allowed are {MAX_TICKS} (213,000 quarter notes)")


def check_range(lowest: int, highest: int) -> None:
    """Check that all notes have MIDI note numbers; 0 is silence.

    Raises:
        ReadError: ``pitch_out_of_range``.
    """
    if lowest < 1 or highest > 127:
        strange = lowest if lowest < 1 else highest
        raise ReadError("pitch_out_of_range", f"note number {strange}; allowed are 1 to 127")


def merge_ties(written: list[Written]) -> tuple[list[Written], int]:
    """Join tied notes of equal pitch that touch.

    Returns:
        The notes by onset, then descending pitch; and the number of ties without
        such a note, which were dropped.
    """
    if not written:
        return [], 0
    onsets, durations, pitches, ties_on, tied_from, *_ = zip(*written, strict=True)
    ordered = written
    if list(onsets) != sorted(set(onsets)):  # two at once, or not in order
        ends_no_tie, places = map(not_, tied_from), range(len(written))
        keys = zip(onsets, map(neg, pitches), ends_no_tie, map(neg, durations), places, strict=True)
        ordered = [written[key[-1]] for key in sorted(keys)]
    return _joined(ordered) if any(ties_on) else (ordered, 0)


def _joined(ordered: Sequence[Written]) -> tuple[list[Written], int]:
    """The same of notes in order."""
    merged: list[Written] = []
    waiting: dict[tuple[int, Ticks], list[int]] = {}  # (pitch, end) of notes with an open tie → their places
    for note in ordered:
        place = len(merged)
        if waiting and (open_ties := waiting.get((note.pitch, note.onset))):
            place = open_ties.pop(0)
            if not open_ties:
                del waiting[note.pitch, note.onset]
            first = merged[place]
            note = merged[place] = Written(
                first.onset,
                first.duration + note.duration,
                first.pitch,
                note.ties_on,
                phrase_end=first.phrase_end or note.phrase_end,
                lyric=joined_lyrics(first.lyric, note.lyric),
            )
        else:
            merged.append(note)
        if note.ties_on:
            waiting.setdefault((note.pitch, note.onset + note.duration), []).append(place)
    return merged, sum(map(len, waiting.values()))


def times(duration: Ticks, numerator: int, denominator: int) -> Ticks:
    """``duration`` · numerator / denominator, a whole number where it is one."""
    product = duration * numerator
    if isinstance(product, int) and product % denominator == 0:
        return product // denominator
    exact = Fraction(product) / denominator
    return exact.numerator if exact.denominator == 1 else exact


def _whole_ticks(
    onsets: Sequence[Ticks], durations: Sequence[Ticks]
) -> tuple[Sequence[int], Sequence[int], int]:
    """Onsets and ends in ticks, each rounded half up, and how many were not whole."""
    exact = [onset + duration for onset, duration in zip(onsets, durations, strict=True)]
    if durations and {*map(type, onsets), *map(type, exact)} == {int} and min(durations) >= 1:
        return onsets, exact, 0  # type: ignore[return-value] # all are integers
    begins, ends = list(map(_round, onsets)), list(map(_round, exact))
    n_inexact = sum(map(ne, begins, onsets)) + sum(map(ne, ends, exact))
    return begins, [max(end, begin + 1) for begin, end in zip(begins, ends, strict=True)], n_inexact


def _round(time: Ticks) -> int:
    return time if isinstance(time, int) else int((2 * time + 1) // 2)


def _chord_symbol(sign: ChordSign) -> ChordSymbol:
    return ChordSymbol(_round(sign.onset), sign.text, sign.harte)


def in_force(meters: Sequence[Meter]) -> tuple[Meter, ...]:
    """The meters without repetitions and without those replaced at the same onset."""
    kept: list[Meter] = []
    for meter in meters:
        if kept and kept[-1].onset == meter.onset:
            kept.pop()
        same = kept and (kept[-1].numerator, kept[-1].denominator) == (meter.numerator, meter.denominator)
        if not same:
            kept.append(meter)
    return tuple(kept)
