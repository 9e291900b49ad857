"""Random exact music for property tests: lines of notes and rests on a grid that they fit."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.schemas import SPLITS
from pipeline.core.settings import parse_section
from pipeline.datasets.encoding.encode import EncodeSettings, encode_rows
from pipeline.datasets.quantize import QuantizeSettings
from tests.helpers.notes_text import columns_of, notes_table, part

VOICES = ("Soprano", "Alto", "Tenor", "Bass")
GRIDS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 24)  # steps a quarter: tuplets of 3, 5, 7 and 9, too
PIECE = "songs/tune#1"

Note = tuple[int, int, int]  # onset and end in steps, MIDI note number

# the same examples in every run
exhaustive = settings(max_examples=80, derandomize=True, database=None, deadline=None)
brief = settings(max_examples=25, derandomize=True, database=None, deadline=None)


@dataclass(frozen=True)
class Music:
    """A piece whose every time is a whole number of steps.

    Attributes:
        steps_per_quarter: of the grid that it fits.
        voices: the notes of each voice, in order, none overlapping the next.
        ends: where each voice ends, rests included, in steps.
        upbeat: steps of the incomplete bar at the start.
    """

    steps_per_quarter: int
    voices: tuple[tuple[Note, ...], ...]
    ends: tuple[int, ...]
    upbeat: int

    @property
    def ticks_per_step(self) -> int:
        return TICKS_PER_QUARTER // self.steps_per_quarter

    def rows(self, piece_id: str = PIECE, semitones: int = 0) -> list[dict[str, Any]]:
        """Its rows of the notes table, in 2/4."""
        bar = 2 * self.steps_per_quarter
        written = []
        for number, (notes, end) in enumerate(zip(self.voices, self.ends, strict=True)):
            unit = self.ticks_per_step
            exact = [(a * unit, (b - a) * unit, pitch + semitones, False) for a, b, pitch in notes]
            bars = [0] * (self.upbeat > 0) + list(range(self.upbeat, end, bar))
            columns = {
                **columns_of(exact, end * unit),
                "meters": [{"onset": 0, "numerator": 2, "denominator": 4}],
                "bar_onsets": [start * unit for start in bars],
            }
            written.append(part(piece_id, number=number, name=VOICES[number], **columns))
        return written

    def table(self, semitones: int = 0) -> pa.Table:
        return notes_table(*self.rows(semitones=semitones))

    def settings(self, **changes: Any) -> QuantizeSettings:
        return quantizing(len(self.voices), self.steps_per_quarter, **changes)


def quantizing(n_voices: int, steps_per_quarter: int, **changes: Any) -> QuantizeSettings:
    """Settings that change nothing of what is written, but for those named."""
    plain = {"chords": "top", "rests": "symbol", "edge_silence": "keep"}
    parts = {"default": list(VOICES[:n_voices])}
    section = {"parts": parts, "steps_per_quarter": steps_per_quarter, **plain, **changes}
    return parse_section(QuantizeSettings, section, "quantize")


@st.composite
def lines(draw: st.DrawFn, rests: bool = True) -> tuple[tuple[Note, ...], int]:
    """One voice: its notes, and where it ends."""
    gap = st.integers(0, 4) if rests else st.just(0)
    words = st.tuples(gap, st.integers(1, 6), st.integers(1, 127))
    now, notes = 0, []
    for rest, length, pitch in draw(st.lists(words, min_size=1, max_size=12)):
        notes.append((now + rest, now + rest + length, pitch))
        now += rest + length
    return tuple(notes), now + draw(gap)


@st.composite
def music(draw: st.DrawFn, rests: bool = True) -> Music:
    """One to four voices on any of GRIDS."""
    quarter = draw(st.sampled_from(GRIDS))
    voices = draw(st.lists(lines(rests), min_size=1, max_size=4))
    upbeat = draw(st.integers(0, 2 * quarter - 1))
    return Music(quarter, tuple(v for v, _ in voices), tuple(end for _, end in voices), upbeat)


def as_written(grids: pa.Table) -> pa.Table:
    """The token rows of grids, in their own key."""
    columns = {name: pa.array([None] * grids.num_rows) for name in SPLITS.names}
    columns |= {"piece_id": grids["piece_id"], "corpus": grids["corpus"], "tune_family": grids["piece_id"]}
    columns["split"] = pa.array(["train"] * grids.num_rows)
    plain = {"key": {"default": "signature"}, "transpose": "none", "max_rows_per_shard": 100}
    splits = pa.table(columns).cast(SPLITS)
    return encode_rows(grids, splits, parse_section(EncodeSettings, plain, "encode")).rows
