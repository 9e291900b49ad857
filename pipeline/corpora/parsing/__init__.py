"""Read the files of a corpus into its notes table: every piece is a row or a rejection.

Files are split into pieces, which is cheap, in one child process. Pieces that
are not in the cache are read in batches that the engine distributes, each batch
in a child process. A child may hang or die: a file that cannot be split or
a piece that cannot be read is one rejected row.

Memory holds a few batches: records go to the cache and to a spool on disk as they come, and
the rows are written in portions, sorted, when all files are split.
"""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.accounting import Rejection
from pipeline.corpora.parsing.cache import cache_file, keep, key_of, look_up
from pipeline.corpora.parsing.identifiers import distinct
from pipeline.corpora.parsing.isolation import ChildFailure, run_isolated
from pipeline.corpora.parsing.published import published_split
from pipeline.corpora.parsing.records import ReadRejection, pack, refusal, warm_up
from pipeline.corpora.parsing.rows import FoundPieces, Writer
from pipeline.corpora.parsing.splitting import (
    IMPORTS,
    child_limits,
    in_batches,
    reader_failure,
    split_files,
)
from pipeline.corpora.parsing.spool import Spool, open_spool
from pipeline.corpora.sources.manifest import read_manifest
from pipeline.errors import PipelineError
from pipeline.formats import readers
from pipeline.formats.readers import ReadError, ReadLimits, ReadSettings, Source
from pipeline.formats.readers.base.limits import FILE_LIMITS
from pipeline.workflow.code import digest
from pipeline.workflow.engine import EngineSettings, map_batches
from pipeline.workflow.progress import track

BYTES_A_BATCH = 1 << 18  # a second of ABC, a twentieth of MIDI
MIDI_BYTES_A_BYTE = 4
BYTES_A_LOOK_UP = 1 << 22
PIECES_A_LOOK_UP = 2000
BYTES_A_SAVING = 1 << 24  # records that a killed run can lose
PIECES_A_SAVING = 1000


class VersionError(PipelineError):
    """A worker runs other code than the stage that uses it."""


@dataclass(frozen=True)
class ReadBatch:
    """Pieces that one worker reads as a batch, and the digest of the code that must read them."""

    sources: tuple[Source, ...]
    settings: ReadSettings
    limits: ReadLimits
    version: str


@dataclass(frozen=True)
class ParsedCorpus:
    """A corpus read; its rows are written.

    Attributes:
        incoming: identifiers of all pieces in the corpus.
        kept: identifiers of the pieces with rows, sorted.
        rejections: rejections of whole pieces.
        parts_left_out: rejections of single parts of pieces that were kept, and of their beats
            (``no_beats``, ``bad_beats``).
    """

    incoming: tuple[str, ...]
    kept: tuple[str, ...]
    rejections: tuple[Rejection, ...]
    parts_left_out: tuple[Rejection, ...]


def parse_corpus(
    corpus: str,
    folder: Path,
    settings: ReadSettings,
    limits: ReadLimits,
    engine: EngineSettings,
    write: Callable[[pa.Table], object],
) -> ParsedCorpus:
    """Read all pieces of a corpus.

    Args:
        corpus: the name of the corpus; the first part of every piece_id.
        folder: the folder that ``sources.fetch`` wrote.
        settings: the settings of the readers.
        limits: the limits for a file and a piece.
        engine: the engine that distributes the work.
        write: takes rows of ``schemas.NOTES``, portion by portion, sorted by piece_id and part.
    """
    manifest = read_manifest(folder)
    with open_spool(cache_file().parent) as spool:
        found = FoundPieces()
        _read_all(_Reading(corpus, folder, manifest["files"], settings, limits), engine, found, spool)
        ids = distinct(found.ids, {rejection.piece_id for rejection in found.rejections})
        order = sorted(range(len(ids)), key=ids.__getitem__)
        writer = Writer(corpus, manifest, write)
        for place in order:
            writer.add(
                ids[place],
                manifest["files"][found.files[place]],
                found.splits[place],
                spool.get(found.keys[place]),
                found.faults.get(place),
            )
        writer.flush()
    incoming = [ids[place] for place in order]
    known = set(incoming)
    incoming += [rejection.piece_id for rejection in found.rejections if rejection.piece_id not in known]
    rejections = (*found.rejections, *writer.rejections)
    return ParsedCorpus(tuple(incoming), tuple(writer.kept), rejections, tuple(writer.parts_left_out))


def read_batch(batch: ReadBatch) -> list[bytes | ChildFailure]:
    """The records of a batch, in its order; runs in a worker.

    Raises:
        VersionError: this worker runs other code than the sender of the batch.
    """
    if batch.version != code_of(batch.settings):
        raise VersionError(f"a worker on {platform.node()} runs other code; check out the same commit there")
    return read_sources(batch.sources, batch.settings, batch.limits)


