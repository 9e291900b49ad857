"""The training tune most similar to a sample, engraved, with the shared sequence marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipeline.core.music import SILENCE
from pipeline.formats.writers.layout import SoundingNote, grid_of, sounds
from pipeline.report.engraving import PRECISION, Engraver
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.rejected_examples import beginning
from pipeline.report.scores import SHARED, TRUTH, PlayableScore, playable

LEAST_QUARTERS, MOST_QUARTERS = 32, 96  # shown of the tune


@dataclass(frozen=True)
class NearestTune:
    """A training tune and the length of the sequence shared with a sample."""

    words: str
    score: PlayableScore


def nearest_tune(
    inputs: Inputs, model: ExperimentResults, sample: Mapping[str, Any], engraver: Engraver, key: str
) -> NearestTune | None:
    """The training tune with the longest run of intervals in common with the sampled continuation.

    Returns:
        None where novelty was not measured, or no table of grids has the tune.
    """
    found = model.nearest(sample["piece_id"], "sampled")
    row = found and inputs.grids.get(str(model.figures["dataset"]), {}).get(found["nearest"])
    if not found or not row or sample["voices"] != 1:
        return None
    run = _shared_run(sample, row)
    per_quarter = row["steps_per_quarter"]
    quarters = min(max(LEAST_QUARTERS, -(-run[1] // per_quarter) + 4), MOST_QUARTERS)
    musicxml, _ = beginning(row, quarters)
    begin, end = run[0] / per_quarter, run[1] / per_quarter
    score = playable(
        engraver,
        musicxml,
        key,
        f"Score of the training tune {found['nearest']}",
        lambda note: SHARED if begin - PRECISION <= note.begin < end - PRECISION else TRUTH,
    )
    title = found["nearest_title"] or found["nearest"]
    words = f"{title} ({found['nearest']}), {found['longest']} successive intervals in common, in orange"
    return NearestTune(words, score)


def _shared_run(sample: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[int, int]:
    """First step, and the step after the last, of the longest common run in the training tune.

    The run ends in the continuation and may begin in the prompt.
    """
    ours, given = _pitches_of([*sample["source"], *sample["sampled"]]), len(_pitches_of(sample["source"]))
    tune = _merged(sounds(grid_of(row), 0))
    theirs = _intervals([note.pitch for note in tune])
    longest, end = 0, 0
    before = [0] * (len(theirs) + 1)
    for n, interval in enumerate(_intervals(ours), start=1):  # from pitch n - 1 to pitch n
        lengths = [0] * (len(theirs) + 1)
        for place, other in enumerate(theirs, start=1):
            if interval == other:
                lengths[place] = before[place - 1] + 1
                if lengths[place] > longest and n >= given:
                    longest, end = lengths[place], place
        before = lengths
    if not longest:
        return 0, 0
    first, last = tune[end - longest], tune[end]
    return first.onset, last.onset + last.duration


def _pitches_of(tokens: Sequence[int]) -> list[int]:
    """Pitches of all onsets, repeated pitches merged, without silence."""
    onsets = [token for token in tokens if SILENCE < token < 128]
    return [pitch for place, pitch in enumerate(onsets) if place == 0 or pitch != onsets[place - 1]]


def _merged(notes: Sequence[SoundingNote]) -> list[SoundingNote]:
    """Sounding notes, a repeated pitch as one."""
    merged: list[SoundingNote] = []
    for note in notes:
        if note.pitch == SILENCE:
            continue
        if merged and merged[-1].pitch == note.pitch:
            begin = merged[-1].onset
            merged[-1] = SoundingNote(begin, note.onset + note.duration - begin, note.pitch)
        else:
            merged.append(note)
    return merged


def _intervals(pitches: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise(pitches)]
