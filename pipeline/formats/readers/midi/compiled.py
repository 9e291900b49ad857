"""The same as :mod:`events` and :mod:`notes`, by compiled code, if the package was installed with a compiler.

The code is used only if it was compiled from the present ``_compiled.pyx``, so that no result comes
from another version.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from pipeline.formats.readers.midi.chunks import Chunk
from pipeline.formats.readers.midi.events import NO_SILENCE, Events, Scanned, cut_short
from pipeline.formats.readers.midi.notes import Notes
from pipeline.formats.readers.midi.scan import (
    BAD_STATUS,
    LONG_NUMBER,
    MAX_TIME,
    NO_EVENT,
    NO_STATUS,
    Track,
    refused,
)

SOURCE = Path(__file__).with_name("_compiled.pyx")
CUT = 1  # the faults by their numbers
FAULTS = {2: LONG_NUMBER, 3: NO_EVENT, 4: NO_STATUS, 5: BAD_STATUS}

try:
    import pipeline.formats.readers.midi._compiled as _compiled

    IS_BUILT = _compiled.source_digest() == hashlib.sha256(SOURCE.read_bytes()).hexdigest()
except (ImportError, OSError):
    IS_BUILT = False


def read_tracks(content: bytes, chunks: Sequence[Chunk]) -> Scanned:
    """As :func:`events.read_tracks`."""
    begins, stops = (array("q", [getattr(chunk, name) for chunk in chunks]) for name in ("begin", "stop"))
    fault, place, found, time, key, is_on, silenced = _compiled.scan(content, begins, stops)
    refusal = None
    if fault == CUT:
        refusal = cut_short(chunks[len(found)].stop)
    elif fault:
        refusal = refused(place, FAULTS[fault].format(content[place - 1]))
    return Scanned(
        [Track(metas, min(end, MAX_TIME)) for metas, end, _, _ in found],
        Events(time, key, is_on, np.array(silenced, np.int64).T if silenced else NO_SILENCE),
        sum([has_end for _, _, has_end, _ in found]),
        sum([n_after_end for *_, n_after_end in found]),
        refusal,
    )


def notes_of(events: Events, tracks: Sequence[Track]) -> Notes:
    """As :func:`notes.notes_of`."""
    ends = array("q", [track.end for track in tracks])
    rows, onset, end, pitch = _compiled.pair(
        events.time, events.key, events.is_on.view(np.uint8), events.silences, ends
    )
    tracks_of, channels, n_lasting, last, *counts = ([*column] for column in zip(*rows, strict=True))
    borders = [0, *accumulate(n_lasting)]
    return Notes(tracks_of, channels, borders, onset, end, pitch, last, *counts)
