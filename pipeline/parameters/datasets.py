"""Checks of names, corpora and data sets; each function yields one line per error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.core.settings import SCRATCH
from pipeline.corpora.sources.settings import FolderSource, IndexSource
from pipeline.datasets.encoding.encode import ELSE
from pipeline.errors import nearest
from pipeline.parameters.sections import Corpus, Dataset, Parameters

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
MAX_NAME_LENGTH = 64  # names are parts of file names
MAX_VOICES = 64
DEFAULT = "default"  # means every corpus that a mapping does not list
RESERVED = (DEFAULT, ELSE)  # in mappings by corpus they have another meaning


def check_names(params: Parameters) -> Iterator[str]:
    """Names must be safe for DVC: a letter first, then letters, digits, - and _."""
    for group in ("corpora", "datasets", "experiments"):
        for name in getattr(params, group):
            if not NAME.fullmatch(name):
                yield f"{group}.{name}: names begin with a letter and contain letters, digits, - and _ only"
            elif len(name) > MAX_NAME_LENGTH:
                yield f"{group}.{name}: {len(name)} letters; a name has at most {MAX_NAME_LENGTH}"
    for name in RESERVED:
        if name in params.corpora:
            yield f"corpora.{name}: this name has a meaning in quantize.parts and encode.key; choose another"
    if SCRATCH in params.experiments:
        yield f"experiments.{SCRATCH}: this name means random weights in init_from; choose another"


def check_corpus(name: str, corpus: Corpus, root: Path) -> Iterator[str]:
    """A dependency that exists and is the source's own folder or index."""
    place = f"corpora.{name}"
    if isinstance(corpus.source, FolderSource) and corpus.watch != corpus.source.path:
        yield f"{place}.watch: a folder corpus watches its folder, {corpus.source.path}; found {corpus.watch}"
    if isinstance(corpus.source, IndexSource) and corpus.watch != corpus.source.index:
        yield f"{place}.watch: found {corpus.watch}; a corpus with an index watches it, {corpus.source.index}"
    if not _exists(root / corpus.watch):
        yield f"{place}.watch: there is no {corpus.watch}"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or contains a null character
        return False


def check_dataset(name: str, dataset: Dataset, params: Parameters) -> Iterator[str]:
    """Corpora that exist, and settings for each of them."""
    place = f"datasets.{name}"
    if not dataset.corpora:
        yield f"{place}.corpora: at least one corpus is needed; {nearest('', params.corpora)}"
    for corpus in dataset.corpora:
        if corpus not in params.corpora:
            yield f"{place}.corpora: there is no corpus '{corpus}'; {nearest(corpus, params.corpora)}"
    if dataset.quantize.voices > MAX_VOICES:
        yield f"{place}.quantize.parts: {dataset.quantize.voices} voices; allowed are {MAX_VOICES}"
    allowed = ["data/notes"]
    if len(dataset.corpora) == 1:
        allowed.insert(0, f"data/notes/{dataset.corpora[0]}.parquet")
    if dataset.notes not in allowed:
        yield f"{place}.notes: found {dataset.notes}, allowed here: {' or '.join(allowed)}"
    for section, mapping in (("quantize.parts", dataset.quantize.parts), ("encode.key", dataset.encode.key)):
        known = [DEFAULT, *dataset.corpora, *([ELSE] if section == "encode.key" else [])]
        for corpus in mapping:
            if corpus not in known:
                yield f"{place}.{section}.{corpus}: no corpus of this data set; {nearest(corpus, known)}"
        if DEFAULT not in mapping and any(corpus not in mapping for corpus in dataset.corpora):
            yield f"{place}.{section}: '{DEFAULT}' is missing, and not every corpus is named"
