"""A score file to token rows by the settings of a data set, outside DVC."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline import readers
from pipeline.books import Rejection
from pipeline.encoding import EncodeSettings, encode_rows
from pipeline.errors import PipelineError, nearest
from pipeline.filters import FilterSettings, apply_filters
from pipeline.parsing import Unread, find_pieces
from pipeline.parsing.records import Refusal, pack, unpack
from pipeline.quantize import QuantizeSettings, quantize
from pipeline.readers import ReadError, ReadSettings
from pipeline.settings import PARAMS_FILE, load_yaml, lookup, parse_section
from pipeline.tables import NOTES, SPLITS


class FileError(PipelineError):
    """A file cannot be opened, or its pieces are of no corpus of the data set."""


@dataclass(frozen=True)
class EncodedFile:
    """What became of a file.

    Attributes:
        corpus: whose settings were used.
        rows: of ``tables.TOKENS``, one a grid; of no split and no tune family.
        rejections: why other pieces have no row.
        filtered: which rows the data set's filters would reject.
    """

    corpus: str
    rows: pa.Table
    rejections: list[Rejection]
    filtered: list[Rejection]


def encode_file(file: Path, dataset: str, corpus: str | None = None, root: Path = Path()) -> EncodedFile:
    """Read, quantize, transpose and encode a file as a data set does; filters only report.

    Args:
        file: a score of any format that is read.
        corpus: which corpus of the data set the file is read like; None for the one
            below whose ``data/raw`` it lies, else the first for which the data set
            makes no exception, else the first.

    Raises:
        FileError: the file or the corpus does not exist.
        SettingsError: no such data set.
    """
    params = load_yaml(root / PARAMS_FILE)
    place = ("datasets", dataset)
    quantizing = parse_section(
        QuantizeSettings, lookup(params, *place, "quantize"), f"datasets.{dataset}.quantize"
    )
    encoding = parse_section(EncodeSettings, lookup(params, *place, "encode"), f"datasets.{dataset}.encode")
    filters = parse_section(FilterSettings, lookup(params, *place, "filter"), f"datasets.{dataset}.filter")
    corpora = lookup(params, *place, "corpora")
    if corpus is None:
        exceptions = {*quantizing.parts, *encoding.key}
        corpus = _corpus_of(file.resolve(), corpora, exceptions, (root / "data/raw").resolve())
    if corpus not in corpora:
        raise FileError(f"data set '{dataset}' has no corpus '{corpus}'; {nearest(corpus, corpora)}")
    reading = parse_section(ReadSettings, lookup(params, "corpora", corpus, "read"), f"corpora.{corpus}.read")
    notes, rejections = read_file(file, corpus, reading)
    made = quantize(notes, quantizing)
    encoded = encode_rows(made.grids, _unsplit(made.grids), encoding)
    rejections = [*rejections, *made.rejections, *encoded.rejections]
    return EncodedFile(corpus, encoded.rows, rejections, apply_filters(encoded.grids, filters).rejections)


def read_file(file: Path, corpus: str, settings: ReadSettings) -> tuple[pa.Table, list[Rejection]]:
    """The pieces of a file as rows of ``tables.NOTES``, and why others cannot be read.

    Raises:
        FileError: the file cannot be opened.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FileError(f"{file}: cannot be opened: {error.strerror}") from None
    sha256 = hashlib.sha256(content).hexdigest()
    pieces, rejections = find_pieces(corpus, file.parent, [{"path": file.name, "sha256": sha256}])
    tables = [NOTES.empty_table()]
    for piece in pieces:
        try:
            record = unpack(pack(readers.read(piece.source, settings)))
        except ReadError as error:
            rejections.append(Rejection(piece.piece_id, error.rule, detail=str(error)))
            continue
        if not isinstance(record, Refusal):
            tables.append(_named(piece, corpus, record))
    return pa.concat_tables(tables), rejections


def _named(piece: Unread, corpus: str, record: pa.Table) -> pa.Table:
    identity = {
        "piece_id": piece.piece_id,
        "corpus": corpus,
        "source_path": piece.source_path,
        "source_sha256": piece.source_sha256,
    }
    rows = [{**dict.fromkeys(NOTES.names), **row, **identity} for row in record.to_pylist()]
    return pa.Table.from_pylist(rows, schema=NOTES)


def _unsplit(grids: pa.Table) -> pa.Table:
    rows = [
        {"piece_id": piece, "corpus": corpus, "tune_family": "", "split": ""}
        for piece, corpus in zip(grids["piece_id"].to_pylist(), grids["corpus"].to_pylist(), strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=SPLITS)


def _corpus_of(file: Path, corpora: Sequence[str], exceptions: set[str], raw: Path) -> str:
    if file.is_relative_to(raw) and file.relative_to(raw).parts[0] in corpora:
        return file.relative_to(raw).parts[0]
    plain = [corpus for corpus in corpora if corpus not in exceptions]
    return (plain or list(corpora))[0]
