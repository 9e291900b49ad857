"""The JSB chorales' JSON: four voices on a sixteenth grid.

``{"train": [chorale, …], "valid": …, "test": …}``, a chorale being a list of
steps and a step the four note numbers from the soprano down, -1 for silence
(Boulanger-Lewandowski et al. 2012, edition of C.-Z. A. Huang). Held and
repeated notes are not told apart there: equal neighbours are read as one note.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from pipeline.core.music import TICKS_PER_QUARTER, Piece
from pipeline.formats.readers.base.limits import ReadLimits, json_depth, too_many
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import ReadError, Source
from pipeline.formats.readers.base.staff import Staff, Written

SUFFIXES = (".json",)
SPLITS = ("train", "valid", "test")
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
STEP = TICKS_PER_QUARTER // 4
SILENCE = -1


def matches(content: bytes) -> bool:
    """Whether a file is a JSON object that names one of the splits."""
    head = content[:4096].lstrip()
    return head[:1] == b"{" and any(f'"{split}"'.encode() in content for split in SPLITS)


def split(content: bytes, limits: ReadLimits | None = None) -> list[Source]:
    """Every chorale, named by its published split and its place there: ``train.17``."""
    if limits is not None and (depth := json_depth(content)) > limits.max_depth:
        raise too_many("too_deep", "brackets inside one another", depth, limits.max_depth)
    try:
        published = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ReadError("unreadable", f"broken JSON: {error}") from None
    if not isinstance(published, dict) or not all(
        isinstance(published.get(name, []), list) for name in SPLITS
    ):
        raise ReadError("unreadable", f"an object of lists is expected, named {', '.join(SPLITS)}")
    return [
        Source(f"{name}.{number}", "jsb_json", json.dumps(chorale).encode(), name)
        for name in SPLITS
        for number, chorale in enumerate(published.get(name, []))
    ]


def read(content: bytes, settings: ReadSettings, limits: ReadLimits | None = None) -> Piece:  # noqa: ARG001
    """Read one chorale as four parts.

    Raises:
        ReadError: a step that is not four note numbers, or no note at all.
    """
    chorale = json.loads(content)
    if not isinstance(chorale, list):
        raise ReadError("bad_syntax", f"a chorale is a list of steps, found {str(chorale)[:60]}")
    steps = [_step(number, step) for number, step in enumerate(chorale)]
    if not any(pitch != SILENCE for step in steps for pitch in step):
        raise ReadError("no_notes", "the chorale holds no note")
    staves = []
    for voice, name in enumerate(VOICES):
        staff = Staff(name=name, end=len(steps) * STEP)
        onset = 0
        for pitch, held in groupby(step[voice] for step in steps):
            duration = len(list(held)) * STEP
            if pitch != SILENCE:
                staff.notes.append(Written(onset, duration, pitch))
            onset += duration
        staves.append(staff)
    return Piece("", "Johann Sebastian Bach", tuple(staff.part() for staff in staves))


def _step(number: int, step: Any) -> list[int]:
    whole = isinstance(step, list) and len(step) == len(VOICES)
    pitches = (
        [int(pitch) for pitch in step if isinstance(pitch, int | float) and pitch == pitch // 1]
        if whole
        else []
    )
    if len(pitches) != len(VOICES) or any(pitch != SILENCE and not 1 <= pitch <= 127 for pitch in pitches):
        raise ReadError(
            "bad_syntax", f"step {number} is {str(step)[:60]}: four note numbers or -1 are expected"
        )
    return pitches
