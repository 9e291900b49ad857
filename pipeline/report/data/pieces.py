"""Section: a browser of all pieces, their notes compressed inside the page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from markupsafe import Markup
from numpy.typing import NDArray

from pipeline.core.lists import flatten
from pipeline.core.tables import readable
from pipeline.report.columns import column_names, key_name, read_columns
from pipeline.report.html import ReportSection, counted, paragraph
from pipeline.report.inputs import Inputs
from pipeline.report.packed import packed, packed_json

LONGEST = 255  # steps that fit in one byte; a longer note is split into several tied ones
TIED = 128  # added to a pitch that continues the note before
COLUMNS = ("title", "corpus", "meter", "key", "tune type", "split", "reason")
ABOUT = ("piece_id", "corpus", "title", "meter", "key_fifths", "key_mode", "tune_type", "voices", "steps_per_quarter")
LEAD = "Search and sort all pieces. A click on a title shows its piano roll and plays it."


@dataclass
class PieceRow:
    """One row of the browser.

    Attributes:
        about: title, corpus, time signature, key, tune type as texts.
        notes: of each voice (pitches, durations in steps); empty where no grid has the piece.
        rejected: data set or corpus and rule of each rejection.
    """

    piece_id: str
    about: dict[str, str]
    split: str = ""
    steps_per_quarter: int = 1
    notes: list[tuple[bytes, bytes]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


def pieces(inputs: Inputs) -> ReportSection:
    """The browser's controls and its data."""
    rows = list(_pieces(inputs, inputs.tables).values()) if inputs.tables else []
    if not rows:
        return ReportSection("pieces", "Browser of all pieces", LEAD, paragraph("There is no table of pieces."))
    note = Markup('<p id="pieces-status" role="status">{}</p>').format(f"{counted(len(rows), 'piece')}.")
    body = Markup(CONTROLS) + note + Markup(TABLE) + _data(rows)
    return ReportSection("pieces", "Browser of all pieces", LEAD, body)


def _data(rows: Sequence[PieceRow]) -> Markup:
    """Texts as columns of indices into lists of values, and all notes as bytes."""
    columns: dict[str, object] = {"piece_id": [row.piece_id for row in rows]}
    texts = {name: [row.about.get(name, "") for row in rows] for name in COLUMNS[:5]}
    texts |= {"split": [row.split for row in rows], "reason": ["; ".join(row.rejected) for row in rows]}
    for name, column in texts.items():
        known = sorted(set(column))
        place = {value: index for index, value in enumerate(known)}
        columns[name] = {"values": known, "rows": [place[value] for value in column]}
    columns["per_quarter"] = [row.steps_per_quarter for row in rows]
    columns["notes"] = [[len(pitches) for pitches, _ in row.notes] for row in rows]
    pitches = b"".join(pitches for row in rows for pitches, _ in row.notes)
    durations = b"".join(durations for row in rows for _, durations in row.notes)
    return packed_json("pieces-table", columns) + packed("pieces-notes", pitches + durations)


def _pieces(inputs: Inputs, tables: Path) -> dict[str, PieceRow]:
    """Every piece of every data set and corpus by its name, with the grid that has most voices and steps."""
    found: dict[str, PieceRow] = {}
    order = sorted(inputs.cards, key=lambda name: (-inputs.cards[name]["voices"], name != inputs.main_dataset))
    for dataset in order:
        for piece in _of_grids(tables / "grids" / f"{dataset}.parquet", set(found)):
            found[piece.piece_id] = piece
        for row in _split(tables / "splits" / f"{dataset}.parquet"):
            if row["piece_id"] in found:
                found[row["piece_id"]].split = row["split"] or ""
    for step in inputs.steps:
        for row in step.rejected:
            corpus = row["piece_id"].partition("/")[0]
            piece = found.setdefault(row["piece_id"], PieceRow(row["piece_id"], {"corpus": corpus, "title": ""}))
            reason = f"{step.name}: {row['rule'].replace('_', ' ')}"
            if reason not in piece.rejected and not (row["part"] is not None and piece.notes):
                piece.rejected.append(reason)
    return dict(sorted(found.items()))


def _split(path: Path) -> Iterable[Mapping[str, Any]]:
    return read_columns(path, ["split"]) if path.exists() else ()


def _of_grids(path: Path, known: Collection[str]) -> Iterator[PieceRow]:
    rows = read_columns(path, [name for name in ABOUT if name in column_names(path)])
    with readable(path), pq.ParquetFile(path) as file:
        table = file.read(columns=["pitch", "tied"])
    offsets, pitches = flatten(table["pitch"])
    tied = flatten(table["tied"])[1].astype(bool)
    for row, begin, end in zip(rows, offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        if row["piece_id"] not in known:
            n = row["voices"]
            notes = [_notes(pitches[begin + v : end : n], tied[begin + v : end : n]) for v in range(n)]
            yield PieceRow(row["piece_id"], _about(row), "", row["steps_per_quarter"], notes)


def _about(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "title": row["title"] or "",
        "corpus": row["corpus"],
        "meter": row["meter"] or "",
        "key": key_name(row["key_fifths"], row["key_mode"]),
        "tune type": row.get("tune_type") or "",
    }


def _notes(pitches: NDArray[np.uint8], tied: NDArray[np.bool_]) -> tuple[bytes, bytes]:
    """Pitches and durations in steps of one voice; silence is pitch 0."""
    onsets = np.append((~tied).nonzero()[0], len(tied))
    durations = onsets[1:] - onsets[:-1]
    own = pitches[onsets[:-1]]
    if durations.max(initial=0) > LONGEST:
        own, durations = _cut(own, durations)
    return own.astype(np.uint8).tobytes(), durations.astype(np.uint8).tobytes()


def _cut(pitches: NDArray[np.uint8], durations: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Notes longer than LONGEST as several, the later ones marked by TIED."""
    parts = -(-durations // LONGEST)
    later = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    left = np.repeat(durations, parts) - later * LONGEST
    marked = np.repeat(pitches, parts) + (TIED * (later > 0)).astype(np.uint8)
    return marked, np.minimum(left, LONGEST)


CONTROLS = """<div class="filters" role="search" aria-label="Pieces">
<label>Search <input type="search" id="pieces-search" placeholder="title or piece_id" autocomplete="off"></label>
<label>Corpus <select id="pieces-corpus"><option value="">all</option></select></label>
<label>Time signature <select id="pieces-meter"><option value="">all</option></select></label>
<label>Key <select id="pieces-key"><option value="">all</option></select></label>
<label>Tune type <select id="pieces-tune-type"><option value="">all</option></select></label>
<label>Split <select id="pieces-split"><option value="">all</option></select></label>
<label>Rejected by <select id="pieces-reason"><option value="">all</option></select></label>
</div>
<div id="pieces-shown" class="card" hidden></div>
"""
TABLE = (
    '<div class="wide" tabindex="0" role="region" aria-label="Table of pieces"><table id="pieces-rows"><thead><tr>'
    + "".join(
        f'<th scope="col" class="text"><button type="button" class="order" data-column="{name}">'
        f"{'time signature' if name == 'meter' else name}</button></th>"
        for name in COLUMNS
    )
    + '</tr></thead><tbody></tbody></table></div>\n<p><button type="button" id="pieces-more">More rows</button></p>\n'
)
