"""Where scores come from: the music21 wheel, a folder, the network, or the catalogue.

:func:`fetch` puts the files as published into ``data/raw/CORPUS`` and writes
``source.json`` beside them: licence, citation, and each file's sha256. Nothing
is opened as music or changed on the way.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.sources import places
from pipeline.sources.catalogue import resolve
from pipeline.sources.settings import (
    SOURCE,
    BundledSource,
    CatalogueSource,
    FolderSource,
    Source,
    UrlSource,
)
from pipeline.tables import write_json

__all__ = ["MANIFEST", "SOURCE", "Source", "SourceError", "fetch", "read_manifest"]

MANIFEST = "source.json"


class SourceError(PipelineError):
    """What ``data/raw`` holds is not what ``fetch`` wrote."""


def fetch(corpus: str, source: Source, target: Path) -> int:
    """Put a corpus at ``target``, whole or not at all.

    Files keep their names and folders. Files that are no scores are left out
    and named in ``source.json``.

    Args:
        corpus: its name in params.yaml.
        source: its section ``source``.
        target: a folder; what was there is replaced.

    Returns:
        The number of score files.

    Raises:
        PlaceError: the folder, or the bundle, is missing or holds no score.
        DownloadError, ArchiveError: from the network, or from an archive.
    """
    named = resolve(source) if isinstance(source, CatalogueSource) else source
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    ignored = _gather(corpus, named, partial)
    files = [_entry(file, partial) for file in places.files_below(partial)]
    origin = {"music21": version("music21")} if isinstance(named, BundledSource) else {}
    manifest = {
        "corpus": corpus,
        "kind": named.kind,
        **origin,
        "licence": named.licence,
        "citation": named.citation,
        "files": files,
        "ignored": ignored,
    }
    write_json(partial / MANIFEST, manifest)
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)
    return len(files)


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


def _gather(corpus: str, source: BundledSource | FolderSource | UrlSource, target: Path) -> list[str]:
    """Put the scores below ``target``; the names of what was left out."""
    if isinstance(source, BundledSource):
        return places.copy_bundle(corpus, source, target)
    if isinstance(source, FolderSource):
        return places.copy_folder(corpus, source, target)
    return places.download_all(corpus, source, target)


def _entry(file: Path, root: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {
        "path": file.relative_to(root).as_posix(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
