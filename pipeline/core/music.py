"""Time, notes and grids: the values that all packages exchange.

Exact time is counted in ticks, 10080 to a quarter note (music21's own divisor;
tuplets of 3, 5, 7 and 9 and 128th notes are whole numbers of ticks). Quantized
time is counted in steps. No float holds a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import PipelineError

TICKS_PER_QUARTER = 10080
SILENCE = 0  # note number of a silence; C-1 (8.18 Hz) is inaudible


class GridError(PipelineError):
    """Arrays that do not form a valid grid."""


@dataclass(frozen=True)
class Meter:
    """A time signature as the source writes it, valid from ``onset`` (ticks)."""

    onset: int
    numerator: int
    denominator: int


@dataclass(frozen=True)
class Beat:
    """A beat of a performance at ``onset`` (ticks), and whether a bar begins with it."""

    onset: int
    downbeat: bool


@dataclass(frozen=True)
class ChordSymbol:
    """A chord symbol over a staff, valid from ``onset`` (ticks) to the next.

    Attributes:
        text: as the source writes it; of MusicXML, root, text of the kind and bass.
        harte: in Harte's syntax (`pipeline.core.chords`), "N" for no chord, "X" for a chord
            that is not understood; None for words that are no chord symbol.
    """

    onset: int
    text: str
    harte: str | None


@dataclass(frozen=True)
class Part:
    """One staff of a piece, exactly as written: n sounding notes, times in ticks.

    Ties are merged, grace notes are left out, a rest is a gap. Notes are ordered
    by onset, then by falling pitch; chords are notes of equal onset.

    Attributes:
        name: as the score names it, "" where it does not.
        end: where the part ends, rests at its end included.
        onset: (n,) int32. duration: (n,) int32, all positive.
        pitch: (n,) uint8, MIDI note numbers at sounding pitch, 60 = C4.
        phrase_end: (n,) bool, a fermata or a line end of Essen on this note.
        lyrics: (n,) the syllable of each note, None for none; None where the part has no lyrics.
            A hyphen at its end: the word continues.
        key_fifths: sharps (+) or flats (-) of the first key signature; None unknown.
        key_mode: "major", "minor", "dorian", …, "" where the source names none.
        n_key_changes: key signatures after the first that differ from the one before.
        meters: time signatures in order, one at onset 0 unless the source has none.
        bar_onsets: where written bars begin; None where unknown rather than wrong.
        n_grace_dropped, n_broken_ties: grace notes left out, and ties without a matching note.
        n_inexact: times that were no whole number of ticks and were rounded.
        n_bad_keys, n_bad_meters: impossible key and time signatures, taken as unknown.
        n_uneven_bars: bars that are shorter here than in another part and were filled up.
        n_unended: notes without an end, which end with their track (MIDI).
        n_restruck: notes that end where the same pitch starts again (MIDI).
        n_after_end: events of all tracks after their End of Track, which are not read (MIDI).
        chords: chord symbols by onset, one at each at most.
        n_bad_chords: symbols that are no chord (X), or that another at the same onset replaces.
        n_lost_syllables: syllables of the first verse that are written for no note.
        n_ignored_jumps: signs of jumps that lead nowhere or that no jump leads to (repeats played).
    """

    name: str
    end: int
    onset: NDArray[np.int32]
    duration: NDArray[np.int32]
    pitch: NDArray[np.uint8]
    phrase_end: NDArray[np.bool_]
    key_fifths: int | None = None
    key_mode: str = ""
    n_key_changes: int = 0
    meters: tuple[Meter, ...] = ()
    bar_onsets: tuple[int, ...] | None = None
    n_grace_dropped: int = 0
    n_broken_ties: int = 0
    n_inexact: int = 0
    n_bad_keys: int = 0
    n_bad_meters: int = 0
    n_uneven_bars: int = 0
    n_unended: int = 0
    n_restruck: int = 0
    n_after_end: int = 0
    n_ignored_jumps: int = 0
    chords: tuple[ChordSymbol, ...] = ()
    n_bad_chords: int = 0
    lyrics: tuple[str | None, ...] | None = None
    n_lost_syllables: int = 0

    @property
    def meter(self) -> str | None:
        """The time signature as "3/4"; None for none or a change."""
        found = {(meter.numerator, meter.denominator) for meter in self.meters}
        return "{}/{}".format(*found.pop()) if len(found) == 1 else None


@dataclass(frozen=True)
class Piece:
    """One tune or movement as a reader returns it, parts from the top down.

    Attributes:
        title, composer, tune_type, origin, region: as the source writes them; "" where it does not.
        tune_type: for example "reel" (ABC field R:, kern AGN).
        origin: where the tune is from (ABC field O:, kern ARE or OCY).
        region: the area inside the origin, where it has a field of its own (ABC field A:, kern ARE).
        tempo_qpm: quarter notes per minute when the first note starts; None where the source
            gives no number.
        year: of composition; None where the source gives none.
        left_out: name of each part that is not read, and the rule that it breaks.
        tempi: onset in ticks and quarter notes per minute of each tempo, the first at 0; () unless
            the format has a tempo map.
        beats: of an annotation; None where there is none that can be used.
        beats_fault: why an annotation cannot be used; "" otherwise.
    """

    title: str
    composer: str
    parts: tuple[Part, ...]
    origin: str = ""
    left_out: tuple[tuple[str, str], ...] = ()
    tune_type: str = ""
    region: str = ""
    tempo_qpm: Fraction | None = None
    year: int | None = None
    tempi: tuple[tuple[Fraction, Fraction], ...] = ()
    beats: tuple[Beat, ...] | None = None
    beats_fault: str = ""


@dataclass(frozen=True)
class Grid:
    """V voices sampled on T equal steps, top voice first.

    Attributes:
        pitch: (T, V) uint8, the note number that sounds in a step; 0 is silence.
        tied: (T, V) bool, True where the note began in an earlier step.
    """

    pitch: NDArray[np.uint8]
    tied: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.pitch.shape != self.tied.shape or self.pitch.ndim != 2:
            raise GridError(f"pitch {self.pitch.shape} and tied {self.tied.shape} must both be (T, V)")
        if self.pitch.size == 0:
            raise GridError("an empty grid: at least one step and one voice are needed")
        if self.pitch.max() > 127:
            raise GridError(f"note number {self.pitch.max()} in a grid: allowed are 0 (silence) to 127")
        if self.tied[0].any():
            raise GridError("the first step of a grid cannot be tied")
        held = self.tied[1:]
        if (held & (self.pitch[1:] != self.pitch[:-1])).any():
            raise GridError("a tied step must hold the pitch of the step before it")
        both_silent = (self.pitch[1:] == SILENCE) & (self.pitch[:-1] == SILENCE)
        if (both_silent & ~held).any():
            raise GridError("adjacent silences must be one silence: the second must be tied")

    @property
    def n_steps(self) -> int:
        """T."""
        return int(self.pitch.shape[0])

    @property
    def voices(self) -> int:
        """V."""
        return int(self.pitch.shape[1])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Grid)
            and np.array_equal(self.pitch, other.pitch)
            and np.array_equal(self.tied, other.tied)
        )

    __hash__ = None  # type: ignore[assignment]
