"""abc2midi as the reference reader of ABC (Debian package ``abcmidi``; tried with 4.84).

It always unfolds repeats. "As written" it is therefore given the tune with plain bar
lines for its repeat signs; "as played" it is given the signs. Each note-on comes one
tick late (it sets notes apart so); times are rounded to 1/480 quarter.
"""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

from tests.benchmarks.judging.abc_text import performed_plainly, without_repeats
from tests.benchmarks.judging.notes import Note
from tests.benchmarks.judging.outcome import Cache, JudgeError, Mode
from tests.benchmarks.judging.smf import midi_notes

PROGRAM = "abc2midi"
OPTIONS = ("-NGRA", "-NFER", "-NGUI", "-NFNP", "-NCOM", "-silent")
TOLERANCE = Fraction(1, 96)  # 5 of its ticks
LATE_TICKS = 1
SECONDS = 20


def missing() -> str:
    """What to install, where it is not installed."""
    return (
        ""
        if shutil.which(PROGRAM)
        else "abc2midi is not installed, and not compared: `apt-get install abcmidi`"
    )


def given(text: str, mode: Mode) -> bytes:
    """The tune as the reference reader gets it."""
    plain = performed_plainly(text)
    return (without_repeats(plain) if mode == "written" else plain).encode()


def play(text: str, mode: Mode, cache: Cache) -> list[Note]:
    """The notes of a tune.

    Raises:
        JudgeError: it is not installed, or writes no MIDI file of the tune.
    """
    content = given(text, mode)
    path = cache.path(PROGRAM, content, ".mid")
    if not path.exists():
        _run(content, path)
    midi = path.read_bytes()
    if not midi:
        raise JudgeError("abc2midi writes no file")
    return [note for track in midi_notes(midi, LATE_TICKS) for note in track]


def _run(content: bytes, path: Path) -> None:
    tune = path.with_suffix(".abc")
    tune.write_bytes(content)
    made = path.with_suffix(".new")
    try:
        found = subprocess.run(
            [PROGRAM, str(tune), "-o", str(made), *OPTIONS], capture_output=True, timeout=SECONDS, check=False
        )
        path.with_suffix(".log").write_bytes(found.stdout + found.stderr)
    except subprocess.TimeoutExpired:
        made.unlink(missing_ok=True)
    if made.exists():
        made.replace(path)
    else:
        path.write_bytes(b"")
