"""Speed of the readers compared with music21, MusPy and symusic, and agreement with music21.

Run ``python -m tests.benchmarks.reading`` (minutes) over all bundled pieces. The
last line is one JSON object, ratios first. ``--processes N`` reads with N
workers, ours and music21; ``--every N`` takes every Nth piece only; ``--show``
lists what is unexplained; ``--only-others`` leaves music21 out.

``--formats FOLDER [--files 30] [--rounds 3] [--before CHECKOUT]`` measures nothing but speed: MIDI,
MusicXML, ABC and kern of published corpora (pop909, lieder, nottingham and bach-370 in FOLDER)
by our readers, by symusic, MusPy, music21 and partitura where they are installed, and by another checkout
of this project.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.core.music import Piece
from pipeline.formats.readers import ReadError
from pipeline.workflow.engine import EngineSettings, map_batches
from pipeline.workflow.progress import say, track
from tests.benchmarks.others import compare_bundled, compare_formats
from tests.helpers.comparison import Unread, alike, bundled, bundled_files, causes, read

A_BATCH = 50
CHORALES = "bach-chorales"  # MusicXML; all other bundled corpora are ABC
Reader = Callable[[Sequence[Unread]], list[Piece | ReadError]]


def read_fast(batch: Sequence[Unread]) -> list[Piece | ReadError]:
    return [read(unread, "auto") for unread in batch]


def read_slow(batch: Sequence[Unread]) -> list[Piece | ReadError]:
    return [read(unread, "music21") for unread in batch]


def explain(batch: Sequence[tuple[Unread, Piece | ReadError]]) -> list[tuple[str, ...]]:
    return [causes(unread, fast) for unread, fast in batch]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--processes", type=int, default=2)
    arguments.add_argument("--every", type=int, default=1)
    arguments.add_argument("--show", action="store_true")
    arguments.add_argument("--only-others", action="store_true", help="leave music21 out")
    arguments.add_argument("--formats", type=Path, help="a folder with pop909, lieder, nottingham, bach-370")
    arguments.add_argument("--files", type=int, default=30, help="files of each format")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--before", type=Path, help="another checkout of this project")
    options = arguments.parse_args()
    if options.formats is not None:
        with tempfile.TemporaryDirectory() as scratch:
            found = compare_formats(
                options.formats, Path(scratch), options.files, options.rounds, options.before
            )
        print(json.dumps(found))
        return
    files = bundled_files()
    paths = {corpus: found[:: options.every] for corpus, (_, found) in files.items()}
    books = [path for corpus, found in paths.items() if corpus != CHORALES for path in found]
    with tempfile.TemporaryDirectory() as scratch:
        others = compare_bundled(paths[CHORALES], books, Path(scratch))
    if options.only_others:
        print(json.dumps(others))
        return
    engine = EngineSettings(kind="processes", workers=options.processes, address=None)

    began = time.perf_counter()
    pieces = list(bundled())[:: options.every]
    split_seconds = time.perf_counter() - began
    batches = [pieces[first : first + A_BATCH] for first in range(0, len(pieces), A_BATCH)]

    def timed(function: Reader, what: str) -> tuple[list[Piece | ReadError], float]:
        began = time.perf_counter()
        found = list(track(map_batches(function, batches, engine), what, len(batches), "batches"))
        return [piece for batch in found for piece in batch], time.perf_counter() - began

    fast, fast_seconds = timed(read_fast, "our readers")
    slow, slow_seconds = timed(read_slow, "music21")
    triples = zip(pieces, fast, slow, strict=True)
    differing = [(unread, ours) for unread, ours, theirs in triples if not alike(ours, theirs)]
    few = [differing[first : first + 10] for first in range(0, len(differing), 10)]
    explained = list(track(map_batches(explain, few, engine), "looking for causes", len(few), "batches"))
    found = [cause for batch in explained for cause in batch]
    for (unread, _), cause in zip(differing, found, strict=True):
        if options.show and cause == ("unexplained",):
            say(f"unexplained: {unread.name}")
    counts = Counter(name for cause in found for name in cause)
    result = {
        "times_as_fast_as_music21": round(slow_seconds / fast_seconds, 1),
        "share_alike": round(1 - len(differing) / len(pieces), 4),
        "pieces": len(pieces),
        "alike": len(pieces) - len(differing),
        "differing": len(differing),
        "unexplained": found.count(("unexplained",)),
        "pieces_by_cause": dict(counts.most_common()),
        "others": others,
        "processes": options.processes,
        "split_seconds": round(split_seconds, 2),
        "fast_seconds": round(fast_seconds, 2),
        "music21_seconds": round(slow_seconds, 2),
    }
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
