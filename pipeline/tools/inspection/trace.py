"""The history of a piece, from its source file to its rows in the shards or to its rejection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.schemas import ABOUT, FAMILIES, GRIDS, NOTES, REJECTED, SPLITS
from pipeline.core.settings import PARAMS_FILE, read_section
from pipeline.core.tables import read_table
from pipeline.core.text import counted
from pipeline.core.vocabulary import token_name
from pipeline.datasets.encoding.keys import key_name
from pipeline.datasets.quantize import QuantizeSettings
from pipeline.tools.inspection.pieces import (
    UnknownPieceError,
    datasets,
    find_piece,
    find_tokens,
    notes_file,
    phrase_number,
    row_at,
    rows_of,
)
from pipeline.tools.inspection.provenance import ScorePlaces, score_of, source_file

LISTED = 12  # members of a family, phrases of a piece


@dataclass(frozen=True)
class Chapter:
    """The result of one stage for a piece: the name of the stage, and lines of text."""

    stage: str
    lines: list[str]


def tell(name: str, root: Path = Path()) -> list[Chapter]:
    """The history of a piece in all data sets that use its corpus.

    Args:
        name: a piece_id; that of a phrase gives the history of its piece.

    Raises:
        UnknownPieceError: there is no such piece.
    """
    piece_id = find_piece(name, root)
    corpus = piece_id.partition("/")[0]
    notes = _notes(corpus, piece_id, root)
    story = [_source(piece_id, notes, root), _parse(corpus, piece_id, notes, root)]
    if notes.num_rows:
        story.append(_family(piece_id, root))
        for dataset, entry in datasets(root).items():
            if corpus in entry["corpora"]:
                story += _in_dataset(dataset, piece_id, notes, root)
    return story


def way_back(place: str, step: int | None = None, root: Path = Path()) -> tuple[str, list[str]]:
    """Trace a row of a shard back to the bars of the score.

    Args:
        place: "melodies/train/00000:12".
        step: a step of that row, whose bar is printed; None for the first and the last.

    Returns:
        The row's piece_id, and sentences.

    Raises:
        UnknownPieceError: no such row, or no such step in it.
    """
    dataset, row = row_at(place, root)
    name, n_steps = row["piece_id"], row["n_steps"]
    if step is not None and not 0 <= step < n_steps:
        raise UnknownPieceError(f"{place}: steps are 0 to {n_steps - 1}; found {step}")
    piece_id = find_piece(name, root)
    settings = read_section(QuantizeSettings, "datasets", dataset, "quantize", path=root / PARAMS_FILE)
    grids = rows_of(root / f"data/grids/{dataset}.parquet", GRIDS, piece_id)
    score = score_of(grids, _notes(piece_id.partition("/")[0], piece_id, root), settings)
    begin = dict(zip(grids["piece_id"].to_pylist(), score.begins, strict=True)).get(name)
    lines = [f"{place} is {name}, {row['split']}, transposed by {row['transposition']:+d}"]
    file = source_file(piece_id, root)
    if file:
        lines.append(f"from {file.path.as_posix()}{f', line {file.line}' if file.line else ''}")
    if begin is None:
        return name, [*lines, f"params.yaml no longer gives this grid: `dvc repro encode@{dataset}`"]
    for each in (0, n_steps - 1) if step is None else (step,):
        names = ", ".join(token_name(token) for token in _symbols(row, each))
        chord = (row["chord"] or {each: None})[each]
        names += f"; chord {chord}" if chord else ""
        lines.append(f"step {each} ({names}): {score.bar(begin + each)} of part {score.part}")
    return name, lines


def _symbols(row: Mapping[str, Any], step: int) -> list[int]:
    voices = row["voices"]
    tokens: list[int] = row["tokens"][1 + step * voices : 1 + (step + 1) * voices]
    return tokens


def _notes(corpus: str, piece_id: str, root: Path) -> pa.Table:
    path = notes_file(corpus, root)
    if not path.exists():
        return NOTES.empty_table()
    table = read_table(path, NOTES)
    return table.filter(pc.equal(table["piece_id"], piece_id)).sort_by("part")


def _source(piece_id: str, notes: pa.Table, root: Path) -> Chapter:
    file = source_file(piece_id, root)
    if file is None:
        return Chapter("source", ["no file of data/raw has this name; `dvc repro` downloads the corpus"])
    line = f", line {file.line}" if file.line else ""
    state = "" if file.unchanged else "; the file has changed since: `dvc repro`"
    lines = [f"{file.path.as_posix()}{line}", f"sha256 {file.sha256}{state}"]
    if notes.num_rows:
        first = notes.slice(0, 1).to_pylist()[0]
        if first["source_sha256"] != file.sha256:
            lines.append(f"the notes were read from another version, sha256 {first['source_sha256']}")
        lines += [
            f"{key}: {first[key]}" for key in ("title", *(name for name, _ in ABOUT), "licence") if first[key]
        ]
    return Chapter("source", lines)


def _parse(corpus: str, piece_id: str, notes: pa.Table, root: Path) -> Chapter:
    if not notes.num_rows:
        return Chapter("parse", list(_rejections("parse", corpus, piece_id, root)) or ["not read yet"])
    return Chapter("parse", [_part(row) for row in notes.to_pylist()])


def _part(row: Mapping[str, Any]) -> str:
    meters = ", ".join(f"{meter['numerator']}/{meter['denominator']}" for meter in row["meters"] or [])
    name = f" {' '.join((row['part_name'] or '').split())}".rstrip()
    quarters = Fraction(row["end"], TICKS_PER_QUARTER)
    length = f"{float(quarters):g} {'quarter' if quarters == 1 else 'quarters'}"
    facts = f"{counted(len(row['onset']), 'note')} in {length}"
    key = f"key {key_name(row['key_fifths'], row['key_mode'])}"
    changed = _counts(
        row,
        n_grace_dropped="grace notes left out",
        n_broken_ties="ties broken",
        n_inexact="times rounded to a tick",
        n_key_changes="changes of key",
    )
    return f"part {row['part']}{name}: {facts}, {key}, {meters or 'no metre'}; {changed}"


def _family(piece_id: str, root: Path) -> Chapter:
    path = root / "data/families.parquet"
    if not path.exists():
        return Chapter("families", ["not made yet: `dvc repro families`"])
    table = read_table(path, FAMILIES, ["piece_id", "title", "tune_family"])
    own = table.filter(pc.equal(table["piece_id"], piece_id)).to_pylist()
    if not own:
        return Chapter("families", ["not in data/families.parquet: `dvc repro families`"])
    members = table.filter(pc.equal(table["tune_family"], own[0]["tune_family"])).to_pylist()
    others = [f"{row['piece_id']}  {row['title'] or ''}" for row in members if row["piece_id"] != piece_id]
    size = counted(len(members), "piece") if others else "no relatives"
    return Chapter("families", [f"tune family {own[0]['tune_family']}, {size}", *_some(others)])


def _in_dataset(dataset: str, piece_id: str, notes: pa.Table, root: Path) -> Iterator[Chapter]:
    grids = _rows(f"grids/{dataset}", GRIDS, piece_id, root)
    if grids is None or not grids.num_rows:
        yield Chapter(f"quantize@{dataset}", _gone("quantize", dataset, piece_id, grids, root))
        return
    settings = read_section(QuantizeSettings, "datasets", dataset, "quantize", path=root / PARAMS_FILE)
    score = score_of(grids, notes, settings)
    costs = [
        f"{_phrase(row, piece_id)}{_cost(row, score, begin)}"
        for row, begin in zip(grids.to_pylist(), score.begins, strict=True)
    ]
    yield Chapter(f"quantize@{dataset}", _some(costs))
    kept = _rows(f"filtered/{dataset}", GRIDS, piece_id, root)
    broken = list(_rejections("filter", dataset, piece_id, root))
    passed = [] if kept is None or not kept.num_rows else [f"kept {kept.num_rows} of {grids.num_rows}"]
    yield Chapter(
        f"filter@{dataset}", [*passed, *_some(broken)] or _gone("filter", dataset, piece_id, kept, root)
    )
    if passed:
        yield _split(dataset, piece_id, root)
        yield _encode(dataset, piece_id, root)


def _cost(row: Mapping[str, Any], score: ScorePlaces, begin: int | None) -> str:
    meter = f", {row['meter']}" if row["meter"] else ""
    steps = counted(row["n_steps"], "step")
    facts = f"{counted(row['n_notes'], 'note')} on {steps}, {row['steps_per_quarter']} per quarter{meter}"
    place = ""
    if begin is not None:
        place = f", {score.bar(begin)} to {score.bar(begin + row['n_steps'] - 1)} of part {score.part}"
    changed = _counts(
        row,
        n_moved="moved",
        n_ends_moved="with an end moved",
        n_collapsed="collapsed",
        n_covered="covered",
        n_rests="silences",
    )
    farthest = f" (by {counted(row['max_error_ticks'], 'tick')} at most)" if row["n_moved"] else ""
    return f"{facts}{place}; {changed}{farthest}{_timing(row)}"


def _timing(row: Mapping[str, Any]) -> str:
    """Position of the grid in the source, unless it is the source's own grid."""
    error = f"onsets {row['error_before']:.3f} steps off the source's beats"
    if row["grid_method"] == "shift":
        times = f", changed {counted(row['grid_sections'] - 1, 'time')}" if row["grid_sections"] > 1 else ""
        shift = counted(row["grid_shift"], "tick")
        return f"; grid shifted by {shift}{times}: {error}, {row['error_after']:.3f} off it"
    if row["grid_method"] == "estimate":
        tempo = f"a step every {float(Fraction(row['grid_period'])):.2f} ticks of the source"
        return f"; tempo estimated, {tempo}: {error}, {row['error_after']:.3f} off it"
    return f"; no grid found: {error}" if row["grid_method"] == "unknown" else ""


