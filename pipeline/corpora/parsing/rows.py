"""From the records of pieces to rows of the notes table, in portions."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipeline.core.accounting import Rejection
from pipeline.core.schemas import NOTES
from pipeline.corpora.parsing.records import Packed, ReadRejection, rows_of, take_apart
from pipeline.corpora.sources.walk import readable_text

PIECES_A_PORTION = 1000
BYTES_A_PORTION = 1 << 24
Fault = tuple[str, str]  # rule and detail


@dataclass
class FoundPieces:
    """The pieces of a corpus in the order of its files, and the files that cannot be split.

    Attributes:
        ids: identifiers, not yet distinct.
        files: number of the file of each piece.
        splits: published split of each piece.
        keys: key of the record of each piece.
        faults: why a piece has no beats if it should have, by the number of the piece.
        rejections: of whole files.
    """

    ids: list[str] = field(default_factory=list)
    files: array[int] = field(default_factory=lambda: array("q"))
    splits: list[str | None] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)


class Writer:
    """Writes the rows of pieces that come in their final order.

    Args:
        corpus: the name of the corpus.
        manifest: its licence and citation.
        write: takes the rows, portion by portion.

    Attributes:
        kept: identifiers of the pieces with rows.
        rejections, parts_left_out: pieces, and parts of kept pieces, without rows.
    """

    def __init__(self, corpus: str, manifest: Mapping[str, Any], write: Callable[[pa.Table], object]) -> None:
        self.kept: list[str] = []
        self.rejections: list[Rejection] = []
        self.parts_left_out: list[Rejection] = []
        self._same = {"corpus": corpus, **{name: manifest[name] for name in ("licence", "citation")}}
        self._write = write
        self._pieces: list[Packed] = []
        self._owners: list[dict[str, str | None]] = []
        self._n_bytes = 0

    def add(
        self,
        piece_id: str,
        file: Mapping[str, Any],
        split: str | None,
        record: bytes,
        fault: Fault | None = None,
    ) -> None:
        """Add the record of a piece.

        Args:
            file: the entry of its file in the manifest.
            split: the published split of the piece.
            fault: why its file of beats cannot be read, if it should have one.
        """
        outcome = take_apart(record)
        if isinstance(outcome, ReadRejection):
            self.rejections.append(
                Rejection(piece_id, outcome.rule, None, outcome.value, outcome.limit, outcome.detail)
            )
            return
        owner = {
            "piece_id": piece_id,
            "source_path": readable_text(file["path"]),
            "source_sha256": file["sha256"],
            "published_split": split,
        }
        self.kept += [piece_id] * bool(outcome.n_parts)
        self.parts_left_out += [
            Rejection(piece_id, rule, detail=f"part '{name}'") for name, rule in outcome.left_out
        ]
        fault = fault or (("bad_beats", outcome.beats_fault) if outcome.beats_fault else None)
        if fault:
            self.parts_left_out.append(Rejection(piece_id, fault[0], detail=fault[1]))
        self._pieces.append(outcome)
        self._owners += [owner] * outcome.n_parts
        self._n_bytes += len(record)
        if len(self._pieces) >= PIECES_A_PORTION or self._n_bytes >= BYTES_A_PORTION:
            self.flush()

    def flush(self) -> None:
        """Write the rows that have been added and not yet written."""
        if not self._pieces:
            return
        body = rows_of(self._pieces)
        columns = {name: pa.repeat(value, body.num_rows) for name, value in self._same.items()}
        for name in ("piece_id", "source_path", "source_sha256", "published_split"):
            columns[name] = pa.array([owner[name] for owner in self._owners], NOTES.field(name).type)
        rows = [columns[name] if name in columns else body[name] for name in NOTES.names]
        self._write(pa.table(dict(zip(NOTES.names, rows, strict=True)), schema=NOTES))
        self._pieces, self._owners, self._n_bytes = [], [], 0
