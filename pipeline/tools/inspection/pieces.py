"""Find a piece and its rows in the outputs of the stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.schemas import GRIDS, NOTES, PLACES, REJECTED, TOKENS
from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup
from pipeline.core.tables import read_table
from pipeline.core.text import counted
from pipeline.errors import PipelineError, nearest

CLOSE_NAMES = 3  # suggestions in an error message


class UnknownPieceError(PipelineError):
    """No corpus, or no table of a data set, contains a piece of that name."""


@dataclass(frozen=True)
class ShardRow:
    """The position of a token row: a shard (relative to the root of the project) and a row number."""

    shard: Path
    row: int

    def __str__(self) -> str:
        return f"{self.shard.as_posix()}:{self.row}"


def datasets(root: Path = Path()) -> Mapping[str, Any]:
    """The entries under ``datasets`` in params.yaml."""
    found: Mapping[str, Any] = lookup(load_yaml(root / PARAMS_FILE), "datasets")
    return found


def notes_file(corpus: str, root: Path = Path()) -> Path:
    """The notes of a corpus."""
    return root / f"data/notes/{corpus}.parquet"


def rows_of(path: Path, schema: pa.Schema, piece_id: str) -> pa.Table:
    """The rows of a piece and of its phrases ("piece:2"), phrases in their order."""
    ids = read_table(path, schema, ["piece_id"])["piece_id"]
    return read_table(path, schema).take(pa.array(_places_of(ids, piece_id), pa.int64()))


def _places_of(ids: pa.ChunkedArray, piece_id: str) -> list[int]:
    """Row numbers of a piece and its phrases in a column, in the order of the phrases."""
    begun = np.flatnonzero(np.asarray(pc.starts_with(ids, piece_id)))
    numbers = {int(place): phrase_number(ids[int(place)].as_py(), piece_id) for place in begun}
    return sorted((place for place, number in numbers.items() if number >= 0), key=lambda p: (numbers[p], p))


def phrase_number(name: str, piece_id: str) -> int:
    """2 for the phrase "piece:2", 0 for the piece itself, -1 for another piece."""
    number = name.removeprefix(piece_id)
    if not number:
        return 0
    return int(number[1:]) if number[0] == ":" and number[1:].isdecimal() else -1


def find_piece(name: str, root: Path = Path()) -> str:
    """The piece that an identifier names; a phrase ("essen/altdeu10#17:2") belongs to its piece.

    Raises:
        UnknownPieceError: the piece was neither read nor rejected; the message suggests
            pieces with a similar name or with that title.
    """
    corpora = lookup(load_yaml(root / PARAMS_FILE), "corpora")
    corpus = name.partition("/")[0]
    searched = [corpus] if corpus in corpora else list(corpora)
    titles: dict[str, str] = {}
    for each in searched:
        titles |= _pieces_of(each, root)
    for candidate in (name, name.rpartition(":")[0]):
        if candidate in titles:
            return candidate
    raise UnknownPieceError(f"there is no piece '{name}'; {_hint(name, titles, corpora)}")


def _pieces_of(corpus: str, root: Path) -> dict[str, str]:
    """piece_id → title of every piece that was read or rejected."""
    titles: dict[str, str] = {}
    refused = root / f"data/rejected/parse/{corpus}.parquet"
    for path, schema, columns in (
        (refused, REJECTED, ["piece_id"]),
        (notes_file(corpus, root), NOTES, ["piece_id", "title"]),
    ):
        if path.exists():
            table = read_table(path, schema, columns)
            column = table["title"].to_pylist() if "title" in columns else [""] * table.num_rows
            titles |= dict(zip(table["piece_id"].to_pylist(), column, strict=True))
    return titles


def _hint(name: str, titles: Mapping[str, str], corpora: Mapping[str, Any]) -> str:
    if not titles:
        return "nothing has been read yet; `dvc repro` reads the corpora of params.yaml"
    titled = [piece for piece, title in titles.items() if (title or "").casefold() == name.casefold()]
    close = titled or [piece for piece in titles if piece.partition("/")[2] == name]
    close = close or get_close_matches(name, titles, n=CLOSE_NAMES, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(piece) for piece in close[:CLOSE_NAMES]) + "?"
    corpus = name.partition("/")[0]
    if corpus in corpora:
        return f"'{corpus}' has {counted(len(titles), 'piece')}, for example '{min(titles)}'"
    form = "pieces are named CORPUS/FILE or CORPUS/FILE#NUMBER"
    return f"{form}; of the corpora, {nearest(corpus, corpora)}"


def find_grids(name: str, dataset: str | None = None, root: Path = Path()) -> tuple[str, pa.Table]:
    """The grids of a piece, or one of its phrases, in a data set.

    Args:
        name: a piece_id, with or without the number of a phrase.
        dataset: None for the first of params.yaml that has a grid of it.

    Returns:
        The data set's name and rows of ``schemas.GRIDS``.

    Raises:
        UnknownPieceError: no such grid.
    """
    entries = datasets(root)
    if dataset is not None:
        lookup({"datasets": entries}, "datasets", dataset)
    piece_id = find_piece(name, root)
    corpus = piece_id.partition("/")[0]
    searched = [dataset] if dataset else [key for key, entry in entries.items() if corpus in entry["corpora"]]
    for key in searched:
        path = root / f"data/grids/{key}.parquet"
        if not path.exists() and dataset is None:
            continue
        found = rows_of(path, GRIDS, name)
        if found.num_rows:
            return key, found
    where = f"data set '{dataset}'" if dataset else "any data set"
    raise UnknownPieceError(
        f"{name}: no grid of it in {where}; `python -m pipeline trace '{piece_id}'` gives the reason"
    )


def find_tokens(name: str, dataset: str, root: Path = Path()) -> Iterator[tuple[ShardRow, dict[str, Any]]]:
    """The token rows of a piece and of its phrases, with their positions; may be empty."""
    for split in PLACES:
        for shard in sorted((root / "data/tokens" / dataset / split).glob("*.parquet")):
            places = _places_of(read_table(shard, TOKENS, ["piece_id"])["piece_id"], name)
            if places:
                rows = read_table(shard, TOKENS).take(pa.array(places)).to_pylist()
                for place, row in zip(places, rows, strict=True):
                    yield ShardRow(shard.relative_to(root), place), row


def row_at(text: str, root: Path = Path()) -> tuple[str, dict[str, Any]]:
    """A token row by its position: "data/tokens/melodies/train/00000.parquet:12", or "melodies/train/0:12".

    Returns:
        The data set's name, and the row.

    Raises:
        UnknownPieceError: no such shard, or no such row in it.
    """
    shard, _, number = text.rpartition(":")
    form = "SHARD:N is expected, for example melodies/train/00000:12; rows count from 0"
    parts = shard.removesuffix(".parquet").split("/")[-3:]
    if len(parts) < 3 or not number.isdigit() or not parts[2].isdigit():
        raise UnknownPieceError(f"'{text}': {form}")
    dataset, split, stem = parts
    lookup({"datasets": datasets(root)}, "datasets", dataset)
    path = root / "data/tokens" / dataset / split / f"{int(stem):05d}.parquet"
    if not path.exists():
        known = sorted(file.relative_to(root / "data/tokens").as_posix() for file in _shards(dataset, root))
        raise UnknownPieceError(f"{path}: no such shard; {nearest(f'{dataset}/{split}/{stem}', known)}")
    rows = read_table(path, TOKENS)
    if not rows.num_rows:
        raise UnknownPieceError(f"{path} has no rows; found {number}")
    if int(number) >= rows.num_rows:
        raise UnknownPieceError(f"{path} has rows 0 to {rows.num_rows - 1}; found {number}")
    row: dict[str, Any] = rows.slice(int(number), 1).to_pylist()[0]
    return dataset, row


def _shards(dataset: str, root: Path) -> Iterator[Path]:
    return (root / "data/tokens" / dataset).glob("*/*.parquet")
