"""Whether written scores hold what their grids and layouts hold, read by our readers and by music21.

Run ``python -m tests.benchmarks.round_trip`` (minutes): every piece of the bundled corpora
is read, quantized, written as MusicXML and MIDI, and read back: the same notes, bar lines
(the upbeat is the first), time signature and key are expected. Melodies are the top parts
of all corpora, choirs the four voices of the chorales. ``--every N`` takes every Nth piece,
``--music21-every N`` gives every Nth score to music21, 0 none. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.core.music import Grid
from pipeline.formats.writers.layout import Layout
from pipeline.workflow.progress import say
from tests.helpers.bundled_rows import scores_of
from tests.helpers.comparison import Unread, bundled
from tests.helpers.round_trip import KINDS, read_by_music21, read_by_us, written

A_PORTION = 200  # pieces in memory


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--every", type=int, default=1)
    arguments.add_argument("--music21-every", type=int, default=20)
    arguments.add_argument("--steps-per-quarter", type=int, default=4)
    options = arguments.parse_args()
    pieces = list(bundled())[:: options.every]
    choirs = [unread for unread in pieces if unread.name.startswith("bach/")]
    result = {
        name: counted(chosen, options.steps_per_quarter, voices, options.music21_every)
        for name, chosen, voices in (("melodies", pieces, 1), ("choirs", choirs, 4))
    }
    print(json.dumps(result))


def counted(pieces: Sequence[Unread], steps: int, voices: int, music21_every: int) -> dict[str, int]:
    """How many scores were read back, and how many of them differ, by format, reader and fact."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, grid, layout) in enumerate(_scores(pieces, steps, voices)):
            for kind in KINDS:
                expected = written(grid, layout, kind)
                found = {"us": read_by_us(grid, layout, kind)}
                if music21_every and number % music21_every == 0:
                    found["music21"] = read_by_music21(grid, layout, kind, Path(folder))
                for reader, facts in found.items():
                    counts[f"{kind} by {reader}"] += 1
                    for fact in expected.differs(facts):
                        counts[f"{kind} by {reader}: other {fact}"] += 1
                        say(f"{name}: {kind} by {reader}: other {fact}")
    return dict(sorted(counts.items()))


def _scores(pieces: Sequence[Unread], steps: int, voices: int) -> Iterator[tuple[str, Grid, Layout]]:
    for begin in range(0, len(pieces), A_PORTION):
        yield from scores_of(pieces[begin : begin + A_PORTION], steps, voices)


if __name__ == "__main__":
    main()
