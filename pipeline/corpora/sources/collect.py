"""Gathering the files of a corpus from each kind of place into one folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from pipeline.corpora.sources.archives import unpack
from pipeline.corpora.sources.downloads import Wanted, download_many
from pipeline.corpora.sources.manifest import by_suffix
from pipeline.corpora.sources.paths import UnsafePathError, inside, inside_as_file
from pipeline.corpora.sources.settings import (
    BundledSource,
    FolderSource,
    ListedFiles,
    RemoteFile,
    UrlSource,
)
from pipeline.errors import PipelineError, nearest
from pipeline.workflow.progress import say

SHELF = Path(".cache/downloads")


class PlaceError(PipelineError):
    """A folder or bundle that is missing, or holds no score."""


def files_below(root: Path) -> list[Path]:
    """All files below a folder, in the order of their paths; hidden ones are no part of it."""
    files = [file for file in root.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(root))]
    return sorted(files, key=lambda file: file.relative_to(root).as_posix())


def copy_bundle(corpus: str, source: BundledSource, target: Path) -> list[str]:
    """Copy a folder of the music21 wheel, found without importing music21."""
    package = find_spec("music21")
    if package is None or package.origin is None:
        raise PlaceError(f"corpus {corpus}: the package music21 is not installed")
    shelf = Path(package.origin).parent / "corpus"
    root = shelf / source.path
    if not root.is_dir():
        known = [folder.name for folder in shelf.iterdir() if folder.is_dir()]
        raise PlaceError(
            f"corpus {corpus}: music21 bundles no '{source.path}'; {nearest(source.path, known)}"
        )
    scores = sorted(file for file in root.glob(source.pattern) if file.is_file())
    if not scores:
        raise PlaceError(f"corpus {corpus}: no file of music21's {source.path} matches {source.pattern}")
    _copy(scores, root, target)
    return []


def copy_folder(corpus: str, source: FolderSource, suffixes: Sequence[str], target: Path) -> list[str]:
    """Copy the scores of a folder; the names of its other files are returned.

    Raises:
        PlaceError: there is no such folder, or it holds no score.
    """
    root = Path(source.path)
    if not root.is_dir():
        raise PlaceError(f"corpus {corpus}: {source.path} is no folder")
    scores, others = _sorted_out(root, suffixes)
    if not scores:
        allowed = ", ".join(suffixes)
        found = by_suffix([file.name for file in others])
        raise PlaceError(f"corpus {corpus}: {source.path} holds no score ({allowed}); {found or 'no file'}")
    unseen = len(scores) - len(_in_git(root) & {file.relative_to(root).as_posix() for file in scores})
    if unseen:
        say(
            f"corpus {corpus}: {unseen} of {len(scores)} scores are not in git: clones lack them, "
            "experiments in a copy (dvc exp run --queue, --temp) see them only by an absolute path"
        )
    _copy(scores, root, target)
    return [file.relative_to(root).as_posix() for file in others]


def _in_git(root: Path) -> set[str]:
    """Files below a folder that git tracks; none where there is no git or no repository."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return set()
    return set(done.stdout.split("\0"))


def download_all(corpus: str, source: UrlSource, suffixes: Sequence[str], target: Path) -> list[str]:
    """Download every file and unpack the archives.

    Members of archives, and files of an index, are left out where their suffix is
    not of a score. A file that ``source`` names by itself is taken as a score.

    Returns:
        The names of the files that are left out.

    Raises:
        PlaceError: a path leaves the folder of the corpus or is listed twice, or there is no score.
        DownloadError: a file that no address gave.
        ArchiveError: an archive that is damaged or refused.
    """
    _check_paths(corpus, source.files)
    chosen, ignored = list(source.files), []
    if isinstance(source, ListedFiles):
        chosen = [file for file in source.files if _is_score(file.path, suffixes)]
        ignored = [file.path for file in source.files if not _is_score(file.path, suffixes)]
    wanted = [Wanted(tuple(file.urls), file.sha256, file.size, file.path) for file in chosen]
    for file, arrived in zip(chosen, download_many(wanted, SHELF, corpus), strict=True):
        ignored += _place(file, arrived, suffixes, target)
    if not files_below(target):
        allowed = ", ".join(suffixes)
        raise PlaceError(f"corpus {corpus}: no score ({allowed}); {by_suffix(ignored) or 'no file'}")
    return ignored


def _check_paths(corpus: str, files: Sequence[RemoteFile]) -> None:
    """Nothing is downloaded before every path is known to be a place of its own."""
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


def _place(file: RemoteFile, arrived: Path, suffixes: Sequence[str], target: Path) -> list[str]:
    """Copy a file from the shelf, or the scores in it; the names of the other members are returned."""
    path = inside(file.path)
    place = target / path
    if not file.unpack:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(arrived, place)
        return []
    with tempfile.TemporaryDirectory(dir=SHELF, suffix=".partial") as unpacked:
        unpack(arrived, Path(unpacked))
        scores, others = _sorted_out(Path(unpacked), suffixes)
        _copy(scores, Path(unpacked), place)
        return [(path / member.relative_to(unpacked)).as_posix() for member in others]


def _sorted_out(root: Path, suffixes: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """The scores below a folder, and its other files."""
    found = files_below(root)
    scores = [file for file in found if _is_score(file.name, suffixes)]
    return scores, [file for file in found if not _is_score(file.name, suffixes)]


def _is_score(name: str, suffixes: Sequence[str]) -> bool:
    return PurePosixPath(name).suffix.lower() in suffixes


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _copy(files: Sequence[Path], root: Path, target: Path) -> None:
    for file in files:
        copy = target / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