def _split(dataset: str, piece_id: str, root: Path) -> Chapter:
    rows = _rows(f"splits/{dataset}", SPLITS, piece_id, root)
    if rows is None or not rows.num_rows:
        return Chapter(f"split@{dataset}", _gone("split", dataset, piece_id, rows, root))
    row = rows.to_pylist()[0]
    lines = [row["split"]]
    where = {"embargoed": "held out", "train": None}.get(row["split"], "in train")
    if where and row["relative_of"]:
        alike = f"{row['relation']}, likeness {row['likeness']:.2f}"
        lines.append(f"nearest relative {where}: {row['relative_of']} ({alike})")
    elif where:
        lines.append(f"no relative {where}")
    return Chapter(f"split@{dataset}", lines)


def _encode(dataset: str, piece_id: str, root: Path) -> Chapter:
    lines = [
        f"{_phrase(row, piece_id)}{place}: {counted(len(row['tokens']), 'token')}, "
        f"{row['mode_used'] or 'key unknown'} by {row['key_source'] or 'none'}, "
        f"transposed by {row['transposition']:+d}"
        for place, row in find_tokens(piece_id, dataset, root)
    ]
    lines += _rejections("encode", dataset, piece_id, root)
    return Chapter(f"encode@{dataset}", _some(lines) or [f"not made yet: `dvc repro encode@{dataset}`"])


