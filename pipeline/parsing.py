"""From the files of a corpus to its notes table: every piece is a row or a rejection.

Files are split into pieces here, where it is cheap; the pieces are read in
batches that the engine spreads. One piece that cannot be read is one rejected
row, whatever else its file holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import readers
from pipeline.books import Rejection
from pipeline.engine import EngineSettings, map_batches
from pipeline.music import Part, Piece
from pipeline.progress import track
from pipeline.readers import ReadError, Source
from pipeline.sources import read_manifest
from pipeline.tables import NOTES

PIECES_A_BATCH = 50


@dataclass(frozen=True)
class Unread:
    """One piece before it is read: its identity, and its bytes."""

    piece_id: str
    source_path: str
    source_sha256: str
    source: Source


@dataclass(frozen=True)
class Batch:
    """Pieces that one worker reads in one go."""

    pieces: tuple[Unread, ...]
    reader: str


@dataclass(frozen=True)
class Parsed:
    """Rows of the notes table without the corpus' own columns, and what was rejected."""

    rows: tuple[dict[str, Any], ...]
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True)
class Notes:
    """A corpus read: the table, the identifiers that came in, and the rejections."""

    table: pa.Table
    incoming: tuple[str, ...]
    rejections: tuple[Rejection, ...]


def parse_corpus(corpus: str, folder: Path, reader: str, engine: EngineSettings) -> Notes:
    """Read all pieces of a corpus.

    Args:
        corpus: its name; the first part of every piece_id.
        folder: what ``sources.fetch`` wrote.
        reader: ``auto``, or the name of a reader that is forced on every file.
        engine: how the reading is spread.
    """
    manifest = read_manifest(folder)
    pieces, rejections = find_pieces(corpus, folder, manifest["files"])
    batches = [
        Batch(tuple(pieces[first : first + PIECES_A_BATCH]), reader)
        for first in range(0, len(pieces), PIECES_A_BATCH)
    ]
    done = track(map_batches(read_batch, batches, engine), f"reading {corpus}", len(batches), "batches")
    rows: list[dict[str, Any]] = []
    unreadable = list(rejections)
    for parsed in done:
        rows.extend(parsed.rows)
        unreadable.extend(parsed.rejections)
    own = {"corpus": corpus, "licence": manifest["licence"], "citation": manifest["citation"]}
    rows = sorted(({**row, **own} for row in rows), key=lambda row: (row["piece_id"], row["part"]))
    incoming = [piece.piece_id for piece in pieces] + [rejection.piece_id for rejection in rejections]
    return Notes(pa.Table.from_pylist(rows, schema=NOTES), tuple(incoming), tuple(unreadable))


def find_pieces(
    corpus: str, folder: Path, files: Sequence[Mapping[str, Any]]
) -> tuple[list[Unread], list[Rejection]]:
    """Split the files of a corpus into pieces with readable identifiers.

    ``corpus/path/of/file`` names a file that is a piece, ``corpus/file#17`` the
    tune X:17 of a file of many. Where two files differ in their suffix alone,
    the identifiers keep it.

    Returns:
        The pieces, and a rejection for every file that could not be split.
    """
    stems = Counter(_stem(file["path"]) for file in files)
    pieces: list[Unread] = []
    rejections: list[Rejection] = []
    for file in files:
        path = file["path"]
        file_id = f"{corpus}/{_stem(path) if stems[_stem(path)] == 1 else path}"
        try:
            sources = readers.split(path, (folder / path).read_bytes())
        except ReadError as error:
            rejections.append(Rejection(file_id, error.rule, detail=str(error)))
            continue
        for source in sources:
            piece_id = f"{file_id}#{source.name}" if source.name else file_id
            pieces.append(Unread(piece_id, path, file["sha256"], source))
    return pieces, rejections


def read_batch(batch: Batch) -> Parsed:
    """Read the pieces of a batch; runs in a worker."""
    rows: list[dict[str, Any]] = []
    rejections: list[Rejection] = []
    for unread in batch.pieces:
        try:
            piece = readers.read(unread.source, batch.reader)
        except ReadError as error:
            rejections.append(Rejection(unread.piece_id, error.rule, detail=str(error)))
        else:
            rows.extend(_rows(unread, piece))
    return Parsed(tuple(rows), tuple(rejections))


def _stem(path: str) -> str:
    return path.rsplit(".", 1)[0]


def _rows(unread: Unread, piece: Piece) -> Iterator[dict[str, Any]]:
    """A row a part, without the columns that are the corpus' own."""
    for number, part in enumerate(piece.parts):
        yield {
            "piece_id": unread.piece_id,
            "part": number,
            "part_name": part.name,
            "title": piece.title,
            "composer": piece.composer,
            "origin": piece.origin,
            "source_path": unread.source_path,
            "source_sha256": unread.source_sha256,
            **_columns(part),
        }


def _columns(part: Part) -> dict[str, Any]:
    return {
        "key_fifths": part.key_fifths,
        "key_mode": part.key_mode,
        "n_key_changes": part.n_key_changes,
        "meters": [vars(meter) for meter in part.meters],
        "bar_onsets": part.bar_onsets,
        "end": part.end,
        "onset": part.onset,
        "duration": part.duration,
        "pitch": part.pitch,
        "phrase_end": part.phrase_end,
        "n_grace_dropped": part.n_grace_dropped,
        "n_broken_ties": part.n_broken_ties,
        "n_inexact": part.n_inexact,
    }
