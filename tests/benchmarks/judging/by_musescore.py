"""MuseScore 3 as the reference reader of MusicXML as played (Debian ``musescore3``, tried with 3.2.3).

It unfolds repeats, endings and jumps into a MIDI file of 480 ticks a quarter and ends
each note one tick early. It is given the score without ornaments (:mod:`xml_text`). One
start converts many scores.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from pipeline.workflow.progress import say
from tests.benchmarks.judging.notes import Note
from tests.benchmarks.judging.outcome import Cache, JudgeError
from tests.benchmarks.judging.smf import midi_notes
from tests.benchmarks.judging.xml_text import given_to_judges

PROGRAM = "musescore3"
TOLERANCE = Fraction(1, 96)  # 5 of its ticks
EARLY_TICKS = 1
SCORES_A_START = 25
SECONDS_A_SCORE = 30


def missing() -> str:
    """What to install, where it is not installed."""
    return (
        ""
        if shutil.which(PROGRAM)
        else "MuseScore is not installed, and not compared: `apt-get install musescore3`"
    )


def prepare(contents: Iterable[bytes], cache: Cache) -> None:
    """Convert all scores that are not in the cache."""
    given = [given_to_judges(content) for content in contents]
    missing = [content for content in given if not _midi(content, cache).exists()]
    for first in range(0, len(missing), SCORES_A_START):
        say(f"MuseScore: {first} of {len(missing)} scores")
        _convert(missing[first : first + SCORES_A_START], cache)


def play(content: bytes, cache: Cache) -> list[Note]:
    """The notes of a score as MuseScore plays them.

    Raises:
        JudgeError: it writes no MIDI file of the score.
    """
    path = _midi(given_to_judges(content), cache)
    if not path.exists():
        _convert([given_to_judges(content)], cache)
    midi = path.read_bytes()
    if not midi:
        raise JudgeError("MuseScore writes no file")
    return [note for track in midi_notes(midi, early_ticks=EARLY_TICKS) for note in track]


def _midi(given: bytes, cache: Cache) -> Path:
    return cache.path(PROGRAM, given, ".mid")


def _convert(scores: list[bytes], cache: Cache) -> None:
    """One start for all; each alone where that fails, so that one score cannot take others with it."""
    paths = [_midi(score, cache) for score in scores]
    for score, path in zip(scores, paths, strict=True):
        path.with_suffix(".musicxml").write_bytes(score)
    _start(paths)
    for path in paths:
        if not path.exists() and len(paths) > 1:
            _start([path])
        if not path.exists():
            path.write_bytes(b"")


def _start(paths: list[Path]) -> None:
    jobs = paths[0].with_suffix(".json")
    jobs.write_text(
        json.dumps([{"in": str(path.with_suffix(".musicxml")), "out": str(path)} for path in paths])
    )
    try:
        subprocess.run(
            [PROGRAM, "-j", str(jobs)],
            capture_output=True,
            timeout=SECONDS_A_SCORE * len(paths),
            check=False,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )
    except subprocess.TimeoutExpired:
        say(f"MuseScore: no answer within {SECONDS_A_SCORE * len(paths)} s")
    jobs.unlink(missing_ok=True)
