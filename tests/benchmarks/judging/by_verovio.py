"""verovio as a reference reader of MusicXML (6.4, the version of the project's lock file).

It writes MIDI of 120 ticks a quarter, each note one tick short, with repeats unfolded unless
``expandNever`` is set. It is given the score without ornaments (:mod:`xml_text`), in a process
of its own, which is given so much processor time for each score: on some it does not return.
"""

from __future__ import annotations

import base64
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from pipeline.workflow.progress import say
from tests.benchmarks.judging.notes import Note
from tests.benchmarks.judging.outcome import Cache, JudgeError, Mode
from tests.benchmarks.judging.smf import midi_notes
from tests.benchmarks.judging.xml_text import given_to_judges

TOLERANCE = Fraction(1, 48)  # 2.5 of its ticks
EARLY_TICKS = 1
SCORES_A_START = 20
SECONDS_A_SCORE = 20  # of processor time, so that a busy machine makes no difference
MOST_SECONDS = 1800  # of a start


def prepare(contents: Sequence[bytes], mode: Mode, cache: Cache) -> None:
    """Convert all scores that are not in the cache."""
    paths = [(score, _midi(score, mode, cache)) for score in map(given_to_judges, contents)]
    missing = [(score, path) for score, path in paths if not path.exists()]
    for first in range(0, len(missing), SCORES_A_START):
        say(f"verovio: {first} of {len(missing)} scores")
        _convert(missing[first : first + SCORES_A_START], mode)


def play(content: bytes, mode: Mode, cache: Cache) -> list[Note]:
    """The notes of a score.

    Raises:
        JudgeError: verovio cannot load it, or does not return.
    """
    given = given_to_judges(content)
    path = _midi(given, mode, cache)
    if not path.exists():
        _convert([(given, path)], mode)
    midi = path.read_bytes()
    if not midi:
        raise JudgeError("verovio does not load the score, or does not return")
    return [note for track in midi_notes(midi, early_ticks=EARLY_TICKS) for note in track]


def _midi(given: bytes, mode: Mode, cache: Cache) -> Path:
    return cache.path(f"verovio-{mode}", given, ".mid")


def _convert(scores: Sequence[tuple[bytes, Path]], mode: Mode) -> None:
    """Run in another process; a score on which it hangs is skipped."""
    for score, path in scores:
        path.with_suffix(".musicxml").write_bytes(score)
    waiting = [path for _, path in scores if not path.exists()]
    while waiting:
        jobs = waiting[0].with_suffix(".json")
        jobs.write_text(json.dumps([str(path) for path in waiting]))
        command = [sys.executable, "-m", "tests.benchmarks.judging.by_verovio", str(jobs), mode]
        subprocess.run(command, capture_output=True, timeout=MOST_SECONDS, check=False)
        jobs.unlink(missing_ok=True)
        waiting = [path for path in waiting if not path.exists()]
        if waiting:  # the process ended at the first of them
            waiting.pop(0).write_bytes(b"")


def _main(jobs: Path, mode: str) -> None:
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    for name in json.loads(jobs.read_text()):
        path = Path(name)
        _limit_processor_time(SECONDS_A_SCORE)
        toolkit.resetOptions()
        toolkit.setOptions({"breaks": "none", "expandNever": mode == "written"})
        toolkit.setInputFrom("xml")
        loaded = toolkit.loadData(path.with_suffix(".musicxml").read_text(encoding="utf-8"))
        new = path.with_suffix(".new")
        new.write_bytes(base64.b64decode(toolkit.renderToMIDI()) if loaded else b"")
        new.replace(path)


def _limit_processor_time(seconds: int) -> None:
    """End this process when it has taken so much more processor time."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + seconds, hard))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2])
