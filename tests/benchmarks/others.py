"""Compare the readers of MusPy and symusic with ours, file by file in one process.

A file counts as read when the library returns a score with at least one note.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.formats import readers
from pipeline.formats.readers import ReadError, ReadSettings
from pipeline.workflow.progress import say
from tests.helpers.midi_bytes import file, note, track
from tests.helpers.reading import LIMITS

N_MIDI_FILES = 2000
N_MIDI_NOTES = 200
HOW_TO_ADD_MUSPY = "MusPy is not installed, and not compared: `pip install muspy` into a copy of the venv"


def compare(
    corpora: dict[str, Sequence[Path]], settings: dict[str, ReadSettings]
) -> dict[str, dict[str, float]]:
    """Seconds and files read, ours and theirs, over the same files in the same run.

    Args:
        corpora: bundled files; those of ``bach-chorales`` are MusicXML, all others ABC.
        settings: how each corpus is read.
    """
    chorales = {"bach-chorales": corpora["bach-chorales"]}
    tunes = {name: paths for name, paths in corpora.items() if name not in chorales}
    result = {}
    if importlib.util.find_spec("muspy") is None:
        say(HOW_TO_ADD_MUSPY)
    else:
        result["muspy_musicxml"] = _beside(chorales, settings, _muspy())
    result["symusic_abc"] = _tune_by_tune(tunes, settings)
    result["midi_of_200_notes"] = midi_speed(next(iter(settings.values())))
    return result


def midi_speed(settings: ReadSettings) -> dict[str, float]:
    """How many generated MIDI files of exactly 200 notes a core reads in a second."""
    contents = [
        file(track(*(note(0, 120 + seed % 7, 40 + (seed + 5 * place) % 48) for place in range(N_MIDI_NOTES))))
        for seed in range(N_MIDI_FILES)
    ]
    seconds, read = _timed(contents, lambda content: _ours("a.mid", content, settings))
    return {"files_a_second": round(len(contents) / seconds), "files": len(contents), "read": read}


def midi_beside_symusic(folder: Path, settings: ReadSettings, rounds: int) -> dict[str, float]:
    """Processor time per MIDI file: ours from bytes to packed record, symusic's to its score.

    Both read all files in turn, ``rounds`` times, and the least time of each counts: other
    programs on the machine only ever add to it.
    """
    from symusic import Score

    from pipeline.corpora.parsing.records import pack, warm_up

    paths = sorted(folder.rglob("*.mid"))
    warm_up()

    def ours(path: Path) -> None:
        for source in readers.split(path.name, path.read_bytes(), LIMITS):
            pack(readers.read(source, settings, LIMITS))

    seconds: dict[str, list[float]] = {"ours": [], "symusic": []}
    for _ in range(rounds):
        for name, read in (("ours", ours), ("symusic", Score)):
            began = time.process_time()
            for path in paths:
                read(path)
            seconds[name].append(time.process_time() - began)
    our_ms, their_ms = (1000 * min(seconds[name]) / len(paths) for name in ("ours", "symusic"))
    return {
        "times_symusic": round(our_ms / their_ms, 2),
        "files": len(paths),
        "our_ms_per_file": round(our_ms, 3),
        "symusic_ms_per_file": round(their_ms, 3),
    }


def _tune_by_tune(corpora: dict[str, Sequence[Path]], settings: dict[str, ReadSettings]) -> dict[str, float]:
    """symusic reads the first tune of a file alone, so each tune is given to it by itself."""
    from symusic import Score

    with tempfile.TemporaryDirectory() as folder:
        split = {
            corpus: [
                _written(Path(folder) / f"{corpus}-{path.stem}-{number}.abc", source.content)
                for path in paths
                for number, source in enumerate(readers.split(path.name, path.read_bytes(), LIMITS))
            ]
            for corpus, paths in corpora.items()
        }
        return _beside(split, settings, lambda path: _symusic_notes(Score(path)))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _symusic_notes(score: Any) -> int:
    return sum(len(part.notes) for part in score.tracks)


def _muspy() -> Callable[[Path], int]:
    import muspy  # type: ignore[import-not-found]

    return lambda path: sum(len(part.notes) for part in muspy.read_musicxml(path).tracks)


def _beside(
    corpora: dict[str, Sequence[Path]],
    settings: dict[str, ReadSettings],
    theirs: Callable[[Path], int],
) -> dict[str, float]:
    files = [(path, settings[corpus]) for corpus, paths in corpora.items() for path in paths]
    their_seconds, they_read = _timed([path for path, _ in files], theirs)
    our_seconds, we_read = _timed(files, lambda pair: _ours(pair[0].name, pair[0].read_bytes(), pair[1]))
    return {
        "times_as_fast": round(their_seconds / our_seconds, 2),
        "files": len(files),
        "they_read": they_read,
        "we_read": we_read,
        "their_seconds": round(their_seconds, 2),
        "our_seconds": round(our_seconds, 2),
    }


def _ours(name: str, content: bytes, settings: ReadSettings) -> int:
    try:
        pieces = [readers.read(source, settings, LIMITS) for source in readers.split(name, content, LIMITS)]
    except ReadError:
        return 0
    return sum(len(part.onset) for piece in pieces for part in piece.parts)


def _timed(items: Sequence[Any], count_notes: Callable[[Any], int]) -> tuple[float, int]:
    """Seconds over all items, and of how many a note was found; whatever is raised is not read."""
    read = 0
    began = time.perf_counter()
    for item in items:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            with contextlib.suppress(Exception):
                read += count_notes(item) > 0
    return time.perf_counter() - began, read
