"""mido as the reference reader of MIDI: its messages, paired here into notes.

mido (1.3) is no dependency of the project: ``pip install mido`` into a copy of the virtual
environment, or anywhere on PYTHONPATH. Conventions: a note-on of velocity 0 is a note-off; a
note-off ends the note of its pitch and channel that has sounded longest; a note without an
end lasts to the end of its track; channel 10 has no pitch; notes of no length are left out.
Times are whole ticks of the file.
"""

from __future__ import annotations

import importlib.util
import io
from collections import defaultdict, deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.benchmarks.judging.notes import Note
from tests.benchmarks.judging.outcome import JudgeError

TOLERANCE = Fraction(1, 20160)  # half a tick of ours
DRUMS = 9
HOW_TO_ADD_MIDO = "mido is not installed, and not compared: `pip install mido` into a copy of the venv"


def missing() -> str:
    """What to install, where it is not installed."""
    return "" if importlib.util.find_spec("mido") else HOW_TO_ADD_MIDO


def play(content: bytes) -> list[Note]:
    """The notes of all tracks.

    Raises:
        JudgeError: mido cannot read the file.
    """
    import mido  # type: ignore[import-not-found]

    try:
        midi = mido.MidiFile(file=io.BytesIO(content))
    except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
        raise JudgeError(f"mido fails: {error}") from None
    return [
        Note(Fraction(onset, midi.ticks_per_beat), Fraction(end, midi.ticks_per_beat), pitch)
        for track in midi.tracks
        for onset, end, pitch in _track(track)
        if end > onset
    ]


def _track(track: Any) -> Iterator[tuple[int, int, int]]:
    time = 0
    sounding: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    for message in track:
        time += message.time
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key = (message.channel, message.note)
        if message.type == "note_on" and message.velocity > 0:
            sounding[key].append(time)
        elif sounding[key]:
            yield sounding[key].popleft(), time, message.note
    for (_, pitch), onsets in sounding.items():
        yield from ((onset, time, pitch) for onset in onsets)
