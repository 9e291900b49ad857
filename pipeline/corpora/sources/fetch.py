"""Fetch a corpus from its source into ``data/raw/CORPUS``, as published.

Files are neither parsed nor changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from pipeline.core.text import counted, plural
from pipeline.corpora.sources import collect
from pipeline.corpora.sources.beats import match_beats, remove
from pipeline.corpora.sources.catalogue import resolve
from pipeline.corpora.sources.index import from_index
from pipeline.corpora.sources.manifest import by_suffix, write_manifest
from pipeline.corpora.sources.settings import (
    BundledSource,
    CatalogueSource,
    FolderSource,
    IndexSource,
    Source,
    UrlSource,
)
from pipeline.workflow.progress import say


def fetch(corpus: str, source: Source, suffixes: Sequence[str], target: Path) -> int:
    """Fetch a corpus to ``target``, completely or not at all.

    Files keep their names and folders. Files that are not scores are left out,
    listed in ``source.json`` and counted in a message.

    Args:
        corpus: the name of the corpus in params.yaml.
        source: its section ``source``.
        suffixes: suffixes of score files, lower case, with the dot.
        target: a folder; its previous content is replaced.

    Returns:
        The number of score files.

    Raises:
        PlaceError: the folder, or the bundle, is missing or contains no score.
        CatalogueError, IndexFileError: the catalogue has no such corpus, or an index is wrong.
        DownloadError, ArchiveError: a download or an archive is faulty.
    """
    named = _resolved(source)
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        ignored = _gather(corpus, named, suffixes, partial)
        files = collect.files_below(partial)
        beats = None
        if not isinstance(named, BundledSource) and named.beats is not None:
            beats, unused = match_beats(files, partial, suffixes, named.beats)
            ignored += remove(unused, partial)
            files = list(beats)
            _report_missing(corpus, beats)
        origin = {"music21": version("music21")} if isinstance(named, BundledSource) else {}
        facts = {
            "corpus": corpus,
            "kind": named.kind,
            **origin,
            "licence": named.licence,
            "citation": named.citation,
        }
        write_manifest(partial, facts, files, ignored, beats)
        shutil.rmtree(target, ignore_errors=True)
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if ignored:
        say(f"corpus {corpus}: {by_suffix(ignored)}")
    return len(files)


def _report_missing(corpus: str, beats: Mapping[Path, Path | None]) -> None:
    """Count the scores without a file of beats.

    Raises:
        PlaceError: there is no score.
    """
    if not beats:
        raise collect.PlaceError(f"corpus {corpus}: no score; all files are beats")
    n_missing = sum(file is None for file in beats.values())
    if n_missing:
        have = plural(n_missing, "has", "have")
        say(f"corpus {corpus}: {n_missing:,} of {counted(len(beats), 'score')} {have} no file of beats")


def _resolved(source: Source) -> BundledSource | FolderSource | UrlSource:
    """Resolve a name of the catalogue, or an index, to a source with a list of files."""
    if isinstance(source, CatalogueSource):
        return resolve(source)
    return from_index(source) if isinstance(source, IndexSource) else source


def _gather(
    corpus: str, source: BundledSource | FolderSource | UrlSource, suffixes: Sequence[str], target: Path
) -> list[str]:
    """Copy the scores to ``target`` and return the names of the files left out."""
    if isinstance(source, BundledSource):
        return collect.copy_bundle(corpus, source, target)
    if isinstance(source, FolderSource):
        return collect.copy_folder(corpus, source, suffixes, target)
    return collect.download_all(corpus, source, suffixes, target)
