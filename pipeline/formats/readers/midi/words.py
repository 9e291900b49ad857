"""Lyrics and the tempo of a MIDI file: meta events 0x05 and 0x51."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from operator import itemgetter

import numpy as np

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.tempo import FASTEST, SLOWEST, tempo_at
from pipeline.formats.readers.midi.scan import LYRIC, SET_TEMPO, Track
from pipeline.formats.readers.midi.stretches import Ints
from pipeline.formats.readers.midi.text import decode_text

MICROSECONDS_PER_MINUTE = 60_000_000
DEFAULT_QPM = Fraction(120)
NEAR = 8  # a syllable belongs to a note at most a quarter note / NEAR away: performed notes are not exact

Lyrics = dict[int, list[str | None]]  # part → the syllable of each note


@dataclass
class Words:
    """The lyrics and tempi of all tracks, times in the file's ticks.

    Attributes:
        tracks: number of the track, times and texts of the syllables of each track that has any.
        tempi: times and quarter notes per minute.
    """

    tracks: list[tuple[int, Ints, list[str]]] = field(default_factory=list)
    tempi: list[tuple[int, Fraction]] = field(default_factory=list)

    def read(self, number: int, track: Track) -> None:
        """Add those of a track."""
        times, texts = [], []
        for time, kind, content in track.metas:
            if kind == LYRIC:
                text = " ".join(decode_text(content).split())
                times += [time] * bool(text)
                texts += [text] * bool(text)
            elif kind == SET_TEMPO and (qpm := _tempo(content[:3])) is not None:
                self.tempi.append((time, qpm))
        if texts:
            self.tracks.append((number, np.array(times, np.int64), texts))

    def tempo(self, onset: int) -> Fraction | None:
        """The tempo at an onset (of several at one time, the last); None if none is set."""
        return tempo_at(onset, reversed(self.tempi))

    def tempo_map(self, division: int) -> tuple[tuple[Fraction, Fraction], ...]:
        """Onset in ticks and quarter notes per minute of each tempo, the first at 0.

        Before the first tempo, it is 120, as the MIDI standard sets it.

        Args:
            division: of a quarter note.
        """
        tempi = {0: DEFAULT_QPM} | dict(sorted(self.tempi, key=itemgetter(0)))
        return tuple((_ticks(time, division), tempi[time]) for time in sorted(tempi))

    def of_parts(self, onsets: Sequence[tuple[int, Ints]], division: int) -> tuple[Lyrics, Counter[int]]:
        """The syllables of the notes of each part that sings, and how many of each part find no note.

        The syllables of a track belong to that of its parts, or in a track without notes of all
        parts, on whose notes most of them fall; of several, to the first.

        Args:
            onsets: number of the track and onsets of the notes of each part, in order.
            division: of a quarter note.
        """
        sung: Lyrics = {}
        n_lost = Counter[int]()
        for number, times, texts in self.tracks:
            own = [part for part, (track, _) in enumerate(onsets) if track == number]
            candidates = own or range(len(onsets))
            placed = {part: _places(onsets[part][1], times, division) for part in candidates}
            part = max(placed, key=lambda part: int((placed[part] >= 0).sum()), default=None)
            if part is None:
                continue
            notes = sung.get(part, [None] * len(onsets[part][1]))
            for place, text in zip(placed[part].tolist(), texts, strict=True):
                if place >= 0:
                    notes[place] = " ".join(filter(None, (notes[place], text)))
            if any(notes):
                sung[part] = notes
            n_lost[part] += int((placed[part] < 0).sum())
        return sung, n_lost


@lru_cache(maxsize=4096)
def _ticks(time: int, division: int) -> Fraction:
    ticks, rest = divmod(time * TICKS_PER_QUARTER, division)
    return Fraction(time * TICKS_PER_QUARTER, division) if rest else Fraction(ticks)


@lru_cache(maxsize=4096)
def _tempo(content: bytes) -> Fraction | None:
    """Quarter notes per minute; None for an impossible tempo."""
    microseconds = int.from_bytes(content, "big")
    if len(content) < 3 or not SLOWEST * microseconds <= MICROSECONDS_PER_MINUTE <= FASTEST * microseconds:
        return None
    return Fraction(MICROSECONDS_PER_MINUTE, microseconds)


def _places(onsets: Ints, times: Ints, division: int) -> Ints:
    """The note nearest to each time, of a chord the highest; -1 where none is near."""
    if not len(onsets):
        return np.full(len(times), -1, np.int64)
    after = np.searchsorted(onsets, times).clip(max=len(onsets) - 1)
    before = np.searchsorted(onsets, onsets[(after - 1).clip(min=0)])
    nearest = np.where(np.abs(onsets[before] - times) < np.abs(onsets[after] - times), before, after)
    return np.where(np.abs(onsets[nearest] - times) * NEAR <= division, nearest, -1)
