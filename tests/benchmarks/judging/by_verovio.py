"""verovio as a judge of MusicXML (6.4, the version of the project's lock file).

It writes MIDI of 120 ticks a quarter, each note one tick short, with repeats unfolded unless
``expandNever`` is set. It is given the score without ornaments (:mod:`xml_text`).
"""

from __future__ import annotations

import base64
from fractions import Fraction
from functools import cache
from typing import Any

from tests.benchmarks.judging.notes import Note
from tests.benchmarks.judging.outcome import Cache, JudgeError, Mode
from tests.benchmarks.judging.smf import midi_notes
from tests.benchmarks.judging.xml_text import performed_plainly

TOLERANCE = Fraction(1, 48)  # 2.5 of its ticks
EARLY_TICKS = 1


def play(content: bytes, mode: Mode, outputs: Cache) -> list[Note]:
    """The notes of a score.

    Raises:
        JudgeError: verovio cannot load it.
    """
    given = performed_plainly(content)
    path = outputs.path(f"verovio-{mode}", given, ".mid")
    if not path.exists():
        path.write_bytes(_midi(given, mode))
    midi = path.read_bytes()
    if not midi:
        raise JudgeError("verovio cannot load the score")
    return [note for track in midi_notes(midi, early_ticks=EARLY_TICKS) for note in track]


def _midi(given: bytes, mode: Mode) -> bytes:
    toolkit = _toolkit()
    toolkit.resetOptions()
    toolkit.setOptions({"expandNever": mode == "written"})
    toolkit.setInputFrom("xml")
    if not toolkit.loadData(given.decode()):
        return b""
    return base64.b64decode(toolkit.renderToMIDI())


@cache
def _toolkit() -> Any:
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    return verovio.toolkit()
