"""Split the files of a corpus into pieces with identifiers; a file that cannot be split is one rejection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pipeline.core.accounting import Rejection
from pipeline.corpora.parsing.identifiers import distinct, file_names
from pipeline.corpora.parsing.isolation import ChildFailure, ChildLimits, run_isolated
from pipeline.corpora.parsing.records import LONGEST_DETAIL, ReadRejection, refusal
from pipeline.corpora.parsing.rows import Fault
from pipeline.corpora.sources.walk import readable_text
from pipeline.formats import readers
from pipeline.formats.readers import ReadError, ReadLimits, Source
from pipeline.formats.readers.base.limits import MIB, read_bytes

Item = TypeVar("Item")
IMPORTS = ("pipeline.corpora.parsing",)  # modules that every child needs


@dataclass(frozen=True)
class Unread:
    """One piece before it is read: its identity, its bytes, and why it has no beats if it should have."""

    piece_id: str
    source_path: str
    source_sha256: str
    source: Source
    beats_fault: Fault | None = None


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
    pieces: list[Unread] = []
    rejections: list[Rejection] = []
    for found in split_files(corpus, folder, files, limits):
        if isinstance(found, Rejection):
            rejections.append(found)
        else:
            pieces += found
    taken = {rejection.piece_id for rejection in rejections}
    unique = distinct([piece.piece_id for piece in pieces], taken)
    return [replace(piece, piece_id=own) for piece, own in zip(pieces, unique, strict=True)], rejections


def split_files(
    corpus: str, folder: Path, files: Sequence[Mapping[str, Any]], limits: ReadLimits
) -> Iterator[list[Unread] | Rejection]:
    """Yield the pieces of each file, or its rejection, in the order of the files.

    The identifiers of pieces are not yet distinct.

    Raises:
        OSError: a file cannot be opened.
    """
    paths = [file["path"] for file in files]
    names = file_names(paths)
    taken_apart = run_isolated(partial(_split, folder, limits), paths, child_limits(limits), IMPORTS)
    for file, found in zip(files, taken_apart, strict=True):
        path = file["path"]
        file_id = readable_text(f"{corpus}/{names[path]}")
        if isinstance(found, ReadRejection | ChildFailure):
            yield rejected(file_id, found)
            continue
        beats, fault = _beats_of(file, folder, len(found), limits)
        owned = [f"{file_id}#{source.name}" if source.name else file_id for source in found]
        yield [
            Unread(piece_id, readable_text(path), file["sha256"], source._replace(beats=beats), fault)
            for piece_id, source in zip(owned, found, strict=True)
        ]


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


def in_batches(
    items: Iterable[Item], size: Callable[[Item], int], most_bytes: int, most_items: int | None = None
) -> Iterator[list[Item]]:
    """Neighbouring items together, in batches of at most so many bytes and items; at least one item each."""
    batch: list[Item] = []
    n_bytes = 0
    for item in items:
        if batch and (n_bytes + size(item) > most_bytes or len(batch) == most_items):
            yield batch
            batch, n_bytes = [], 0
        batch.append(item)
        n_bytes += size(item)
    if batch:
        yield batch


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
        return reader_failure(error)


def reader_failure(error: Exception) -> ChildFailure:
    """A bug in a reader: recorded in the row of the piece, so that the other pieces are not affected."""
    return ChildFailure(
        "reader_failed", f"a bug in this project, please report it: {error!r}"[:LONGEST_DETAIL]
    )


def child_limits(limits: ReadLimits) -> ChildLimits:
    """The limits of the children that split and read."""
    return ChildLimits(limits.max_seconds, limits.max_memory_mib * MIB)
