"""Where scores come from: a corpus inside the music21 wheel, or a folder of one's own.

:func:`fetch` copies the files as published to ``data/raw/CORPUS`` and writes
``source.json`` beside them: where from, licence, citation, and each file's
sha256. Nothing is opened or changed on the way.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from pipeline.errors import PipelineError, nearest
from pipeline.settings import Section
from pipeline.tables import write_json

MANIFEST = "source.json"
SCORE_SUFFIXES = (".abc", ".krn", ".mid", ".midi", ".mxl", ".musicxml", ".xml")


class SourceError(PipelineError):
    """A corpus cannot be fetched."""


class BundledSource(Section):
    """Files inside the music21 wheel; no network is needed.

    Attributes:
        path: folder below music21's ``corpus`` folder.
        pattern: which files of it, for example ``*.abc``.
        licence: an SPDX name or a sentence; travels into every row.
        citation: whom to cite; travels into every row.
    """

    kind: Literal["bundled"]
    path: str
    pattern: str
    licence: str
    citation: str


class FolderSource(Section):
    """A folder of scores of one's own; the path is recorded nowhere else.

    Attributes:
        path: the folder; files in folders below it belong to it.
        licence: an SPDX name or a sentence; travels into every row.
        citation: whom to cite; travels into every row.
    """

    kind: Literal["folder"]
    path: str
    licence: str
    citation: str


Source = Annotated[BundledSource | FolderSource, Field(discriminator="kind")]
SOURCE: TypeAdapter[BundledSource | FolderSource] = TypeAdapter(Source)


def fetch(corpus: str, source: BundledSource | FolderSource, target: Path) -> int:
    """Copy a corpus to ``target``, whole or not at all.

    Files keep their names and folders. Files that are no scores are left out
    and named in ``source.json``.

    Returns:
        The number of score files.

    Raises:
        SourceError: the folder is missing or holds no score.
    """
    root, files, ignored = _find(corpus, source)
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    entries = [_copy(file, root, partial) for file in files]
    origin = {"music21": version("music21")} if source.kind == "bundled" else {}
    manifest = {
        "corpus": corpus,
        "kind": source.kind,
        **origin,
        "licence": source.licence,
        "citation": source.citation,
        "files": entries,
        "ignored": [file.relative_to(root).as_posix() for file in ignored],
    }
    write_json(partial / MANIFEST, manifest)
    partial.replace(target)
    return len(entries)


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """What :func:`fetch` wrote beside the files of a corpus.

    Raises:
        SourceError: the folder holds no readable ``source.json``.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder / MANIFEST}: not readable ({error}); run `dvc repro`") from None
    return manifest


def _find(corpus: str, source: BundledSource | FolderSource) -> tuple[Path, list[Path], list[Path]]:
    """The root, its score files and its other files, each in order of their paths."""
    root = _bundled_root(corpus, source) if isinstance(source, BundledSource) else Path(source.path)
    if not root.is_dir():
        raise SourceError(f"corpus {corpus}: {source.path} is no folder")
    found = sorted(_visible_files(root), key=lambda file: file.relative_to(root).as_posix())
    if isinstance(source, BundledSource):
        scores = sorted(file for file in root.glob(source.pattern) if file.is_file())
        ignored: list[Path] = []
        wanted = source.pattern
    else:
        scores = [file for file in found if file.suffix.lower() in SCORE_SUFFIXES]
        ignored = [file for file in found if file.suffix.lower() not in SCORE_SUFFIXES]
        wanted = ", ".join(SCORE_SUFFIXES)
    if not scores:
        raise SourceError(
            f"corpus {corpus}: {source.path} holds no score ({wanted}); {len(found)} other files"
        )
    return root, scores, ignored


def _visible_files(root: Path) -> list[Path]:
    return [
        file
        for file in root.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(root).parts)
    ]


def _bundled_root(corpus: str, source: BundledSource) -> Path:
    """The folder in the wheel, found without importing music21."""
    package = find_spec("music21")
    if package is None or package.origin is None:
        raise SourceError(f"corpus {corpus}: the package music21 is not installed")
    shelf = Path(package.origin).parent / "corpus"
    if not (shelf / source.path).is_dir():
        known = [folder.name for folder in shelf.iterdir() if folder.is_dir()]
        raise SourceError(
            f"corpus {corpus}: music21 bundles no '{source.path}'; {nearest(source.path, known)}"
        )
    return shelf / source.path


def _copy(file: Path, root: Path, target: Path) -> dict[str, Any]:
    relative = file.relative_to(root)
    content = file.read_bytes()
    copy = target / relative
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    return {
        "path": relative.as_posix(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
