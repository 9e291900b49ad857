"""Three folk tunes to harmonize, the same for all data sets; none of them is a chorale melody.

Notes are written as sounding, `g4` a quarter, `g4/2` a half note; `,` ends a phrase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import TIED

VOICES = 4
BEATS = 4  # of the bars of all tunes, quarters
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


@dataclass(frozen=True)
class FolkTune:
    """A tune in 4/4 without an upbeat.

    Attributes:
        name: part of its piece_id.
        title: as it is known, with its origin.
        key_fifths: sharps (+) or flats (-) of its major key.
        transposition: semitones to C major.
        notes: as written above; `bb4` is B flat.
    """

    name: str
    title: str
    key_fifths: int
    transposition: int
    notes: str


FOLK_TUNES = (
    FolkTune(
        "alle-meine-entchen",
        "Alle meine Entchen (German, 19th century)",
        1,
        5,
        "g4 a4 b4 c5 d5/2 d5/2 , e5 e5 e5 e5 d5/4 , e5 e5 e5 e5 d5/4 , "
        "c5 c5 c5 c5 b4/2 b4/2 , a4 a4 a4 a4 g4/4 ,",
    ),
    FolkTune(
        "ah-vous-dirai-je",
        "Ah ! vous dirai-je, maman (French, 18th century)",
        -1,
        -5,
        "f4 f4 c5 c5 d5 d5 c5/2 , bb4 bb4 a4 a4 g4 g4 f4/2 , c5 c5 bb4 bb4 a4 a4 g4/2 , "
        "c5 c5 bb4 bb4 a4 a4 g4/2 , f4 f4 c5 c5 d5 d5 c5/2 , bb4 bb4 a4 a4 g4 g4 f4/2 ,",
    ),
    FolkTune(
        "haenschen-klein",
        "Hänschen klein (German, 19th century)",
        -2,
        2,
        "f5 d5 d5/2 eb5 c5 c5/2 , bb4 c5 d5 eb5 f5 f5 f5/2 , f5 d5 d5/2 eb5 c5 c5/2 , bb4 d5 f5 f5 bb4/4 , "
        "c5 c5 c5 c5 c5 d5 eb5/2 , d5 d5 d5 d5 d5 eb5 f5/2 , f5 d5 d5/2 eb5 c5 c5/2 , bb4 d5 f5 f5 bb4/4 ,",
    ),
)


def folk_row(tune: FolkTune, steps_per_quarter: int) -> dict[str, Any]:
    """The tune as a row of a token shard: the melody on top of VOICES - 1 silent voices."""
    melody, ends = _cells(tune, steps_per_quarter)
    silent = np.where(np.arange(len(melody)) == 0, 0, TIED)[:, None].repeat(VOICES - 1, axis=1)
    cells = np.concatenate([melody[:, None], silent], axis=1)
    bar = BEATS * steps_per_quarter
    tonic = -tune.transposition % 12
    return {
        "piece_id": f"folk/{tune.name}",
        "corpus": "folk",
        "title": tune.title,
        "relative_of": None,
        "relation": None,
        "likeness": None,
        "tokens": cells.ravel().tolist(),
        "n_steps": len(cells),
        "voices": VOICES,
        "steps_per_quarter": steps_per_quarter,
        "meter": f"{BEATS}/4",
        "steps_per_bar": bar,
        "step_in_bar": (np.arange(len(cells)) % bar).tolist(),
        "phrase_end": ends.tolist(),
        "key_fifths": tune.key_fifths,
        "key_mode": "major",
        "tonic_pc": tonic,
        "mode_used": "major",
        "transposition": tune.transposition,
    }


def _cells(tune: FolkTune, steps_per_quarter: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Tokens of the melody in C major, and where phrases end."""
    tokens: list[int] = []
    ends: list[int] = []
    for word in tune.notes.split():
        if word == ",":
            ends.append(len(tokens) - 1)
            continue
        name, _, quarters = word.partition("/")
        pitch = 12 * (int(name[-1]) + 1) + _STEPS[name[0]] - ("b" in name[1:-1]) + tune.transposition
        tokens += [pitch] + [pitch + TIED] * (int(quarters or 1) * steps_per_quarter - 1)
    marked = np.zeros(len(tokens), bool)
    marked[ends] = True
    return np.array(tokens, np.int64), marked
