"""Collect the files of a corpus from each kind of source in one folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import compress
from operator import not_
from pathlib import Path, PurePosixPath

from pipeline.core.text import counted, plural
from pipeline.corpora.sources.archives import unpack
from pipeline.corpora.sources.beats import may_be_beats
from pipeline.corpora.sources.downloads import Wanted, download_many
from pipeline.corpora.sources.manifest import FILE, by_suffix
from pipeline.corpora.sources.paths import UnsafePathError, inside, inside_as_file
from pipeline.corpora.sources.settings import (
    BundledSource,
    FolderSource,
    ListedFiles,
    RemoteFile,
    UrlSource,
)
from pipeline.corpora.sources.walk import OUTSIDE, Skipped, readable, walk
from pipeline.errors import PipelineError, nearest
from pipeline.workflow.progress import say

SHELF = Path(".cache/downloads")
INSTEAD_OF_FILE = "source.score.json"  # for a score with the file name of the description of the corpus
MOST_NAMED = 5


class PlaceError(PipelineError):
    """A folder or bundle is missing or contains no score."""


def files_below(root: Path) -> list[Path]:
    """All files below a folder, sorted by path; hidden files are ignored."""
    return walk(root).files


def copy_bundle(corpus: str, source: BundledSource, target: Path) -> list[str]:
    """Copy a folder of the music21 wheel, found without importing music21.

    Raises:
        PlaceError: there is no such folder, the pattern is invalid or leads out of it, or no file matches.
    """
    package = find_spec("music21")
    if package is None or package.origin is None:
        raise PlaceError(f"corpus {corpus}: the package music21 is not installed")
    shelf = Path(package.origin).parent / "corpus"
    root = shelf / source.path
    if not (root.is_dir() and root.resolve().is_relative_to(shelf.resolve())):
        known = [folder.name for folder in shelf.iterdir() if folder.is_dir() and folder.name[0] != "_"]
        raise PlaceError(
            f"corpus {corpus}: music21 bundles no '{source.path}'; {nearest(source.path, known)}"
        )
    scores = _matching(root, source.pattern)
    if not scores:
        raise PlaceError(
            f"corpus {corpus}: no file of music21's {source.path} matches '{source.pattern}'; "
            "source.pattern is a pattern of file names below that folder, such as *.abc"
        )
    _copy(corpus, scores, root, target)
    return []


def _matching(root: Path, pattern: str) -> list[Path]:
    """The files below a folder that match, sorted; none for a pattern that is invalid or leads out of it."""
    if ".." in PurePosixPath(pattern).parts:
        return []
    try:
        return sorted(file for file in root.glob(pattern) if file.is_file())
    except (ValueError, NotImplementedError):  # empty, or `a**b`; absolute
        return []


def copy_folder(corpus: str, source: FolderSource, suffixes: Sequence[str], target: Path) -> list[str]:
    """Copy the scores of a folder and return the names of its other files.

    Raises:
        PlaceError: there is no such folder, it contains no score, or a link leads out of it.
    """
    root = Path(source.path)
    if not root.is_dir():
        raise PlaceError(f"corpus {corpus}: {source.path} is not a folder")
    found = walk(root, source.follow_links)
    leaving = [entry for entry in found.skipped if entry.reason == OUTSIDE]
    if leaving:
        raise PlaceError(
            f"corpus {corpus}: symbolic links lead out of {source.path}: {_some(leaving)}; remove them, or "
            "set source.follow_links: true to copy what they lead to"
        )
    scores, others = _sorted_out(found.files, suffixes, source.beats)
    if found.skipped:
        n = len(found.skipped)
        say(f"corpus {corpus}: {n} entr{'ies' if n > 1 else 'y'} skipped: {_some(found.skipped)}")
    if not scores:
        allowed = ", ".join(suffixes)
        found_others = by_suffix([file.name for file in others]) or "no file"
        raise PlaceError(f"corpus {corpus}: {source.path} holds no score ({allowed}); {found_others}")
    unseen = len(scores) - len(_in_git(root) & {file.relative_to(root).as_posix() for file in scores})
    if unseen:
        them = plural(unseen, "it", "them")
        say(
            f"corpus {corpus}: {unseen} of {counted(len(scores), 'score')} {plural(unseen, 'is', 'are')} "
            f"not in git: clones lack {them}, experiments in a copy (dvc exp run --queue, --temp) see {them} "
            "only by an absolute path"
        )
    _copy(corpus, scores, root, target)
    return [*(readable(file.relative_to(root)) for file in others), *map(str, found.skipped)]


def _in_git(root: Path) -> set[str]:
    """Files below a folder that git tracks; none if there is no git or no repository."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return set()
    return set(map(os.fsdecode, done.stdout.split(b"\0")))