def _gone(stage: str, key: str, piece_id: str, rows: pa.Table | None, root: Path) -> list[str]:
    """The reason why a piece is not in a stage's table."""
    reasons = list(_rejections(stage, key, piece_id, root))
    if reasons or rows is not None:
        return _some(reasons) or [f"not in its table, nor rejected: `dvc repro {stage}@{key}`"]
    return [f"not made yet: `dvc repro {stage}@{key}`"]


def _rejections(stage: str, key: str, piece_id: str, root: Path) -> Iterator[str]:
    rows = _rows(f"rejected/{stage}/{key}", REJECTED, piece_id, root)
    for row in rows.to_pylist() if rows is not None else []:
        numbers = "" if row["value"] is None else f": found {row['value']:g}, limit {row['limit']:g}"
        detail = f": {row['detail']}" if row["detail"] else ""
        yield f"{_phrase(row, piece_id)}rejected by {row['rule']}{numbers}{detail}"


def _rows(name: str, schema: pa.Schema, piece_id: str, root: Path) -> pa.Table | None:
    """The rows of a piece in a table under data/; None where there is no such table yet."""
    path = root / f"data/{name}.parquet"
    return rows_of(path, schema, piece_id) if path.exists() else None


def _phrase(row: Mapping[str, Any], piece_id: str) -> str:
    number = phrase_number(row["piece_id"], piece_id)
    return f"phrase {number}: " if number else ""


def _counts(row: Mapping[str, Any], **words: str) -> str:
    """The counts that are not zero, "nothing changed" if all are."""
    found = [f"{row[name]} {word}" for name, word in words.items() if row[name]]
    return ", ".join(found) or "nothing changed"


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - LISTED
    return [*lines[:LISTED], f"… and {more} more"] if more > 0 else lines
