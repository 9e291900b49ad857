"""The staves of a MIDI file: the notes of each channel of each track, times in ticks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import TICKS_PER_QUARTER, Part
from pipeline.formats.readers.base.staff import check_end, check_range
from pipeline.formats.readers.midi.notes import Notes
from pipeline.formats.readers.midi.stretches import Ints


@dataclass
class MidiStaff:
    """A staff of one channel.

    Attributes:
        fault: ``percussion``, or "".
        notes: its notes, and their counts, by the names of the fields of a part.
        common: what all staves of the file share, likewise.
    """

    name: str
    fault: str
    notes: dict[str, Any]
    common: dict[str, Any]
    lyrics: tuple[str | None, ...] | None = None
    n_lost_syllables: int = 0

    def part(self) -> Part:
        """The finished part."""
        pitch = self.notes["pitch"]
        if 0 in pitch.tobytes():
            check_range(0, int(pitch.max()))
        check_end(self.common["end"])
        return Part(
            name=self.name,
            **self.notes,
            **self.common,
            lyrics=self.lyrics,
            n_lost_syllables=self.n_lost_syllables,
        )


def columns(notes: Notes, division: int) -> Iterator[dict[str, Any]]:
    """The notes of each channel as fields of a part, times in ticks, rounded half up."""
    is_exact = TICKS_PER_QUARTER % division == 0
    if is_exact:
        onset, duration = (
            times * (TICKS_PER_QUARTER // division) for times in (notes.onset, notes.end - notes.onset)
        )
    else:
        onset, end = (_ticks(times, division) for times in (notes.onset, notes.end))
        duration = np.maximum(end - onset, 1)
    of_all: dict[str, NDArray[Any]] = {
        "onset": onset.astype(np.int32),
        "duration": duration.astype(np.int32),
        "pitch": notes.pitch,
        "phrase_end": np.zeros(len(onset), np.bool_),
    }
    inexact = None
    if not is_exact:
        rounded = [times * TICKS_PER_QUARTER % division > 0 for times in (notes.onset, notes.end)]
        inexact = np.add(*rounded, dtype=np.int64)
    for place in range(len(notes.channels)):
        own = notes.of(place)
        yield {
            **{name: values[own] for name, values in of_all.items()},
            "n_grace_dropped": notes.n_without_length[place],
            "n_inexact": 0 if inexact is None else int(inexact[own].sum()),
            "n_unended": notes.n_unended[place],
            "n_restruck": notes.n_restruck[place],
        }


def _ticks(times: Ints, division: int) -> Ints:
    return (2 * times * TICKS_PER_QUARTER + division) // (2 * division)
