"""Processor time per file: our readers, those of other libraries, and those of an older checkout.

All read the same files in turn, round by round, and the least time of each counts: other programs on
the machine only ever add to it. Ours is the time from the bytes of a file to its packed records; our
caches are emptied before each round, so that no round profits from the one before.
A library that is not installed is left out; ``n_read`` is the number of files that each could read.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.formats import readers
from tests.helpers.midi_bytes import file, note, track
from tests.helpers.reading import LIMITS, READ

ROUNDS = 3
N_MIDI_FILES = 2000
N_MIDI_NOTES = 200

Read = Callable[[Path], object]
Library = Callable[[], Read]  # imports it; gives its function

# reads the files that its lines name, and prints the processor time and how many could be read
OURS = """
import functools, gc, sys, time
from pathlib import Path
from pipeline.corpora.parsing.records import pack, warm_up
from pipeline.formats import readers
from tests.helpers.reading import LIMITS, READ
def read(path):
    for source in readers.split(path.name, path.read_bytes(), LIMITS):
        pack(readers.read(source, READ, LIMITS))
paths = [Path(line) for line in sys.argv[1:]]
warm_up()
Cache = type(functools.lru_cache(print))
caches = [each for each in gc.get_objects() if isinstance(each, Cache)]
caches = [cache for cache in caches if (cache.__module__ or "").startswith("pipeline")]
for _ in sys.stdin:
    for cache in caches:
        cache.cache_clear()
    n_read, began = 0, time.process_time()
    for path in paths:
        try:
            read(path)
            n_read += 1
        except readers.ReadError:
            pass
    print(time.process_time() - began, n_read, flush=True)
"""


class Corpus(NamedTuple):
    """Files of a format: where they are below a folder of corpora, and what else reads them."""

    pattern: str
    libraries: dict[str, Library]


class Reader:
    """A reader in this process, or one of ours in a process of its own."""

    def __init__(self, read: Read | None, root: Path, paths: Sequence[Path]) -> None:
        self.seconds: list[float] = []
        self.n_read = 0
        self._read, self._paths = read, paths
        self._child: subprocess.Popen[str] | None = None
        if read is None:
            path = os.pathsep.join((str(root), os.environ.get("PYTHONPATH", "")))
            self._child = subprocess.Popen(
                [sys.executable, "-c", OURS, *(str(path.resolve()) for path in paths)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
                cwd=root,
            )

    def measure(self) -> None:
        """Read all files once."""
        if self._child is not None and self._child.stdin and self._child.stdout:
            print(file=self._child.stdin, flush=True)
            seconds, n_read = self._child.stdout.readline().split()
            self.seconds.append(float(seconds))
            self.n_read = int(n_read)
            return
        self.n_read, began = 0, time.process_time()
        for path in self._paths:
            with contextlib.suppress(Exception):
                if self._read is not None:
                    self._read(path)
                self.n_read += 1
        self.seconds.append(time.process_time() - began)

    def stop(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.communicate()

    @property
    def ms(self) -> float:
        """Milliseconds per file in the quickest round."""
        return 1000 * min(self.seconds) / len(self._paths)


def compare_formats(
    folder: Path, scratch: Path, n_files: int, rounds: int, before: Path | None
) -> dict[str, dict[str, Any]]:
    """Ratios and milliseconds per file for each format.

    Args:
        folder: holds pop909, lieder, nottingham and bach-370; a corpus that is missing is left out.
        scratch: an empty folder; single tunes are written there.
        n_files: files of each corpus, evenly chosen.
        before: another checkout of this project, measured too.
    """
    found = {}
    for name, corpus in CORPORA.items():
        paths = sorted(folder.glob(corpus.pattern))
        paths = _tunes(paths, scratch) if name == "abc" else paths
        paths = paths[:: max(1, len(paths) // n_files)][:n_files]
        if paths:
            found[name] = _compare(paths, corpus.libraries, rounds, before)
            print(name, found[name], flush=True)
    return found


def compare_bundled(chorales: Sequence[Path], books: Sequence[Path], scratch: Path) -> dict[str, Any]:
    """The same for bundled corpora without music21; and how quickly short MIDI files are read.

    Args:
        chorales: files of MusicXML.
        books: files of ABC tunes.
        scratch: an empty folder; single tunes are written there.
    """
    return {
        "musicxml": _compare(chorales, {"muspy": _muspy}, ROUNDS, None),
        "abc": _compare(_tunes(books, scratch), {"symusic": _symusic}, ROUNDS, None),
        "midi_of_200_notes": _midi_speed(),
    }


def _midi_speed() -> dict[str, int]:
    """How many generated MIDI files of exactly 200 notes a core reads in a second."""
    contents = [
        file(track(*(note(0, 120 + seed % 7, 40 + (seed + 5 * place) % 48) for place in range(N_MIDI_NOTES))))
        for seed in range(N_MIDI_FILES)
    ]
    began = time.process_time()
    for content in contents:
        readers.read(readers.split("a.mid", content, LIMITS)[0], READ, LIMITS)
    return {"files_a_second": round(len(contents) / (time.process_time() - began)), "files": len(contents)}


def _compare(
    paths: Sequence[Path], libraries: dict[str, Library], rounds: int, before: Path | None
) -> dict[str, Any]:
    roots = {"ours": Path.cwd(), **({"before": before} if before is not None else {})}
    measured = {name: Reader(None, root, paths) for name, root in roots.items()}
    for name, library in libraries.items():
        if importlib.util.find_spec(name) is not None:
            measured[name] = Reader(library(), Path(), paths)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        for _ in range(rounds):
            for reader in measured.values():
                reader.measure()
    for reader in measured.values():
        reader.stop()
    ours = measured["ours"].ms
    return {
        "times_as_fast_as": {
            name: round(reader.ms / ours, 3) for name, reader in measured.items() if name != "ours"
        },
        "ms_per_file": {name: round(reader.ms, 3) for name, reader in measured.items()},
        "n_read": {name: reader.n_read for name, reader in measured.items()},
        "n_files": len(paths),
    }


def _tunes(paths: Sequence[Path], scratch: Path) -> list[Path]:
    """A file for each tune: the other libraries read the first tune of a file alone."""
    found = []
    for path in paths:
        for number, source in enumerate(readers.split(path.name, path.read_bytes(), LIMITS)):
            tune = scratch / f"{path.stem}-{number}.abc"
            tune.write_bytes(source.content)
            found.append(tune)
    return found


def _symusic() -> Read:
    score: Read = importlib.import_module("symusic").Score
    return score


def _muspy() -> Read:
    read: Read = importlib.import_module("muspy").read
    return read


def _music21() -> Read:
    parse = importlib.import_module("music21.converter").parse
    return lambda path: parse(path, forceSource=True)


def _partitura(function: str) -> Library:
    def library() -> Read:
        read: Read = getattr(importlib.import_module("partitura"), function)
        return read

    return library


CORPORA = {
    "midi": Corpus("pop909/**/*.mid", {"symusic": _symusic, "muspy": _muspy}),
    "musicxml": Corpus(
        "lieder/**/*.mxl", {"muspy": _muspy, "music21": _music21, "partitura": _partitura("load_musicxml")}
    ),
    "abc": Corpus("nottingham/**/*.abc", {"symusic": _symusic, "muspy": _muspy, "music21": _music21}),
    "kern": Corpus("bach-370/**/*.krn", {"music21": _music21, "partitura": _partitura("load_kern")}),
}
