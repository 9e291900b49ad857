"""The JSB chorales' JSON: four voices on a sixteenth grid.

``{"train": [chorale, …], "valid": …, "test": …}``: a chorale is a list of steps, and
a step has four note numbers from the soprano down, -1 for silence
(Boulanger-Lewandowski et al. 2012, edition of C.-Z. A. Huang). The format does not
distinguish held from repeated notes: equal neighbours are read as one note.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from pipeline.core.music import TICKS_PER_QUARTER, Piece
from pipeline.core.text import message_of
from pipeline.formats.readers.base.limits import ReadLimits, json_depth, too_many
from pipeline.formats.readers.base.parts import readable_parts
from pipeline.formats.readers.base.settings import ReadSettings
from pipeline.formats.readers.base.source import ReadError, Source
from pipeline.formats.readers.base.staff import Staff, Written

SUFFIXES = (".json",)
SPLITS = ("train", "valid", "test")
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
STEP = TICKS_PER_QUARTER // 4
SILENCE = -1
MOST = 1e6  # beyond it a number is no note number of any kind


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
        raise ReadError("unreadable", f"broken JSON: {message_of(error)}") from None
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
    """Read one chorale as four parts; a voice with impossible note numbers is left out.

    Raises:
        ReadError: a step that is not four note numbers, or no note at all.
    """
    chorale = json.loads(content)
    if not isinstance(chorale, list):
        raise ReadError("bad_syntax", f"a chorale is a list of steps, found {str(chorale)[:60]}")
    steps = [_step(number, step) for number, step in enumerate(chorale)]
    if not any(pitch != SILENCE for step in steps for pitch in step):
        raise ReadError("no_notes", "the chorale holds no note")
    staves = [_staff(name, [step[voice] for step in steps]) for voice, name in enumerate(VOICES)]
    parts, left_out = readable_parts(staves)
    return Piece("", "Johann Sebastian Bach", parts, left_out=left_out)


def _staff(name: str, pitches: list[float]) -> Staff:
    staff = Staff(name=name, end=len(pitches) * STEP)
    onset = 0
    for pitch, held in groupby(pitches):
        duration = len(list(held)) * STEP
        if pitch % 1:
            staff.fault = "microtone"
        elif pitch != SILENCE:
            staff.notes.append(Written(onset, duration, int(pitch)))
        onset += duration
    return staff


def _step(number: int, step: Any) -> list[float]:
    """The four numbers of a step; those that are no note numbers are a fault of their voice."""
    whole = isinstance(step, list) and len(step) == len(VOICES)
    if not whole or not all(isinstance(pitch, int | float) and abs(pitch) < MOST for pitch in step):
        raise ReadError(
            "bad_syntax", f"step {number} is {str(step)[:60]}: four note numbers or -1 are expected"
        )
    return list(step)