def download_all(corpus: str, source: UrlSource, suffixes: Sequence[str], target: Path) -> list[str]:
    """Download every file and unpack the archives.

    Members of archives and files of an index are left out if their suffix is not that
    of a score. A file that ``source`` lists individually is treated as a score.

    Returns:
        The names of the files that are left out.

    Raises:
        PlaceError: a path leaves the folder of the corpus or is listed twice, or there is no score.
        DownloadError: a file could not be downloaded from any address.
        ArchiveError: an archive is damaged or refused.
    """
    _check_paths(corpus, source.files)
    chosen, ignored = list(source.files), []
    if isinstance(source, ListedFiles):
        taken = [_is_taken(file.path, suffixes, source.beats) for file in source.files]
        chosen = list(compress(source.files, taken))
        ignored = [file.path for file, is_taken in zip(source.files, taken, strict=True) if not is_taken]
    wanted = [Wanted(tuple(file.urls), file.sha256, file.size, file.path) for file in chosen]
    for file, arrived in zip(chosen, download_many(wanted, SHELF, corpus), strict=True):
        ignored += _place(corpus, file, arrived, suffixes, source.beats, target)
    if not files_below(target):
        allowed = ", ".join(suffixes)
        raise PlaceError(f"corpus {corpus}: no score ({allowed}); {by_suffix(ignored) or 'no file'}")
    return ignored


def _check_paths(corpus: str, files: Sequence[RemoteFile]) -> None:
    """Check that every path is valid and distinct before anything is downloaded."""
    seen: set[PurePosixPath] = set()
    for file in files:
        try:
            path = inside(file.path) if file.unpack else inside_as_file(file.path)
        except UnsafePathError as error:
            raise PlaceError(f"corpus {corpus}: {error}") from None
        if path in seen and not file.unpack:
            raise PlaceError(f"corpus {corpus}: {file.path} is listed twice")
        seen.add(path)
    folders = {parent for path in seen for parent in path.parents}
    for file in files:
        if not file.unpack and inside(file.path) in folders:
            raise PlaceError(f"corpus {corpus}: {file.path} is listed as a file and as a folder")


def _place(
    corpus: str, file: RemoteFile, arrived: Path, suffixes: Sequence[str], beats: str | None, target: Path
) -> list[str]:
    """Copy a file from the shelf, or the scores in it, and return the names of the other members."""
    path = inside(file.path)
    place = target / path
    if not file.unpack:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(arrived, place)
        return []
    with tempfile.TemporaryDirectory(dir=SHELF, suffix=".partial") as unpacked:
        unpack(arrived, Path(unpacked))
        scores, others = _sorted_out(files_below(Path(unpacked)), suffixes, beats)
        _copy(corpus, scores, Path(unpacked), place, target)
        return [readable(path / member.relative_to(unpacked)) for member in others]


def _sorted_out(
    found: Sequence[Path], suffixes: Sequence[str], beats: str | None
) -> tuple[list[Path], list[Path]]:
    """Divide files into scores, with the files that may have their beats, and others."""
    taken = [_is_taken(file.name, suffixes, beats) for file in found]
    return list(compress(found, taken)), list(compress(found, map(not_, taken)))


def _is_taken(name: str, suffixes: Sequence[str], beats: str | None) -> bool:
    return PurePosixPath(name).suffix.lower() in suffixes or may_be_beats(name, beats)


def _some(entries: Sequence[Skipped]) -> str:
    more = f", and {len(entries) - MOST_NAMED} more" if len(entries) > MOST_NAMED else ""
    return ", ".join(map(str, entries[:MOST_NAMED])) + more


def _copy(corpus: str, files: Sequence[Path], root: Path, place: Path, target: Path | None = None) -> None:
    """Copy files to the same paths below a folder.

    Bytes of a name that are not UTF-8 are percent-encoded, and a score called source.json
    is renamed because the description of the corpus has that name; both are reported.

    Args:
        place: a folder below the folder of the corpus, or that folder.
        target: the folder of the corpus; None: ``place``.
    """
    for file in files:
        relative = file.relative_to(root)
        copy = place / readable(relative)
        if copy == (target or place) / FILE:
            copy = copy.with_name(INSTEAD_OF_FILE)
        if copy.name != relative.name:
            say(f"corpus {corpus}: {readable(relative)} is kept as {copy.name}")
        if copy.exists():
            raise PlaceError(f"corpus {corpus}: two files have the name {copy.relative_to(target or place)}")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
