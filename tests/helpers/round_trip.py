"""A written score as other programs read it: notes, bars, time signature and key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.core.music import TICKS_PER_QUARTER, Grid, Part
from pipeline.formats import readers
from pipeline.formats.writers import WRITERS
from pipeline.formats.writers.layout import Layout
from pipeline.formats.writers.midi import MINOR_MODES
from tests.helpers.drawn import Note, sounding
from tests.helpers.reading import READ

KINDS = ("musicxml", "mid")


class Facts(NamedTuple):
    """What a score holds.

    Attributes:
        voices: the notes of each voice in order, times in steps.
        signature: the time signature; of several, which a MIDI file has for incomplete
            bars, the one that is wanted, else the first. "" for none.
        key: sharps (+) or flats (-), and the mode; MIDI has major and minor only.
        lines: where bars begin, 0 left out, in steps; as far as the last note sounds.
    """

    voices: tuple[tuple[Note, ...], ...]
    signature: str
    key: tuple[int | None, str]
    lines: tuple[int, ...]

    def differs(self, other: Facts) -> list[str]:
        """Names of the facts that are not the same."""
        return [name for name, ours, theirs in zip(self._fields, self, other, strict=True) if ours != theirs]


def written(grid: Grid, layout: Layout, kind: str) -> Facts:
    """The content of a grid and its layout that a format can represent.

    Args:
        kind: "musicxml" or "mid".
    """
    voices = tuple(tuple(sounding(grid, voice)) for voice in range(grid.voices))
    mode = layout.key_mode
    if kind == "mid":
        mode = "minor" if mode in MINOR_MODES else "major" if layout.key_fifths is not None else ""
    signature = "{}/{}".format(*layout.meter) if layout.meter else ""
    unbarred = kind == "mid" and not signature
    lines = () if unbarred else layout.bars(grid.n_steps)[1:-1]
    return Facts(voices, signature, (layout.key_fifths, mode), _until(lines, voices))


def read_by_us(grid: Grid, layout: Layout, kind: str) -> Facts:
    """What this project's reader of the format finds in the written score."""
    wanted = written(grid, layout, kind).signature
    name = f"score.{kind}"
    (source,) = readers.split(name, WRITERS[kind](grid, layout))
    parts = readers.read(source, READ).parts
    steps = _Steps(layout.steps_per_quarter)
    voices = tuple(tuple(_notes(part, steps)) for part in parts)
    meters = [(meter.onset, f"{meter.numerator}/{meter.denominator}") for meter in parts[0].meters]
    key = parts[0].key_fifths, parts[0].key_mode
    lines = [steps(onset) for onset in parts[0].bar_onsets or () if onset > 0]
    return Facts(voices, _chosen(meters, wanted), key, _until(lines, voices))


def read_by_music21(grid: Grid, layout: Layout, kind: str, folder: Path) -> Facts:
    """What music21 finds in the written score; where a MIDI file has no time signature, it takes 4/4."""
    import music21

    wanted = written(grid, layout, kind).signature
    unbarred = kind == "mid" and not wanted

    path = folder / f"score.{kind}"
    path.write_bytes(WRITERS[kind](grid, layout))
    options: dict[str, Any] = {"quantizePost": False} if kind == "mid" else {}
    score: Any = music21.converter.parse(path, forceSource=True, **options)
    steps = _Steps(layout.steps_per_quarter)
    voices, first = [], score.parts[0]
    for part in score.parts:
        notes = part.stripTies().flatten().notes
        times = [(_ticks(note.offset), _ticks(note.offset + note.quarterLength)) for note in notes]
        voices.append(
            tuple(
                Note(steps(on), steps(off), n.pitch.midi) for (on, off), n in zip(times, notes, strict=True)
            )
        )
    flat = score.flatten()
    meters = [(_ticks(found.offset), found.ratioString) for found in flat.getElementsByClass("TimeSignature")]
    signature = "" if unbarred else _chosen(meters, wanted)
    keys = list(flat.getElementsByClass("KeySignature"))
    key = (keys[0].sharps, getattr(keys[0], "mode", "")) if keys else (None, "")
    measures = [steps(_ticks(measure.offset)) for measure in first.getElementsByClass("Measure")]
    lines = [] if unbarred else measures[1:]
    return Facts(tuple(voices), signature, key, _until(lines, voices))


class _Steps:
    """Ticks as steps; a time between two steps is a fault."""

    def __init__(self, steps_per_quarter: int) -> None:
        self._steps_per_quarter = steps_per_quarter

    def __call__(self, ticks: int) -> int:
        steps = Fraction(ticks * self._steps_per_quarter, TICKS_PER_QUARTER)
        if steps.denominator != 1:
            raise ValueError(f"{ticks} ticks are {steps} steps")
        return steps.numerator


def _ticks(quarters: Any) -> int:
    return round(Fraction(quarters) * TICKS_PER_QUARTER)


def _notes(part: Part, steps: _Steps) -> Iterable[Note]:
    for onset, duration, pitch in zip(part.onset, part.duration, part.pitch, strict=True):
        yield Note(steps(int(onset)), steps(int(onset) + int(duration)), int(pitch))


def _chosen(meters: Sequence[tuple[int, str]], wanted: str) -> str:
    signatures = [signature for _, signature in sorted(meters)]
    return wanted if wanted in signatures else next(iter(signatures), "")


def _until(lines: Iterable[int], voices: Sequence[Sequence[Note]]) -> tuple[int, ...]:
    end = max((note.end for notes in voices for note in notes), default=0)
    return tuple(line for line in lines if line < end)
