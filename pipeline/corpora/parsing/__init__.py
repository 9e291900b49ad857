"""Read the files of a corpus into its notes table: every piece is a row or a rejection.

Files are split into pieces, which is cheap, in one child process. Pieces that
are not in the cache are read in batches that the engine distributes, each batch
in its own child process. A child may hang or die: a file that cannot be split or
a piece that cannot be read is one rejected row.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.accounting import Rejection
from pipeline.core.tables import NOTES
from pipeline.corpora.parsing.cache import cache_file, keep, key_of, look_up
from pipeline.corpora.parsing.identifiers import distinct, file_names
from pipeline.corpora.parsing.isolation import ChildFailure, ChildLimits, run_isolated
from pipeline.corpora.parsing.published import published_split
from pipeline.corpora.parsing.records import (
    LONGEST_DETAIL,
    ReadRejection,
    beats_fault,
    left_out,
    pack,
    refusal,
    unpack,
    warm_up,
)
from pipeline.corpora.sources.manifest import read_manifest
from pipeline.corpora.sources.walk import readable_text
from pipeline.errors import PipelineError
from pipeline.formats import readers
from pipeline.formats.readers import ReadError, ReadLimits, ReadSettings, Source
from pipeline.formats.readers.base.limits import FILE_LIMITS, MIB, read_bytes
from pipeline.workflow.code import digest
from pipeline.workflow.engine import EngineSettings, map_batches
from pipeline.workflow.progress import track

PIECES_A_BATCH = 50
PIECES_A_SAVING = 1000  # pieces that a killed run can lose
TABLES_AT_ONCE = 1000  # tables joined to one, because each table has its own buffers for every column
IMPORTS = (
    "pipeline.corpora.parsing",
    "pandas",
)  # imported by each child; Arrow imports pandas on first use


class VersionError(PipelineError):
    """A worker runs other code than the stage that uses it."""


Fault = tuple[str, str]  # rule and detail


@dataclass(frozen=True)
class Unread:
    """One piece before it is read: its identity, its bytes, and why it has no beats if it should have."""

    piece_id: str
    source_path: str
    source_sha256: str
    source: Source
    beats_fault: Fault | None = None


@dataclass(frozen=True)
class ReadBatch:
    """Pieces that one worker reads as a batch, and the digest of the code that must read them."""

    sources: tuple[Source, ...]
    settings: ReadSettings
    limits: ReadLimits
    version: str


@dataclass(frozen=True)
class ParsedCorpus:
    """A corpus read.

    Attributes:
        table: rows of ``tables.NOTES``, sorted by piece_id and part.
        incoming: identifiers of all pieces in the corpus.
        rejections: rejections of whole pieces.
        parts_left_out: rejections of single parts of pieces that were kept, and of their beats
            (``no_beats``, ``bad_beats``).
    """

    table: pa.Table
    incoming: tuple[str, ...]
    rejections: tuple[Rejection, ...]
    parts_left_out: tuple[Rejection, ...]


def parse_corpus(
    corpus: str, folder: Path, settings: ReadSettings, limits: ReadLimits, engine: EngineSettings
) -> ParsedCorpus:
    """Read all pieces of a corpus.

    Args:
        corpus: the name of the corpus; the first part of every piece_id.
        folder: the folder that ``sources.fetch`` wrote.
        settings: the settings of the readers.
        limits: the limits for a file and a piece.
        engine: the engine that distributes the work.
    """
    manifest = read_manifest(folder)
    pieces, rejections = find_pieces(corpus, folder, manifest["files"], limits)
    pieces = sorted(pieces, key=lambda piece: piece.piece_id)
    records = _records(corpus, pieces, settings, limits, engine)
    tables: list[pa.Table] = []
    owners: list[Unread] = []  # of each row
    parts: list[Rejection] = []
    for place, piece in enumerate(pieces):
        outcome = unpack(records[place])
        records[place] = b""  # small pieces need more memory as records and tables than as rows
        if isinstance(outcome, ReadRejection):
            rejections.append(rejected(piece.piece_id, outcome))
        else:
            tables.append(outcome.replace_schema_metadata(None))
            if len(tables) == TABLES_AT_ONCE:
                tables = [pa.concat_tables(tables).combine_chunks()]
            owners += [piece] * outcome.num_rows
            parts += [
                Rejection(piece.piece_id, rule, detail=f"part '{name}'") for name, rule in left_out(outcome)
            ]
            fault = beats_fault(outcome)
            faults = [piece.beats_fault] if piece.beats_fault else [("bad_beats", fault)] if fault else []
            parts += [Rejection(piece.piece_id, rule, detail=detail) for rule, detail in faults]
    incoming = [piece.piece_id for piece in pieces]
    known = set(incoming)
    incoming += [rejection.piece_id for rejection in rejections if rejection.piece_id not in known]
    table = _with_identity(corpus, manifest, owners, tables)
    return ParsedCorpus(table, tuple(incoming), tuple(rejections), tuple(parts))


def find_pieces(
    corpus: str, folder: Path, files: Sequence[Mapping[str, Any]], limits: ReadLimits
) -> tuple[list[Unread], list[Rejection]]:
    """Split the files of a corpus into pieces with readable identifiers.

    ``corpus/path/of/file`` identifies a file with one piece, ``corpus/file#17`` the
    tune X:17 of a file with several. :mod:`identifiers` makes them distinct.

    Returns:
        The pieces, and a rejection for every file that could not be split.

    Raises:
        OSError: a file cannot be opened.
    """
    names = file_names([file["path"] for file in files])
    pieces: list[Unread] = []
    rejections: list[Rejection] = []
    paths = [file["path"] for file in files]
    taken_apart = run_isolated(partial(_split, folder, limits), paths, _of_a_child(limits), IMPORTS)
    for file, found in zip(files, taken_apart, strict=True):
        path = file["path"]
        file_id = readable_text(f"{corpus}/{names[path]}")
        if isinstance(found, ReadRejection | ChildFailure):
            rejections.append(rejected(file_id, found))
            continue
        beats, fault = _beats_of(file, folder, len(found), limits)
        for source in found:
            piece_id = f"{file_id}#{source.name}" if source.name else file_id
            own = replace(source, beats=beats)
            pieces.append(Unread(piece_id, readable_text(path), file["sha256"], own, fault))
    taken = {rejection.piece_id for rejection in rejections}
    unique = distinct([piece.piece_id for piece in pieces], taken)
    return [replace(piece, piece_id=own) for piece, own in zip(pieces, unique, strict=True)], rejections


def _beats_of(
    file: Mapping[str, Any], folder: Path, n_pieces: int, limits: ReadLimits
) -> tuple[bytes | None, Fault | None]:
    """The beats of the piece in a file, or why it has none; neither for a corpus without beats.

    Args:
        file: an entry of the manifest; ``beats`` is the path of its file of beats, None if that is missing.
        n_pieces: pieces in the file.
    """
    if "beats" not in file:
        return None, None
    if file["beats"] is None:
        return None, ("no_beats", "the corpus has no file of beats for this score")
    if n_pieces > 1:
        return None, ("bad_beats", f"{n_pieces} pieces in one file; a file of beats belongs to one")
    try:
        return read_bytes(folder / file["beats"], limits), None
    except ReadError as error:
        return None, ("bad_beats", f"{file['beats']}: {error}"[:LONGEST_DETAIL])


def read_batch(batch: ReadBatch) -> list[bytes | ChildFailure]:
    """The records of a batch, in its order; runs in a worker.

    Raises:
        VersionError: this worker runs other code than the sender of the batch.
    """
    if batch.version != code_of(batch.settings):
        raise VersionError(f"a worker on {platform.node()} runs other code; check out the same commit there")
    read = partial(_read, batch.settings, batch.limits)
    return list(run_isolated(read, batch.sources, _of_a_child(batch.limits), IMPORTS, warm_up))


def rejected(identifier: str, outcome: ReadRejection | ChildFailure) -> Rejection:
    """The rejected row of a file or a piece; work that was given up used at least its limit."""
    value = outcome.value if isinstance(outcome, ReadRejection) else outcome.limit
    return Rejection(identifier, outcome.rule, None, value, outcome.limit, outcome.detail)


def _split(folder: Path, limits: ReadLimits, path: str) -> list[Source] | ReadRejection | ChildFailure:
    try:
        return readers.split(path, read_bytes(folder / path, limits), limits)
    except ReadError as error:
        return refusal(error)
    except (MemoryError, OSError):
        raise
    except Exception as error:
        return _at_a_loss(error)


def _read(settings: ReadSettings, limits: ReadLimits, source: Source) -> bytes | ChildFailure:
    try:
        return pack(readers.read(source, settings, limits))
    except ReadError as error:
        return pack(refusal(error))
    except MemoryError:
        raise
    except Exception as error:
        return _at_a_loss(error)


def _at_a_loss(error: Exception) -> ChildFailure:
    """A bug in a reader: recorded in the row of the piece, so that the other pieces are not affected."""
    return ChildFailure(
        "reader_failed", f"a bug in this project, please report it: {error!r}"[:LONGEST_DETAIL]
    )


def _of_a_child(limits: ReadLimits) -> ChildLimits:
    return ChildLimits(limits.max_seconds, limits.max_memory_mib * MIB)


def _records(
    corpus: str,
    pieces: Sequence[Unread],
    settings: ReadSettings,
    limits: ReadLimits,
    engine: EngineSettings,
) -> list[bytes]:
    """One record per piece, from the cache or read now."""
    store = cache_file()
    code = code_of(settings)
    keys = [_key(piece.source, code, settings, limits) for piece in pieces]
    records = look_up(store, keys)
    missing = {key: piece.source for key, piece in zip(keys, pieces, strict=True) if key not in records}
    names = list(missing)
    batches = [
        ReadBatch(
            tuple(missing[key] for key in names[first : first + PIECES_A_BATCH]), settings, limits, code
        )
        for first in range(0, len(names), PIECES_A_BATCH)
    ]
    unsaved: dict[str, bytes] = {}
    done = track(map_batches(read_batch, batches, engine), f"reading {corpus}", len(batches), "batches")
    for number, outcomes in enumerate(done):
        for key, outcome in zip(names[number * PIECES_A_BATCH :], outcomes, strict=False):
            if isinstance(outcome, ChildFailure):  # may succeed in another run, so it is not cached
                records[key] = pack(ReadRejection(outcome.rule, outcome.detail, outcome.limit, outcome.limit))
            else:
                records[key] = unsaved[key] = outcome
        if len(unsaved) >= PIECES_A_SAVING or number == len(batches) - 1:
            keep(store, unsaved)
            unsaved = {}
    return [records[key] for key in keys]


def code_of(settings: ReadSettings) -> str:
    """A digest of all code, of this project and of libraries, that determines how a piece is read."""
    libraries = ["numpy", "pyarrow", *(["music21"] if settings.reader == "music21" else [])]
    return " ".join([digest(__name__, readers.__name__), *(f"{name} {version(name)}" for name in libraries)])


def _key(source: Source, code: str, settings: ReadSettings, limits: ReadLimits) -> str:
    reading = settings.model_dump_json() + limits.model_dump_json(exclude=set(FILE_LIMITS))
    beats = () if source.beats is None else (source.beats,)
    return key_of(source.content, source.format.encode(), code.encode(), reading.encode(), *beats)


def _with_identity(
    corpus: str, manifest: Mapping[str, Any], owners: Sequence[Unread], tables: Sequence[pa.Table]
) -> pa.Table:
    """One table of all pieces, with their identity columns."""
    if not tables:
        return NOTES.empty_table()
    body = pa.concat_tables(tables)
    identity = {
        "piece_id": [piece.piece_id for piece in owners],
        "corpus": [corpus] * len(owners),
        "licence": [manifest["licence"]] * len(owners),
        "citation": [manifest["citation"]] * len(owners),
        "source_path": [piece.source_path for piece in owners],
        "source_sha256": [piece.source_sha256 for piece in owners],
        "published_split": [published_split(piece.source_path, piece.source) for piece in owners],
    }
    columns = [identity[name] if name in identity else body[name] for name in NOTES.names]
    return pa.table(dict(zip(NOTES.names, columns, strict=True)), schema=NOTES)
