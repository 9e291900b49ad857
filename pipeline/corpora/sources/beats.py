"""Find the file of beats that belongs to each score, by the pattern ``source.beats``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

STEM = "{stem}"

Matches = dict[Path, Path | None]


def may_be_beats(name: str, pattern: str | None) -> bool:
    """Whether a file may have the beats of a score, by its name alone.

    >>> may_be_beats("songs/one.beats", "/annotations/{stem}.beats")
    True
    """
    if pattern is None:
        return False
    literal = map(re.escape, PurePosixPath(pattern).name.split(STEM))
    return re.fullmatch(".+".join(literal), PurePosixPath(name).name) is not None


def beats_path(score: str, pattern: str) -> str:
    """The path of the file of beats of a score, both relative to the folder of the corpus.

    >>> beats_path("POP909/001/001.mid", "beat_midi.txt"), beats_path("midi/one.mid", "/beats/{stem}.txt")
    ('POP909/001/beat_midi.txt', 'beats/one.txt')
    """
    path = PurePosixPath(score)
    place = pattern.replace(STEM, path.stem)
    folder = "" if place.startswith("/") else str(path.parent)
    return posixpath.normpath(posixpath.join(folder, place.lstrip("/")))


def match_beats(
    files: Sequence[Path], root: Path, suffixes: Sequence[str], pattern: str
) -> tuple[Matches, list[Path]]:
    """Divide the files of a corpus into scores and beats.

    Args:
        files: all files below ``root``.
        suffixes: suffixes of score files.
        pattern: ``source.beats``.

    Returns:
        The file of beats of each score, None where it is missing, in the order of the files; and
        the files that may be beats, but of no score.
    """
    named = {file.relative_to(root).as_posix(): file for file in files}
    found: Matches = {}
    for name, file in named.items():
        beats = named.get(beats_path(name, pattern))
        found[file] = None if beats == file else beats
    taken = {beats for beats in found.values() if beats is not None}
    unused = [
        file
        for file in files
        if file not in taken and file.suffix.lower() not in suffixes and may_be_beats(file.name, pattern)
    ]
    left = taken.union(unused)
    return {file: beats for file, beats in found.items() if file not in left}, unused


def remove(files: Sequence[Path], root: Path) -> list[str]:
    """Remove files of a corpus, and return their names."""
    for file in files:
        file.unlink()
    return [file.relative_to(root).as_posix() for file in files]