def read_sources(
    sources: Sequence[Source], settings: ReadSettings, limits: ReadLimits
) -> list[bytes | ChildFailure]:
    """The records of pieces, in their order; they are read in a child process."""
    read = partial(_read, settings, limits)
    return list(run_isolated(read, sources, child_limits(limits), IMPORTS, warm_up))


def _read(settings: ReadSettings, limits: ReadLimits, source: Source) -> bytes | ChildFailure:
    try:
        return pack(readers.read(source, settings, limits))
    except ReadError as error:
        return pack(refusal(error))
    except MemoryError:
        raise
    except Exception as error:
        return reader_failure(error)


@dataclass(frozen=True)
class _Reading:
    """What is read, and how."""

    corpus: str
    folder: Path
    files: Sequence[Mapping[str, Any]]
    settings: ReadSettings
    limits: ReadLimits


def _read_all(reading: _Reading, engine: EngineSettings, found: FoundPieces, spool: Spool) -> None:
    """Put one record per piece into the spool, from the cache or read now."""
    store = cache_file()
    sent: deque[list[str]] = deque()  # keys of the batches that are being read
    unsaved: dict[str, bytes] = {}
    for outcomes in map_batches(read_batch, _batches(reading, found, spool, sent), engine):
        for key, outcome in zip(sent.popleft(), outcomes, strict=True):
            if isinstance(outcome, ChildFailure):  # may succeed in another run, so it is not cached
                spool.add(
                    key, pack(ReadRejection(outcome.rule, outcome.detail, outcome.limit, outcome.limit))
                )
            else:
                spool.add(key, outcome)
                unsaved[key] = outcome
        if len(unsaved) >= PIECES_A_SAVING or sum(map(len, unsaved.values())) >= BYTES_A_SAVING:
            keep(store, unsaved)
            unsaved = {}
    if unsaved:
        keep(store, unsaved)


def _batches(
    reading: _Reading, found: FoundPieces, spool: Spool, sent: deque[list[str]]
) -> Iterator[ReadBatch]:
    """Split the files; yield the pieces that are not in the cache, and note the keys of each batch."""
    store, code = cache_file(), code_of(reading.settings)
    sources = _found(reading, found)
    for pieces in in_batches(sources, _size, BYTES_A_LOOK_UP, PIECES_A_LOOK_UP):
        needed: dict[str, Source] = {}
        for source in pieces:
            key = _key(source, code, reading.settings, reading.limits)
            found.keys.append(key)
            if spool.expect(key):
                needed[key] = source
        known = look_up(store, list(needed))
        for key, record in known.items():
            spool.add(key, record)
        missing = [(key, source) for key, source in needed.items() if key not in known]
        for batch in in_batches(missing, lambda piece: batch_size(piece[1]), BYTES_A_BATCH):
            sent.append([key for key, _ in batch])
            yield ReadBatch(tuple(source for _, source in batch), reading.settings, reading.limits, code)


def _found(reading: _Reading, found: FoundPieces) -> Iterator[Source]:
    """Yield all pieces; ``found`` gets their identities."""
    files = split_files(reading.corpus, reading.folder, reading.files, reading.limits)
    for number, pieces in enumerate(track(files, f"reading {reading.corpus}", len(reading.files), "files")):
        if isinstance(pieces, Rejection):
            found.rejections.append(pieces)
            continue
        for piece in pieces:
            found.ids.append(piece.piece_id)
            found.files.append(number)
            found.splits.append(published_split(piece.source_path, piece.source))
            if piece.beats_fault:
                found.faults[len(found.ids) - 1] = piece.beats_fault
            yield piece.source


def _size(source: Source) -> int:
    return len(source.content)


def batch_size(source: Source) -> int:
    """The bytes of a piece as BYTES_A_BATCH counts them: fewer for MIDI, which is read much faster than text.

    In batches of a hundredth of a second, the transfer to another process takes a fifth of the time.
    """
    size = _size(source)
    return max(size // MIDI_BYTES_A_BYTE, 1) if source.format == "midi" else size


def code_of(settings: ReadSettings) -> str:
    """A digest of all code, of this project and of libraries, that determines how a piece is read."""
    return _code(settings.reader == "music21")


@lru_cache
def _code(with_music21: bool) -> str:
    libraries = ["numpy", "pyarrow", *(["music21"] if with_music21 else [])]
    return " ".join([digest(__name__, readers.__name__), *(f"{name} {version(name)}" for name in libraries)])


def _key(source: Source, code: str, settings: ReadSettings, limits: ReadLimits) -> str:
    reading = settings.model_dump_json() + limits.model_dump_json(exclude=set(FILE_LIMITS))
    beats = () if source.beats is None else (source.beats,)
    return key_of(source.content, source.format.encode(), code.encode(), reading.encode(), *beats)
