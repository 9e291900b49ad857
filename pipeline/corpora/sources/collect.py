"""Gathering the files of a corpus from each kind of place into one folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from pipeline.corpora.sources.archives import unpack
from pipeline.corpora.sources.downloads import Wanted, download
from pipeline.corpora.sources.settings import BundledSource, FolderSource, RemoteFile, UrlSource
from pipeline.errors import PipelineError, nearest
from pipeline.workflow.progress import say, track

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
    """Copy the scores of a folder; the names of its other files are returned."""
    root = Path(source.path)
    if not root.is_dir():
        raise PlaceError(f"corpus {corpus}: {source.path} is no folder")
    scores, others = _sorted_out(root, suffixes)
    if not scores:
        allowed = ", ".join(suffixes)
        raise PlaceError(
            f"corpus {corpus}: {source.path} holds no score ({allowed}); {len(others)} other files"
        )
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
    """Download every file, unpack the archives; the names of members that are no scores are returned."""
    ignored: list[str] = []
    for file in track(source.files, f"downloading {corpus}", len(source.files), "files"):
        wanted = Wanted(tuple(file.urls), file.sha256, file.size)
        say(f"{corpus}: {file.path}, {file.size:,} bytes")
        arrived = download(wanted, SHELF)
        ignored += _place(corpus, file, arrived, suffixes, target)
    if not files_below(target):
        raise PlaceError(f"corpus {corpus}: the downloaded archives hold no score ({', '.join(suffixes)})")
    return ignored


def _place(corpus: str, file: RemoteFile, arrived: Path, suffixes: Sequence[str], target: Path) -> list[str]:
    inside = PurePosixPath(file.path)
    if inside.is_absolute() or ".." in inside.parts:
        raise PlaceError(f"corpus {corpus}: the path {file.path} leaves the folder of the corpus")
    place = target / inside
    if not file.unpack:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(arrived, place)
        return []
    with tempfile.TemporaryDirectory(dir=target.parent, suffix=".partial") as unpacked:
        unpack(arrived, Path(unpacked))
        scores, others = _sorted_out(Path(unpacked), suffixes)
        _copy(scores, Path(unpacked), place)
        return [(inside / member.relative_to(unpacked)).as_posix() for member in others]


def _sorted_out(root: Path, suffixes: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """The scores below a folder, and its other files."""
    found = files_below(root)
    scores = [file for file in found if file.suffix.lower() in suffixes]
    return scores, [file for file in found if file.suffix.lower() not in suffixes]


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _copy(files: Sequence[Path], root: Path, target: Path) -> None:
    for file in files:
        copy = target / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
